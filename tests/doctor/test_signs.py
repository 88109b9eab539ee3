"""The signs of the ailments in made-up evidence: each in its mild form, which must last, and in its extreme form."""
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygan as tg
from tinygan.doctor.ailments import findings
from tinygan.doctor.evidence import HUGE, Evidence, Visit

OBJECTIVES = tg.objectives.OBJECTIVES


def well(**other):
    """The evidence of a game that goes well. `other` replaces columns of its history, or parts of the evidence."""
    steps = list(range(other.pop("of", 1000)))
    columns = {"d_real": 0.6, "d_fake": 0.4, "g_gradient": 0.1, "d_value": -1.2, "g_value": -0.9, "d_gradient": 0.1}
    columns = {name: np.broadcast_to(other.pop(name, value), len(steps)).tolist() for name, value in columns.items()}
    rows = len(steps)
    visits = [Visit(step, -1.0, 1.0, 0.6, 1.0, 1.0, 0.0, 0.0, rms_g=0.1 + step / 1e4, rms_d=0.1 + step / 1e4)
              for step in (range(100, rows + 1, 100) if rows > 100 else [rows])]
    return replace(Evidence(rows, {"step": steps, **columns}, visits, OBJECTIVES["non-saturating"], (1e-3, 1e-3), None,
                            {}), **other)


def visits(of=1000, **other):
    """The visits of a game that goes well, with other numbers."""
    return [v._replace(**other) for v in well(of=of).visits]


def names(evidence):
    return [finding.ailment.name for finding in findings(evidence)]


# In the history

FALLING = np.geomspace(1, 1e-4, 1000)
WON = {"d_real": 0.97, "d_fake": 0.03}
WAVE = 0.3 * np.sin(np.arange(1000) / 30)


@pytest.mark.parametrize(("other", "found"), [
    ({}, []),
    ({**WON, "g_gradient": FALLING}, ["D has won"]),
    ({"d_real": 0.97, "d_fake": 0.1, "g_gradient": FALLING}, []),  # it is not sure of the fakes
    (WON, []),  # G has its gradient yet
    ({"d_real": 0.99, "d_fake": 0.01}, ["D has won"]),  # but the fakes did not improve in 400 steps
    ({"d_real": 0.99, "d_fake": 0.01, "of": 90}, []),
    ({**WON, "g_gradient": 0.0}, ["D has won"]), ({"d_real": 1.0, "d_fake": 0.0, "g_gradient": 0.0}, ["D has won"]),
    ({"g_gradient": 0.0}, ["G gets no gradient"]), ({"g_gradient": 1e-9}, ["G gets no gradient"]),
    ({"g_gradient": FALLING}, []),  # as at the end of a game
    ({"d_value": 0.0, "objective": OBJECTIVES["hinge"]}, ["D has won"]),
    ({"d_value": 1.5, "objective": OBJECTIVES["hinge"]}, []),
    ({"d_real": 0.5, "d_fake": 0.5}, ["D cannot tell"]),
    ({"d_real": 0.5, "d_fake": 0.5, "of": 90}, []),
    ({"d_real": np.linspace(0.55, 0.5, 1000), "d_fake": np.linspace(0.45, 0.5, 1000)}, []),  # it could, once
    ({"d_real": 0.5, "d_fake": 0.5, "objective": OBJECTIVES["two-sample"]}, []),  # a critic's numbers have no scale
    ({"d_value": -1e4}, ["the game diverged"]), ({"d_value": -10.0}, []),
    ({"d_value": 1e4, "objective": OBJECTIVES["two-sample"]}, []),
    ({"diverged": 7}, ["the game diverged"]),
    ({"objective": OBJECTIVES["two-sample"], "bounded": False}, ["the critic has no bound"]),
    ({"objective": OBJECTIVES["hinge"], "bounded": False}, []),
    ({"rates": (1e-3, 1e-4)}, []), ({"rates": (9e-5, 1e-3)}, ["the rates are far apart"]), ({"rates": None}, []),
    ({"rates": (0.0, 0.0)}, ["a player stands still"]),
    ({"rates": (0.0, 1e-3)}, ["the rates are far apart", "a player stands still"]),
    ({"batch": 1}, ["the batch is tiny"]), ({"batch": 4}, []),
])
def test_bounds_in_the_history(other, found):
    assert names(well(**other)) == found


@pytest.mark.parametrize("few", [0, 1, 2])
def test_a_short_history_says_nothing(few):
    evidence = well(d_real=0.99, d_fake=0.01, g_gradient=0.0)
    assert names(replace(evidence, history={name: a[:few] for name, a in evidence.history.items()})) == []


@given(rows=st.integers(3, 60), fake=st.floats(0, 0.05), gradient=st.floats(0, 9e-8), every=st.sampled_from([1, 20]))
def test_a_gradient_of_nothing_is_found_in_a_few_records(rows, fake, gradient, every):
    steps = list(range(0, rows * every, every))  # on a GPU a record is made every 20 steps
    columns = {"step": steps, "d_real": [1.0] * rows, "d_fake": [fake] * rows, "g_gradient": [gradient] * rows,
               "d_value": [-0.01] * rows}
    evidence = replace(well(), history=columns)
    assert names(evidence) == ["D has won"]
    assert names(replace(evidence, history={**columns, "d_real": [0.5] * rows})) == ["G gets no gradient"]


# At the visits

FAR = {"nearest": 5.0}


@pytest.mark.parametrize(("other", "found"), [
    ({"variety": 0.2}, ["mode collapse"]), ({"std_ratio": 0.1}, ["mode collapse"]), ({"variety": 0.4}, []),
    ({"std_ratio": 0.0}, ["mode collapse"]), ({"variety": 1 / 16, "std_ratio": 0.0}, ["mode collapse"]),
    ({"dead_g": 0.97}, ["dead ReLUs"]), ({"dead_d": 1.0, "logit_std": 0.0}, ["dead ReLUs"]), ({"dead_d": 0.9}, []),
    ({"logit_std": 0.0}, ["D cannot tell"]), ({"logit": 1e6}, ["the game diverged"]), ({"logit": 90.0}, []),
    ({"logit": HUGE}, ["the game diverged"]),
    ({"std_ratio": 21.0}, ["the fakes run away"]), ({"shift": 21.0}, ["the fakes run away"]),
    ({"rms_d": 0.1}, ["a player stands still"]), ({"rms_g": 0.1}, ["a player stands still"]),
    ({"nearest": 0.0, "distinct": 0.1}, ["G memorises"]), ({"nearest": 0.4, "distinct": 0.1}, ["G memorises"]),
    ({"nearest": 0.4}, []),  # of many examples: these are not copies
    (FAR, ["the fakes are not like the data"]), ({"nearest": HUGE}, ["the fakes are not like the data"]),
    ({"nearest": 2.0}, []), ({"std_ratio": 4.0}, ["the fakes are not like the data"]),
])
def test_bounds_at_the_visits(other, found):
    assert names(well(visits=visits(**other))) == found


def alike(**other):
    """Visits at which the fakes are alike."""
    return visits(**{"variety": 0.2, **other})


@pytest.mark.parametrize(("seen", "found"), [
    (alike()[:3], []),  # too early
    ([*alike()[:-1], alike(variety=0.4)[-1]], ["mode collapse"]),  # not much better
    ([*visits(variety=0.1)[:-2], *alike(variety=0.4)[-2:]], []),  # much better
    ([*alike()[:-2], well().visits[0]._replace(step=900), alike()[-1]], []),  # they were not, a moment ago
    (alike()[-1:], ["mode collapse"]),  # a run that had no doctor
    ([*well().visits[:-1], well().visits[-1]._replace(dead_g=0.97)], []),  # for a moment
    ([*well().visits[:-1], well().visits[-1]._replace(**FAR)], []),
    ([v._replace(shift=40.0 * i) for i, v in enumerate(well().visits)], ["the fakes run away"]),
    ([v._replace(nearest=100 / (i + 1)) for i, v in enumerate(well().visits)], ["the game is not finished"]),
    ([v._replace(shift=30.0, step=v.step - 99) for v in well().visits], []),  # they were so far at the start
    (visits(rms_g=0.1)[:1], []),  # once is no comparison
])
def test_visits_that_differ(seen, found):
    assert names(well(visits=seen)) == found


def test_a_short_game_whose_fakes_are_bad_is_not_finished():
    evidence = well(of=200, visits=visits(of=200, nearest=200.0))
    assert names(evidence) == ["the game is not finished"]
    assert findings(evidence)[0].figures == ("a fake is 200 times as far from the nearest real example as other real "
                                             "examples are; 200 steps are few")
    assert names(replace(evidence, steps=5000)) == []  # in the middle of the game


def test_the_players_chase_each_other():
    wave = {"d_real": 0.5 + WAVE, "d_fake": 0.5 - WAVE}
    assert names(well(**wave, visits=visits(**FAR))) == ["the players chase each other"]
    assert names(well(**wave)) == []  # the fakes are good
    assert names(well(d_real=0.5 + WAVE / 6, d_fake=0.5, visits=visits(**FAR))) == ["the fakes are not like the data"]


def test_causes_hide_their_consequences():
    assert names(well(visits=alike(), d_real=0.99, d_fake=0.01)) == ["D has won"]
    assert names(well(visits=alike(dead_d=1.0, logit_std=0.0), g_gradient=0.0)) == ["dead ReLUs", "G gets no gradient"]
    assert names(well(visits=alike(logit=1e9, dead_d=1.0), g_gradient=0.0)) == ["the game diverged"]
    assert names(well(visits=alike(std_ratio=0.0), rates=(1e-3, 0.0))) == ["the rates are far apart",
                                                                          "a player stands still"]


# Every number may be at its worst

WORST = st.sampled_from([0.0, 1e-300, 1.0, 1e9, HUGE])


@given(st.fixed_dictionaries(dict.fromkeys(Visit._fields[4:15], WORST)),
       st.fixed_dictionaries(dict.fromkeys(("d_value", "g_gradient"), WORST)),
       st.sampled_from(sorted(OBJECTIVES)), st.integers(1, 450))
def test_no_number_is_too_bad_for_words(numbers, columns, objective, rows):
    seen = [v._replace(**numbers) for v in well(of=100 * (rows // 100 + 1)).visits]
    for finding in findings(well(of=rows, visits=seen, objective=OBJECTIVES[objective], **columns)):
        assert finding.figures
        assert not {"nan", "inf"} & set(finding.figures.split())


@given(st.fixed_dictionaries({"variety": st.floats(0.5, 1.1), "std_ratio": st.floats(0.5, 2), "logit": st.floats(0, 50),
                              "nearest": st.floats(0.3, 2.5), "shift": st.floats(0, 3), "dead_g": st.floats(0, 0.9)}),
       st.floats(0.45, 0.7), st.floats(0.3, 0.45))
def test_no_finding_within_the_bounds(numbers, real, fake):
    assert names(well(visits=visits(**numbers), d_real=real, d_fake=fake)) == []
