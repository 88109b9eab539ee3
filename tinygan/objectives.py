"""The objectives of the two players: one function for each equation, and the table `OBJECTIVES` of games.

`real` and `fake` are the discriminator's outputs for real and for generated examples: logits a of shape (n, 1), with
D(x) = sigmoid(a) (`d-output`), or the probabilities D(x) themselves if logits=False. Each function returns a scalar and
is numerically stable at all logits. An expectation is the mean over a batch.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import log as ln
from typing import Any, NamedTuple

from tinygan.ops.elementwise import log, log_sigmoid, relu, sigmoid, where
from tinygan.ops.reduce import mean


def two_sample(real, fake):
    """E_x[D(x)] - E_x'[D(x')] of a critic D, whose outputs are any real numbers (`two-sample`, `two-sample-z`).

    The critic maximises it over its class of functions; the generator minimises it through x' = G(z). Over functions
    with slope at most 1, the maximum is the Wasserstein distance (`wasserstein`, `kantorovich`), as in a WGAN.
    """
    _meet("two_sample", real, fake)
    return mean(real) - mean(fake)


def least_squares(real, fake, a=-1.0, b=1.0):
    """E_x[(D(x) - b)^2] / 2 + E_z[(D(G(z)) - a)^2] / 2 for any real D (`least-squares`; Mao et al. 2017, eq. 2).

    D descends it, towards b on real examples and towards a on generated ones.
    """
    _meet("least_squares", real, fake)
    return mean((real - b) ** 2) / 2 + mean((fake - a) ** 2) / 2


def g_least_squares(fake, c=0.0):
    """E_z[(D(G(z)) - c)^2] / 2 (`least-squares`): G descends it.

    With b - c = 1 and b - a = 2, G minimises Pearson's chi^2 between p_d + p_g and 2 p_g (eq. 8).
    """
    return mean((fake - c) ** 2) / 2


def hinge(real, fake):
    """E_x[max(0, 1 - D(x))] + E_z[max(0, 1 + D(G(z)))] for any real D (`hinge`; Lim & Ye 2017; Miyato et al. 2018).

    D descends it; examples beyond the margin of 1 add nothing. G descends -E_z[D(G(z))].
    """
    _meet("hinge", real, fake)
    return mean(relu(1 - real)) + mean(relu(1 + fake))


def value(real, fake, logits=True):
    """V(D, G) = E_x[log D(x)] + E_z[log(1 - D(G(z)))] (`value`, `d-ascent`): D ascends it."""
    _meet("value", real, fake)
    return mean(_log_d(real, logits)) + mean(_log_not_d(fake, logits))


def g_minimax(fake, logits=True):
    """E_z[log(1 - D(G(z)))] (`g-minimax`): G descends it. Its slope vanishes if D rejects the fakes with certainty."""
    return mean(_log_not_d(fake, logits))


def g_non_saturating(fake, logits=True):
    """E_z[log D(G(z))] (`g-non-saturating`): G ascends it. Its slope is largest if D rejects the fakes."""
    return mean(_log_d(fake, logits))


def d_loss(real, fake, logits=True):
    """L_D = -E_x[log D(x)] - E_z[log(1 - D(G(z)))] (`d-loss`): D descends it; it is -V."""
    _meet("d_loss", real, fake)
    return -mean(_log_d(real, logits)) - mean(_log_not_d(fake, logits))


def g_zero_sum(real, fake, logits=True):
    """L_G = -L_D (`g-zero-sum`): G descends it. The real term makes the sum zero; G cannot change it."""
    return -d_loss(real, fake, logits)


def cross_entropy(target, output, logits=True):
    """E = -(1/N) sum_n [t_n log d_n + (1 - t_n) log(1 - d_n)] (`cross-entropy`), where 0 log 0 = 0.

    target: t_n, 1 for a real and 0 for a synthetic example, in the shape of output: logits, or d_n if logits=False.
    """
    if target.shape != output.shape:
        raise ValueError(f"cross_entropy: target {target.shape} and output {output.shape} differ in shape")
    opposite = -output if logits else 1 - output
    return -mean(_weighed(target, output, logits) + _weighed(1 - target, opposite, logits))


def cross_entropy_split(real, fake, logits=True):
    """E(w, phi) = -(1/N_r) sum log d(x_n) - (1/N_s) sum log(1 - d(g(z_n))) (`cross-entropy-split`).

    If N_r = N_s, it is twice `cross_entropy` over all N_r + N_s examples. phi descends it, and w ascends it
    (`updates.sign_reversal`).
    """
    _meet("cross_entropy_split", real, fake)
    return d_loss(real, fake, logits)


# The gradients with respect to the logits, derived by hand; d/da log sigmoid(a) = 1 - sigmoid(a).

def d_gradient(real, fake):
    """The gradient of V with respect to D's logits on m real and m fake examples (`d-gradient`).

    Returns (1 - D(x_i)) / m and -D(G(z_i)) / m; the chain rule through D gives the gradient in theta_d.
    """
    _meet("d_gradient", real, fake)
    return (1 - sigmoid(real)) / real.size, -sigmoid(fake) / fake.size


def g_gradient(fake):
    """The gradient of `g_minimax` with respect to the logits (`g-gradient`): -D(G(z_i)) / m, near 0 if D wins."""
    return -sigmoid(fake) / fake.size


def g_non_saturating_gradient(fake):
    """The gradient of `g_non_saturating` with respect to the logits (`g-non-saturating-gradient`): (1 - D(G(z_i))) / m,
    near 1 / m if D wins."""
    return (1 - sigmoid(fake)) / fake.size


class Goal(NamedTuple):
    """A function of logits and the direction in which a player moves on it, "ascend" or "descend".

    A call evaluates the function. gradient: a function of the same logits, the gradient with respect to each of them
    derived by hand, or None.
    """

    function: Callable[..., Any]
    direction: str
    gradient: Callable[..., Any] | None = None

    def __call__(self, *logits):
        return self.function(*logits)


@dataclass(frozen=True)
class Objective:
    """A game: `discriminator(real, fake)` and `generator(fake)` on logits, each with its `direction`.

    critic: D's outputs are any real numbers, not the logits of a probability. blind: the value of D's function if D
    gives 0 for every example, so cannot separate real from fake; None if this value has no meaning. An objective
    unpacks into its two goals.
    """

    discriminator: Goal
    generator: Goal
    critic: bool = False
    blind: float | None = None

    def __post_init__(self):
        for goal in self:
            if not isinstance(goal, Goal) or goal.direction not in ("ascend", "descend"):
                got = f"direction {goal.direction!r}" if isinstance(goal, Goal) else type(goal).__name__
                raise TypeError(f'Objective: got {got}, expected Goal(function, "ascend") or Goal(function, "descend")')

    def __iter__(self) -> Iterator[Goal]:
        return iter((self.discriminator, self.generator))


def _synthetic_part(fake):
    """The term of E for the synthetic examples (`cross-entropy-split`): -(1/N_s) sum log(1 - d)."""
    return -g_minimax(fake)


def _critic_part(fake):
    """The term of `two_sample` that depends on the generator (`two-sample-z`); also the generator's part of `hinge`."""
    return -mean(fake)


def _two_sample_gradient(real, fake):
    """The gradient of `two_sample` with respect to the logits: the same at all logits."""
    return 1 / real.size, -1 / fake.size


def _critic_part_gradient(fake):
    """The gradient of `_critic_part` with respect to the logits."""
    return -1 / fake.size


OBJECTIVES = {
    "minimax": Objective(Goal(value, "ascend", d_gradient), Goal(g_minimax, "descend", g_gradient), blind=-ln(4)),
    "non-saturating": Objective(Goal(value, "ascend", d_gradient),
                                Goal(g_non_saturating, "ascend", g_non_saturating_gradient), blind=-ln(4)),
    "zero-sum": Objective(Goal(d_loss, "descend"), Goal(g_minimax, "descend"), blind=ln(4)),
    "sign-reversal": Objective(Goal(cross_entropy_split, "descend"), Goal(_synthetic_part, "ascend"), blind=ln(4)),
    "two-sample": Objective(Goal(two_sample, "ascend", _two_sample_gradient),
                            Goal(_critic_part, "descend", _critic_part_gradient), critic=True),
    "least-squares": Objective(Goal(least_squares, "descend"), Goal(g_least_squares, "descend"), critic=True,
                               blind=1.0),
    "hinge": Objective(Goal(hinge, "descend"), Goal(_critic_part, "descend"), critic=True, blind=2.0),
}
OBJECTIVES["wasserstein"] = OBJECTIVES["two-sample"]


def _log_d(d, logits):
    return log_sigmoid(d) if logits else log(d)


def _log_not_d(d, logits):
    return log_sigmoid(-d) if logits else log(1 - d)


def _weighed(t, d, logits):
    """t log d, or 0 where t = d = 0."""
    return t * _log_d(where((t == 0) & (d == (float("-inf") if logits else 0)), 1, d), logits)


def _meet(name, real, fake):
    """Refuses (n, 1) with (n,), which would broadcast without an error; the numbers of examples may differ."""
    if real.shape[1:] != fake.shape[1:] or real.ndim != fake.ndim:
        raise ValueError(f"{name}: real {real.shape} and fake {fake.shape} differ in more than the number of examples")
