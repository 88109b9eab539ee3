"""The signs of the ailments: functions of the evidence.

Each returns the numbers that show an ailment, in words, or "" if the game does not have it. The bounds separate games
that failed from games of the recipes (tests/doctor/matrix.py). An ailment in its extreme form, such as a gradient of
exactly 0, is found in a few records; in its mild form it must last.
"""
from __future__ import annotations

import numpy as np

from tinygan.doctor.evidence import Evidence

PATIENCE = 400  # a mild ailment counts if it lasts so many steps, or half of a shorter game, or a tenth of a longer one
BLOCK = 20  # records that are averaged
FEW = 3  # records or visits that show an extreme
NOTHING = 1e-7  # a gradient below it moves nothing: Adam and RMSProp add 1e-8 to its size before they divide by it
FAR = 3.0  # times the usual distance, or the usual width


def data_out_of_reach(e: Evidence) -> str:
    """Some numbers of the data are outside the range of G's last layer, or all are in the upper half of the range."""
    if e.reach is None:
        return ""
    (least, greatest), low, high = e.reach, e.visits[-1].low, e.visits[-1].high
    slack = 0.01 * (greatest - least)
    if low < least - slack or high > greatest + slack or (least < 0 and low > -slack):
        return f"the data are in [{low:.4g}, {high:.4g}], G's last layer gives numbers in ({least:g}, {greatest:g})"
    return ""


def data_of_another_size(e: Evidence) -> str:
    """The numbers of the data are much larger or much smaller than 1."""
    low, high = e.visits[-1].low, e.visits[-1].high
    far = not e.reach and (max(-low, high) > 20 or max(-low, high) < 0.05)
    return f"the data are in [{low:.4g}, {high:.4g}]" if far else ""


def lonely_batch_norm(e: Evidence) -> str:
    """Batch normalisation gets one example at a time."""
    players = " and ".join(name for name, rows in e.rows.items() if rows < 2)
    return players and f"the batch normalisation of {players} sees a single example at a time"


def tiny_batch(e: Evidence) -> str:
    """The mean over a batch is mostly noise."""
    return f"--batch is {e.batch}, and the gradient of so few examples is mostly noise" if e.batch <= 2 else ""


def unbounded_critic(e: Evidence) -> str:
    """Nothing bounds the numbers of a critic, whose objective has no best value."""
    free = e.objective.critic and e.objective.blind is None and not e.bounded
    return f"nothing bounds the slope of D; its objective is {_mean(e.history['d_value']):.3g} now" if free else ""


def rates_far_apart(e: Evidence) -> str:
    """One player's learning rate is many times the other's."""
    if e.rates is None or max(e.rates) <= 10 * min(e.rates):
        return ""
    return f"D's learning rate is {e.rates[0]:g} and G's {e.rates[1]:g}"


def diverged(e: Evidence) -> str:
    """A number is not finite, or is too large for any useful game."""
    if e.diverged is not None:
        return f"step {e.diverged} gave a number that is not finite, and the game ended"
    size = max(1.0, -e.visits[-1].low, e.visits[-1].high)  # large data give large numbers
    values = e.history["d_value"]
    if not e.objective.critic and np.abs(values).max(initial=0) > 1e3 * size:
        worst = int(np.abs(values).argmax())
        return f"D's objective was {values[worst]:.2g} at step {e.history['step'][worst] + 1}"
    top = max(e.visits, key=lambda v: v.logit)
    if top.logit > (1e5 if e.objective.critic else 1e3) * size:  # a critic's numbers have no scale, but some bound
        return f"an output of D was {top.logit:.2g} after step {top.step}"
    return ""


def dead_relus(e: Evidence) -> str:
    """Nearly all units of a ReLU layer are 0 for every input."""
    dead = {player: min(getattr(v, f"dead_{player.lower()}") for v in e.visits[-2:]) for player in "DG"}
    return "; ".join(f"{share:.0%} of the units of a layer of {player} are 0 for all examples of a batch"
                     for player, share in dead.items() if share > 0.95)


def d_has_won(e: Evidence) -> str:
    """D separates real from fake with certainty, and G's gradient has vanished; or it does so for many steps."""
    steps, gradient = np.array(e.history["step"]), np.array(e.history["g_gradient"])
    if len(steps) < FEW or not _mean(_certainty(e)) > 0.9:
        return ""
    if e.objective.critic:
        sure = f"D's objective is {_mean(e.history['d_value']):.2g}, nearly its best value"
    else:
        real, fake = (_mean(e.history[name]) for name in ("d_real", "d_fake"))
        sure = f"D(x) is {real:.3f} for real examples and {fake:.3f} for fakes"
    last, once = np.median(gradient[-BLOCK:]), max(map(np.median, _blocks(gradient)), default=0.0)
    if last < NOTHING or (len(steps) >= 2 * BLOCK and last < once / 100):
        fell = f"fell from {once:.2g} to" if once > last else "is"
        return f"{sure}, and the norm of G's gradient {fell} {last:.2g}"
    if steps[-1] - steps[0] >= _patience(e) and _certainty(e)[steps > steps[-1] - _patience(e)].min() > 0.95:
        return f"{sure}, and it was so in each of the last {_patience(e)} steps"
    return ""


def no_gradient(e: Evidence) -> str:
    """G's gradient is 0, and D has not won."""
    last = np.array(e.history["g_gradient"])[-BLOCK:]
    if len(last) < FEW or not np.median(last) < NOTHING or d_has_won(e):
        return ""
    return f"the norm of G's gradient is {np.median(last):.2g} in the last {len(last)} records, so G does not move"


def stands_still(e: Evidence) -> str:
    """The weights of a player do not change, though it has a gradient."""
    still, first, now = [], e.visits[0].step, e.visits[-1].step
    for player, rate in zip("DG", e.rates or (None, None)):
        sizes = [getattr(v, f"rms_{player.lower()}") for v in e.visits]
        moved = (max(sizes) - min(sizes)) / max(*sizes, 1e-30) if len(sizes) > 1 else 1.0
        if rate == 0:
            still.append(f"the learning rate of {player} is 0")
        elif (min(sizes) > 0 and now - first >= BLOCK and moved < (1e-6 if now - first < 4 * BLOCK else 1e-3)
              and not (player == "G" and (d_has_won(e) or no_gradient(e)))):
            still.append(f"from step {first} to {now} the size of {player}'s weights changed by {moved:.2%}"
                         + (f"; the learning rate of {player} is {rate:g}" if rate is not None else ""))
    return "; ".join(still)


def run_away(e: Evidence) -> str:
    """The fakes are far outside the data, and further than at the start."""
    first, now = e.visits[0], e.visits[-1]
    std_ratio, shift = (first.std_ratio, first.shift) if first.step < BLOCK else (0.0, 0.0)
    if now.std_ratio > max(20, 2 * std_ratio) or now.shift > max(20, 2 * shift):
        return (f"after step {now.step} the standard deviation of the fakes is {now.std_ratio:.2g} times that of the "
                f"data, and the distance between the means is {now.shift:.2g} standard deviations of the data")
    return ""


def d_cannot_tell(e: Evidence) -> str:
    """D's outputs for real and for fake examples are equal, since the first step or while the fakes are bad."""
    now, steps = e.visits[-1], e.history["step"]
    if len(e.visits) > 1 and max(v.logit_std for v in e.visits[-2:]) <= NOTHING:
        return f"D gives the same number, {now.logit:.3g} in size, for all real and all fake examples"
    if len(steps) < BLOCK or e.objective.blind is None or steps[-1] - steps[0] + 1 < _patience(e):
        return ""
    gaps = [abs(float(np.mean(block))) for block in _blocks(np.array(e.history["d_real"]) - e.history["d_fake"])]
    late = gaps[-max(_patience(e) // BLOCK, 1):]
    learnt = e.visits[0].nearest > max(FAR, 5 * now.nearest)  # small slopes were enough to bring the fakes nearer
    never = steps[0] == 0 and max(gaps) < 0.004 and not learnt
    late_only = _ended(e) and e.steps >= PATIENCE and _bad(e) and np.median(late) < 0.01 and max(late) < 0.03
    if not never and not late_only:
        return ""
    return (f"in {f'the last {len(late) * BLOCK}' if not never else steps[-1] + 1} steps the means of D(x) and D(G(z)) "
            f"never differed by more than {max(gaps if never else late):.1g}; D's objective is "
            f"{_mean(e.history['d_value']):.4f}, and for a D that guesses it is {e.objective.blind:.4f}")


def collapse(e: Evidence) -> str:
    """The fakes are too similar for many steps and do not improve; not while D is about to win, the likely reason."""
    now = e.visits[-1].step
    if len(e.visits) >= FEW and max(v.std_ratio for v in e.visits[-FEW:]) < 1e-3:
        return (f"all fakes are one and the same example: their standard deviation is {e.visits[-1].std_ratio:.1g} "
                "times that of the data")
    late = [v for v in e.visits if v.step > now - _patience(e)]
    variety, std_ratio = [v.variety for v in late], [v.std_ratio for v in late]
    middle = len(variety) // 2
    better = middle > 0 and np.mean(variety[middle:]) > 1.5 * np.mean(variety[:middle])
    few = max(variety) < 0.45 and np.mean(variety) < 0.3 and not better
    close = max(std_ratio) < 0.2
    if now < _patience(e) or not (few or close) or (_mean(_certainty(e)) > 0.9 and not _ended(e)):
        return ""
    return (f"{f'since step {late[0].step}' if len(late) > 1 else 'now'} the variety of the fakes is "
            f"{np.mean(variety):.2g} times that of the data (at most {max(variety):.2g}), and their standard deviation "
            f"is {np.mean(std_ratio):.2g} times that of the data")


def chase(e: Evidence) -> str:
    """D's certainty rises and falls again and again, in the second half of the game so far, and the fakes are bad."""
    gaps = np.array(e.history["d_real"]) - e.history["d_fake"]
    means = np.array([np.mean(block) for block in _blocks(gaps[len(gaps) // 2:])])
    if len(means) < 5 or not any(_unlike(v) for v in e.visits[-2:]):
        return ""
    low, high = np.percentile(means, [10, 90])
    turns = int((np.diff(np.sign(means - np.median(means))) != 0).sum())
    if high - low < 0.3 or turns < 3:
        return ""
    return (f"in the last {len(means) * BLOCK} records D(x) - D(G(z)) rose and fell between {low:.2f} and {high:.2f}, "
            f"and crossed its median {turns} times; {_unlike(e.visits[-1]) or _unlike(e.visits[-2])}")


def memorised(e: Evidence) -> str:
    """The fakes are copies of few examples."""
    late = e.visits[-2:]
    if len(e.visits) < 2 or not all(v.nearest < 0.5 and v.distinct < 0.75 and v.variety > 0.3 for v in late):
        return ""
    return (f"the distance from a fake to the nearest example is {late[-1].nearest:.2g} times that from one example to "
            f"another; of the examples of a batch only {late[-1].distinct:.0%} are different")


def unlike(e: Evidence) -> str:
    """At the end of the game the fakes are not like the data, and they do not improve."""
    return _bad(e) if _ended(e) and not _unfinished(e) else ""


def not_finished(e: Evidence) -> str:
    """At the end of the game the fakes are not like the data, but they improve, or the game was short."""
    why = _unfinished(e)
    return f"{_bad(e)}; {why}" if _ended(e) and _bad(e) and why else ""


def _unlike(v):
    """How the fakes of a visit differ from the data, in words; "" if they are like the data."""
    if v.nearest > FAR:
        return f"a fake is {v.nearest:.3g} times as far from the nearest real example as other real examples are"
    if v.variety < 0.3:
        return f"the variety of the fakes is {v.variety:.2g} times that of the data"
    if not 1 / FAR < v.std_ratio < FAR:
        return f"the standard deviation of the fakes is {v.std_ratio:.2g} times that of the data"
    return ""


def _bad(e):
    """How the fakes differ from the data now; "" if they are like the data, or were at the last but one visit."""
    return all(map(_unlike, e.visits[-2:])) and _unlike(e.visits[-1])


def _ended(e):
    return e.visits[-1].step >= e.steps


def _unfinished(e):
    """The reason to expect better fakes from more steps, in words."""
    now = e.visits[-1]
    half = next((v for v in e.visits if 2 * v.step >= now.step), now)
    if now.nearest < 0.7 * half.nearest:
        return f"at step {half.step} it was {half.nearest:.3g} times as far, so it still improves"
    if now.variety > max(1.5 * half.variety, 0.15):
        return f"at step {half.step} the variety was {half.variety:.2g}, so it still improves"
    return f"{e.steps} steps are few" if e.steps < PATIENCE else ""


def _patience(e):
    return max(min(PATIENCE, max(PATIENCE // 4, e.steps // 2)), e.steps // 10)


def _certainty(e):
    """For each record, 1 if D is certain: D(x) - D(G(z)); of a critic, by its objective, whose best value is 0."""
    if e.objective.critic:
        return 1 - 5 * np.abs(e.history["d_value"]) / (e.objective.blind or np.nan)
    return np.array(e.history["d_real"]) - e.history["d_fake"]


def _blocks(column):
    """The column in blocks of BLOCK records, without an incomplete last block."""
    return [column[i:i + BLOCK] for i in range(0, len(column) - BLOCK + 1, BLOCK)]


def _mean(column):
    return float(np.mean(column[-BLOCK:])) if len(column) else 0.0
