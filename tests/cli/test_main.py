"""The command line of a first user: each mistake is one line, and exit status 2."""
import pytest
from helpers import fails


@pytest.mark.parametrize(("arguments", "message"), [
    (["play", "--first", "y"], "invalid choice: 'y'"),
    (["train", "digit"], "no recipe 'digit'; did you mean digits?"),
    (["train", "--steps", "-1"], "'-1' is not a whole number of at least 1"),
    (["train", "--batch", "0"], "'0' is not a whole number of at least 1"),
    (["train", "--seed", "x"], "'x' is not a whole number of at least 0"),
    (["train", "--rate", "nan"], "'nan' is not a positive number"),
    (["train", "ring", "--set", "rat=1"], "ring has no switch 'rat'; did you mean rate?"),
    (["train", "digits", "--set", "r1=x"], "r1 is 'x', expected a number of at least 0"),
    (["train", "ring", "--set", "packing=3"], "packing: a batch of 256 does not hold whole packs of 3"),
    (["train", "wgan", "--set", "simultaneous=true"], "simultaneous: both move once from the same point, but k is 5"),
    (["train", "ring", "--set"], "expected at least one argument"),
    (["train", "wgan-gp", "--data", "digits"], "this recipe is for points"),
    (["train", "--dtype", "int8"], "invalid choice: 'int8'"),
    (["train", "--resume"], "there is no run of 'digits'"),
    (["train", "ring", "--data", "digits"], "this recipe is for points"),
    (["train", "digits", "--data", "ring"], "this recipe is for images"),
    (["train", "progressive", "--data", "digits"], "a side of 8, 16, 32, ...; the data are of shape (n, 28, 28, 1)"),
    (["train", "style", "--data", "ring"], "a side of 8, 16, 32, ...; the data are of shape (n, 2)"),
    (["train", "digits", "--data", "no-such-folder"], "no-such-folder"),
    (["train", "digits", "--data", "sines"], "this recipe is for images"),
    (["train", "ring", "--data", "sines"], "this recipe is for points"),
    (["train", "sequence", "--data", "ring"], "this recipe is for sequences (n, time, features) of two steps or more"),
    (["train", "sequence", "--data", "digits"], "the data are of shape (n, 28, 28, 1)"),
    (["train", "sequence", "--data", "no-such.npy"], "no-such.npy' cannot be read: No such file or directory"),
    (["train", "ring", "--out", "/dev/null/run"], "/dev/null/run"),
    (["train", "--rate", "0,0005"], "'0,0005' is not a positive number; decimals have a point"),
    (["train", "--steps", "1,5"], "'1,5' is not a whole number of at least 1"),
    (["train", "ring", "--steps", "1", "--data", ""], "argument --data: expected a name or a path, found ''"),
    (["train", "ring", "--steps", "1", "--out", ""], "argument --out: expected a name or a path, found ''"),
    (["train", "--set", ""], "'' is no setting, expected NAME=VALUE"),
    (["sweep", "gaussian", "--steps", "1", "--out", " "], "argument --out: expected a name or a path, found ' '"),
    (["import", "x", "--data", ""], "argument --data: expected a name or a path, found ''"),
    (["import", ""], "argument FILE: expected a name or a path, found ''"),
    (["evaluate", ""], "argument RUN: expected a name or a path, found ''"),
    (["doctor", ""], "argument RUN: expected a name or a path, found ''"),
    (["train", "ring", "--steps", "1", "--out", "~no-such-user-here/x"], "argument --out: '~no-such-user-here/x'"),
    (["sample", "nowhere"], "there is no run here"),
    (["evaluate", "nowhere"], "there is no run here"),
    (["nonsense"], "invalid choice: 'nonsense'"),
    ([], "the following arguments are required: COMMAND"),
])
def test_mistakes_are_one_line(arguments, message, capsys):
    assert message in fails(capsys, *arguments)
