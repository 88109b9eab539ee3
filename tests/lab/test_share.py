"""Shared states: what is saved is opened, and what is not a state is refused in one line, at no cost."""
import base64
import json
import tracemalloc

import numpy as np
import pytest

from tinygan.lab.share import OWN, ShareError, load, save, settings_of
from tinygan.lab.state import SETS, Laboratory, drawn


def test_a_state_is_opened_as_it_was_saved():
    lab = Laboratory(SETS["two moons"], "minimax", 1e-3, 2e-3, 2, 0, 32, 16, "SGD", 7, shown=20)
    for _ in range(3):
        lab.step()
    other, points = load(save(lab))
    assert settings_of(other) == settings_of(lab)
    assert other.moves == {"D": 6, "G": 3}
    assert np.array_equal(other.G.theta, lab.G.theta)
    assert np.array_equal(other.D.theta, lab.D.theta)
    assert points == []
    other.step()


def test_drawn_data_are_shared(lab):
    lab.source = drawn([(0.5, -1.0)])
    other, points = load(save(lab, [(0.5, -1.0)]))
    assert points == [(0.5, -1.0)]
    assert settings_of(other)["data"] == OWN
    assert np.abs(other.source(50, np.random.default_rng(0)) - [0.5, -1.0]).max() < 0.5


def weights(values):
    return base64.b64encode(np.asarray(values, "<f4").tobytes()).decode()


@pytest.mark.parametrize(("change", "message"), [
    ({"format": "x"}, "expected the format"), ({"more": 1}, "expected the format"), ({"moves": {"D": 1}}, "moves of D"),
    ({"moves": {"D": -1, "G": 0}}, "moves of D"), ({"moves": {"D": True, "G": 0}}, "moves of D"),
    ({"data": "__import__"}, "data is '__import__', expected one of"), ({"objective": []}, r"objective is \[\]"),
    ({"optimiser": None}, "optimiser is None"), ({"k": 1.5}, "k is 1.5"), ({"k": 11}, "from 1 to 10"),
    ({"batch": 10**9}, "batch is 1000000000, expected a number from 2 to 512"), ({"batch": True}, "batch is True"),
    ({"width": 10**6}, "from 2 to 128"), ({"rate_d": -1}, "rate_d is -1"), ({"rate_g": "1"}, "rate_g is '1'"),
    ({"r1": 1e9}, "r1 is"), ({"seed": -1}, "seed is -1"), ({"points": 3}, "at most 1000 points"),
    ({"points": [[0, 0]] * 1001}, "at most 1000 points"), ({"points": [[0]]}, "two coordinates"),
    ({"points": [[0, 1e9]]}, "a coordinate is 1000000000.0"), ({"points": [[0, "0"]]}, "a coordinate is '0'"),
    ({"points": ["xy"]}, "at most 2 coordinates"), ({"G": "AAAA"}, "G does not have the"),
    ({"D": 3}, "D does not have"), ({"width": 8}, "G does not have"), ({"G": "!" * 2000}, "G does not have")])
def test_what_is_no_state_is_refused(lab, change, message):
    with pytest.raises(ShareError, match=f"^this file is no state of the laboratory: [^\n]*{message}"):
        load(json.dumps({**json.loads(save(lab)), **change}).encode())


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_are_finite_numbers_in_base64(lab, value):
    state = json.loads(save(lab))
    for text in (weights(np.full(lab.G.theta.size, value)), "!" * len(state["G"])):
        with pytest.raises(ShareError, match="no state"):
            load(json.dumps({**state, "G": text}).encode())


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"[]", b"{", b"[" * 10**5, b'{"a": NaN}',
                                     b'{"a": 1' + b"0" * 500, b" " * 3_000_000])
def test_any_file_is_refused_at_no_cost(content):
    tracemalloc.start()
    with pytest.raises(ShareError) as caught:
        load(memoryview(content))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(str(caught.value).splitlines()) == 1
    assert peak < 1e7


def test_settings_are_checked_before_players_are_built(lab, monkeypatch):
    monkeypatch.setattr("tinygan.lab.share.Laboratory", lambda *_, **__: pytest.fail("players of any size are built"))
    for change in ({"width": 10**9}, {"moves": 3}):
        with pytest.raises(ShareError):
            load(json.dumps({**json.loads(save(lab)), **change}).encode())
