"""The table of operations: it is complete, and a mistake in an operation's inputs is named."""
import inspect
import types

import foreign
import numpy as np
import pytest

import tinygan as tg
from tinygan import nn, ops
from tinygan.ops import OPS, registry

NOT_OPERATIONS = {"check_gradients", "grad", "no_grad", "plain", "record", "split", "tune", "unwrap",  # of the top
                  "correlate", "correlate_weight", "transpose_correlate", "product", "windows", "overlaps"}  # on arrays


PLUMBING = {"tinygan.ops.registry", "tinygan.ops.inputs", "tinygan.ops.choices"}


def functions_of(module, package="tinygan.ops"):
    return {name: f for name, f in vars(module).items() if inspect.isfunction(f) and not name.startswith("_")
            and f.__module__.startswith(package)}


def test_no_public_operation_is_left_unchecked():
    public = {name: f for name, f in functions_of(tg, "tinygan").items() if name not in NOT_OPERATIONS}
    for module in vars(ops).values():
        if isinstance(module, types.ModuleType) and module.__name__ not in PLUMBING:
            public.update((name, f) for name, f in functions_of(module).items()
                          if f.__module__ == module.__name__ and name not in NOT_OPERATIONS)
    assert len(public) > 30
    assert public == {name: op.function for name, op in OPS.items()}


def test_every_operation_has_a_case():
    for name, op in OPS.items():
        assert op.cases, name
        assert all(case.shapes for case in op.cases), name


def test_an_index_outside_ends_a_loop():
    x = tg.Tensor([1.0, 2.0], requires_grad=True)
    assert [row.item() for row in x] == [1, 2]
    with pytest.raises(IndexError, match=r"^getitem: x \(2,\), index 2: "):
        x[2]


CURE = r"; move a network by \.to\('gpu'\), an array x by tinygan\.backend\.to\(x, 'gpu'\)$"


@pytest.mark.parametrize(("call", "places"), [
    (lambda here, there: there @ here, "b on the CPU and a on the GPU"),
    (lambda here, there: tg.concatenate([here, there]), "tensors on the CPU and tensors on the GPU"),
    (lambda here, there: nn.Dense(2, 3, rng=0).apply(foreign.asarray)(here.data.astype("f")),
     "x on the CPU and w, b on the GPU"),
    (lambda here, there: nn.Dense(2, 3, rng=0)(there.data.astype("f")), "w, b on the CPU and x on the GPU"),
], ids=["matmul", "concatenate", "a network there", "a network here"])
def test_two_devices_are_named(call, places):
    here = np.ones((2, 2))
    with pytest.raises(TypeError, match=f": {places}{CURE}"):
        call(tg.Tensor(here), tg.Tensor(foreign.asarray(here)))


def test_an_operation_of_ones_own(monkeypatch):
    """It is in the table, its options are kept apart from its tensors, and its errors name it and its inputs."""
    monkeypatch.setattr(registry, "OPS", {})

    @registry.op(registry.case((2, 3), (3,), factor=3.0))
    def scaled_sum(a, b, factor=1.0):
        return factor * (a + b)

    entry = registry.OPS["scaled_sum"]
    assert entry.function is scaled_sum
    assert [c.shapes for c in entry.cases] == [((2, 3), (3,))]
    np.testing.assert_array_equal(entry.call([np.ones((2, 3)), np.ones(3)], entry.cases[0].options), 6)
    np.testing.assert_array_equal(scaled_sum(np.ones(2), 1), 2)
    with pytest.raises(ValueError, match=r"^scaled_sum: a \(2,\), b \(3,\), factor 1\.0: operands could not"):
        scaled_sum(np.ones(2), np.ones(3))
    with pytest.raises(TypeError, match=r"^scaled_sum: a \(2,\) float64, b \(2,\) float64, factor 'x': "):
        scaled_sum(np.ones(2), np.ones(2), "x")
