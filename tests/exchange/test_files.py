"""The files of an exchange: a saved player is loaded unchanged; the dtypes that a file may have."""
import json
import os

import numpy as np
import pytest

from tinygan.cli import main
from tinygan.exchange import ExchangeError, files
from tinygan.runs import Run


@pytest.mark.oracle
@pytest.mark.parametrize("run", ["ring", "conditional-ring", "progressive", "style", "digits-remedies"], indirect=True)
def test_what_went_comes_back(run, capsys):
    pytest.importorskip("safetensors")
    file, back = run.folder / "mine.safetensors", run.folder / "back"
    other = run.folder / "other.safetensors"
    for player, path in (("generator", file), ("discriminator", other)):
        assert main(["export", str(run.folder), "--to", "safetensors", "--player", player, "-o", str(path)]) == 0
    assert main(["import", str(file), "--discriminator", str(other), "--out", str(back)]) == 0
    x = [r.samples(4, np.random.default_rng(3)) for r in (run, Run.open(back))]
    np.testing.assert_array_equal(*x)
    np.testing.assert_array_equal(run.game.discriminator.theta, Run.open(back).game.discriminator.theta)
    assert (back / "samples.png").exists()


def safetensors(file, **arrays):
    """Writes a .safetensors file: a header in JSON behind its length, then the bytes; arrays as (dtype, array)."""
    header, content = {}, b""
    for name, (dtype, a) in arrays.items():
        header[name] = {"dtype": dtype, "shape": a.shape, "data_offsets": [len(content), len(content) + a.nbytes]}
        content += a.tobytes()
    text = json.dumps(header).encode()
    file.write_bytes(len(text).to_bytes(8, "little") + text + content)
    return file


def test_every_dtype_of_numbers_is_read(tmp_path):
    pytest.importorskip("safetensors")
    x = np.array([[0.0, -0.0, 1.0], [-2.5, 3e38, 1e-40]], np.float32)
    upper = x.view(np.uint32) >> 16  # bfloat16: 1 bit of sign, 8 of exponent, 7 of the fraction
    file = safetensors(tmp_path / "x.safetensors", b=("BF16", upper.astype("<u2")), f=("F32", x),
                       h=("F16", np.array([1.5, -65504], "<f2")), d=("F64", x.astype("<f8")),
                       n=("I64", np.array(7)), t=("BOOL", np.array([True])))
    state, facts = files.read(file)
    assert facts == {}
    assert {a.dtype for a in state.values()} == {np.dtype(np.float32)}
    np.testing.assert_array_equal(state["b"].view(np.uint32), upper << 16)
    assert state["b"][0].tolist() == [0, 0, 1]
    assert state["b"][1, 0] == -2.5
    for name, want in (("f", x), ("d", x), ("h", [1.5, -65504]), ("n", 7), ("t", [1])):
        np.testing.assert_array_equal(state[name], want)
    file = safetensors(tmp_path / "inf.safetensors", b=("BF16", np.array([0x7f80], "<u2")))
    with pytest.raises(ExchangeError, match="b is not finite"):
        files.read(file)


@pytest.mark.parametrize(("dtype", "bits"), [("F8_E4M3", np.uint8), ("F8_E5M2", np.uint8), ("C64", np.complex64)])
def test_other_dtypes_are_refused_with_the_cure(dtype, bits, tmp_path):
    pytest.importorskip("safetensors")
    file = safetensors(tmp_path / "x.safetensors", a=("F32", np.zeros(2, np.float32)), w=(dtype, np.zeros(3, bits)))
    with pytest.raises(ExchangeError, match=rf"x.safetensors: w has the dtype {dtype}, expected .*a\.float\(\)"):
        files.read(file)


@pytest.mark.parametrize("header", [b"[" * 10**5, b'{"__metadata__": {"tinygan": "[]"}}', b'{"a": 1}', b"[]", b"{}" * 9,
                                    b'{"__metadata__": {"tinygan": "{\\"step\\": 1e999}"}}', b"\xff\xff"])
def test_a_header_of_others_is_read_or_refused_in_one_line(header, tmp_path):
    pytest.importorskip("safetensors")
    (tmp_path / "a.safetensors").write_bytes(len(header).to_bytes(8, "little") + header)
    with pytest.raises(ExchangeError, match=r"^[^\n]*a.safetensors is no readable .safetensors: [^\n]*$"):
        files.read(tmp_path / "a.safetensors")


@pytest.mark.skipif(os.name != "posix", reason="Windows has no pipes in folders")
def test_a_pipe_and_a_header_without_end_are_refused(tmp_path):
    pytest.importorskip("safetensors")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ExchangeError, match=r"pipe is a pipe \(FIFO\), expected a file"):
        files.read(tmp_path / "pipe")
    (tmp_path / "long").write_bytes((2**60).to_bytes(8, "little") + b"{}")
    with pytest.raises(ExchangeError, match=r"its header has 1,152,921,504,606,846,984 bytes, expected at most"):
        files.read(tmp_path / "long")
