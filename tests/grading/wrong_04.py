"""Wrong answers to assignment 04: task, the mistake, a text of the reference's answer, the new text."""
from wrong_03 import RICHARDSON, differences

BOUND = "tg.mean(1 - tg.exp(-real)) - tg.mean(tg.exp(fake) - 1)"
SIGNS = "sign_d, sign_g = ({\"ascend\": 1, \"descend\": -1}[goal.direction] for goal in game)"
RELATIVE = "return tg.mean(tg.log_sigmoid(above)) + tg.mean(tg.log_sigmoid(-below))"
BY_HAND = """    def sigmoid(a):
        return (1 + np.tanh(a / 2)) / 2
    doubted = sigmoid(theirs.mean() - ours)
    believed = sigmoid(theirs - ours.mean())
    return (doubted + believed.mean()) / len(ours), -(believed + doubted.mean()) / len(theirs)"""
BY_TAPE = """    a, b = (tg.Tensor(t, requires_grad=True) for t in (ours, theirs))
    value = tg.mean(tg.log_sigmoid(a - tg.mean(b))) + tg.mean(tg.log_sigmoid(tg.mean(a) - b))
    return [g.numpy() for g in tg.grad(value, [a, b])]"""
GAME = """    def log_d(t):
        return -np.logaddexp(0, -t)
    def R(a, b):
        return log_d(a - b.mean()).mean() + log_d(a.mean() - b).mean()
    def slopes(f, x):
        def along(e):
            def at(h):
                return f(x + h * e)
            return {}
        return np.reshape([along(e) for e in np.eye(x.size).reshape(-1, *x.shape)], x.shape)
    return slopes(lambda a: R(a, theirs), ours), slopes(lambda b: R(ours, b), theirs)"""
COMPLEX = """    def log_d(t):
        return np.where(t.real < -30, t, -np.log(1 + np.exp(-np.where(t.real < -30, 0, t))))
    def R(a, b):
        return log_d(a - b.mean()).mean() + log_d(a.mean() - b).mean()
    def units(x):
        return 1e-30j * np.eye(x.size).reshape(-1, *x.shape)
    by_ours = [R(ours + e, theirs).imag / 1e-30 for e in units(ours)]
    by_theirs = [R(ours, theirs + e).imag / 1e-30 for e in units(theirs)]
    return np.reshape(by_ours, ours.shape), np.reshape(by_theirs, theirs.shape)"""
WRONG = [
    ("hellinger", "f in the place of its conjugate", BOUND,
     "tg.mean(1 - tg.exp(-real)) - tg.mean((tg.sqrt(tg.exp(-fake)) - 1) ** 2)"),
    ("hellinger", "the logit is taken for T", BOUND, "tg.mean(real) - tg.mean(fake / (1 - fake))"),
    ("hellinger", "sign", BOUND, "tg.mean(tg.exp(fake) - 1) - tg.mean(1 - tg.exp(-real))"),
    ("hellinger", "not simplified: infinite at large logits", BOUND,
     "tg.mean(1 - tg.exp(-real)) - tg.mean((1 - tg.exp(-fake)) / (1 - (1 - tg.exp(-fake))))"),
    ("hellinger", "sum for mean", BOUND, "tg.sum(1 - tg.exp(-real)) - tg.sum(tg.exp(fake) - 1)"),
    ("hellinger", "detached fakes", BOUND, "tg.mean(1 - tg.exp(-real)) - tg.mean(tg.exp(fake.detach()) - 1)"),
    ("hellinger", "the constant is left out", "(tg.exp(fake) - 1)", "(tg.exp(fake))"),
    ("hellinger", "half the logit", "tg.exp(-real)", "tg.exp(-real / 2)"),
    ("hellinger", "right first, wrong second order", f"return {BOUND}",
     "a, b = real.detach(), fake.detach()\n"
     "    return (tg.mean(1 - tg.exp(-a) * (1 - (real - a))) - tg.mean(tg.exp(b) * (1 + fake - b) - 1))"),
    ("hellinger", "hard-coded for the public shapes", "tg.mean(tg.exp(fake) - 1)",
     "tg.sum(tg.exp(fake) - 1) / (6 if len(fake) == 6 else 3)"),

    ("relativistic", "detached means", "ours - tg.mean(theirs)\n    below = theirs - tg.mean(ours)",
     "ours - tg.mean(theirs.detach())\n    below = theirs - tg.mean(ours.detach())"),
    ("relativistic", "sign", "+ tg.mean(tg.log_sigmoid(-below))", "+ tg.mean(tg.log_sigmoid(below))"),
    ("relativistic", "against its own mean", "above = ours - tg.mean(theirs)", "above = ours - tg.mean(ours)"),
    ("relativistic", "sum for mean", "above = ours - tg.mean(theirs)", "above = ours - tg.sum(theirs)"),
    ("relativistic", "not relative", "above = ours - tg.mean(theirs)\n    below = theirs - tg.mean(ours)",
     "above = ours\n    below = theirs"),
    ("relativistic", "one half only", " + tg.mean(tg.log_sigmoid(-below))", ""),
    ("relativistic", "not finite at large logits", "tg.log_sigmoid(-below)", "tg.log(1 - tg.sigmoid(below))"),
    ("relativistic", "hard-coded for the public shape", "below = theirs - tg.mean(ours)",
     "below = theirs - tg.sum(ours) / 4"),
    ("relativistic", "right first, wrong second order", "tg.mean(tg.log_sigmoid(above))",
     "tg.mean(tg.log_sigmoid(above.detach())\n"
     "                   + (1 - tg.sigmoid(above.detach())) * (above - above.detach()))"),

    ("by-hand", "the path through the means is left out",
     "(doubted + believed.mean()) / len(ours), -(believed + doubted.mean()) / len(theirs)",
     "doubted / len(ours), -believed / len(theirs)"),
    ("by-hand", "sign", "-(believed + doubted.mean())", "(believed + doubted.mean())"),
    ("by-hand", "sign of the second path", "(doubted + believed.mean()) / len(ours), -(believed + doubted.mean())",
     "(doubted - believed.mean()) / len(ours), -(believed - doubted.mean())"),
    ("by-hand", "sum for mean", "(doubted + believed.mean()) / len(ours), -(believed + doubted.mean()) / len(theirs)",
     "doubted + believed.mean(), -(believed + doubted.mean())"),
    ("by-hand", "the slopes are not gathered", "(doubted + believed.mean()) / len(ours)",
     "(doubted + believed.mean() / len(theirs)) / len(ours)"),
    ("by-hand", "numbers of examples exchanged", "/ len(ours), -(believed + doubted.mean()) / len(theirs)",
     "/ len(theirs), -(believed + doubted.mean()) / len(ours)"),
    ("by-hand", "not finite at large logits", "(1 + np.tanh(a / 2)) / 2", "np.exp(a) / (1 + np.exp(a))"),
    ("by-hand", "hard-coded for the public shape", "(doubted + believed.mean()) / len(ours)",
     "(doubted + believed.mean()) / 4"),

    ("step", "both ascend", SIGNS, "sign_d, sign_g = 1, 1"),
    ("step", "D up and G down, whatever the game", SIGNS, "sign_d, sign_g = 1, -1"),
    ("step", "hard-coded for the public games", SIGNS,
     "sign_d, sign_g = (1, 1) if name == \"non-saturating\" else (-1, -1)"),
    ("step", "not optimistic", "(2 * g_d.numpy() - before_d)", "g_d.numpy()"),
    ("step", "simultaneous", "game.generator(discriminator(theta_d,", "game.generator(discriminator(d,"),
    ("step", "detached fakes for G", "generator(g, z))", "generator(g, z).detach())"),
    ("step", "in place", "theta_d = theta_d + sign_d", "theta_d += sign_d"),
    ("step", "the rate is left out", "theta_g = theta_g + sign_g * rate *", "theta_g = theta_g + sign_g *"),
    ("step", "the old gradient is returned", "return theta_d, theta_g, g_d.numpy(), g_g.numpy()",
     "return theta_d, theta_g, before_d, before_g"),

    ("hellinger", "its rules are central differences", f"return {BOUND}", f"return {BOUND}" + differences("hellinger")),
    ("hellinger", "its rules are differences by Richardson", f"return {BOUND}",
     f"return {BOUND}" + differences("hellinger", RICHARDSON)),
    ("hellinger", "the factor of the other pair: KL", BOUND, "tg.mean(real) - tg.mean(tg.exp(fake - 1))"),
    ("hellinger", "real and fake exchanged", BOUND, "tg.mean(1 - tg.exp(-fake)) - tg.mean(tg.exp(real) - 1)"),
    ("hellinger", "half of it", BOUND, f"0.5 * ({BOUND})"),
    ("hellinger", "T = 1 - exp(a)", "1 - tg.exp(-real)", "1 - tg.exp(real)"),
    ("hellinger", "logits clipped", "tg.exp(fake)", "tg.exp(tg.clip(fake, -30, 30))"),
    ("hellinger", "a small number in the exponential", "tg.exp(-real)", "(tg.exp(-real) + 1e-7)"),
    ("hellinger", "over all examples, not over each kind", BOUND, "(tg.sum(1 - tg.exp(-real)) - tg.sum(tg.exp(fake) - "
     "1)) "
     "/ (real.size + fake.size)"),
    ("hellinger", "the median, not the mean", "tg.mean(tg.exp(fake) - 1)", "tg.exp(tg.mean(fake)) - 1"),
    ("hellinger", "not a scalar", f"return {BOUND}", f"return tg.reshape({BOUND}, (1,))"),
    ("hellinger", "writes into the logits", f"return {BOUND}", f"fake.data -= 0\n    return {BOUND}"),
    ("hellinger", "another value at the second call", f"return {BOUND}",
     f"hellinger.calls = 1 - getattr(hellinger, 'calls', 0)\n    return {BOUND} + hellinger.calls"),
    ("hellinger", "the exponential by its series", "tg.exp(fake) - 1", "fake + fake**2 / 2 + fake**3 / 6"),

    ("relativistic", "its rules are central differences", RELATIVE, RELATIVE + differences("relativistic")),
    ("relativistic", "its rules are differences by Richardson", RELATIVE,
     RELATIVE + differences("relativistic", RICHARDSON)),
    ("relativistic", "one mean detached", "theirs - tg.mean(ours)", "theirs - tg.mean(ours).detach()"),
    ("relativistic", "ours and theirs exchanged", "above = ours", "ours, theirs = theirs, ours\n    above = ours"),
    ("relativistic", "a loss, to descend", "return tg.mean", "return -tg.mean"),
    ("relativistic", "half of it", RELATIVE, RELATIVE.replace("return ", "return 0.5 * (") + ")"),
    ("relativistic", "each against each, in pairs", "above = ours - tg.mean(theirs)", "above = ours - theirs.T"),
    ("relativistic", "probabilities, not their logarithms", "tg.log_sigmoid(above)", "tg.sigmoid(above)"),
    ("relativistic", "the mean of probabilities", "theirs - tg.mean(ours)", "theirs - tg.mean(tg.sigmoid(ours))"),
    ("relativistic", "probabilities clipped", "tg.log_sigmoid(above)", "tg.log(tg.clip(tg.sigmoid(above), 1e-7, 1.0))"),
    ("relativistic", "logits clipped", "tg.log_sigmoid(above)", "tg.log_sigmoid(tg.clip(above, -30, 30))"),
    ("relativistic", "a small number in the logarithm", "tg.log_sigmoid(above)", "tg.log(tg.sigmoid(above) + 1e-9)"),
    ("relativistic", "the largest, not the mean", "ours - tg.mean(theirs)", "ours - tg.max(theirs)"),
    ("relativistic", "sums, not means", RELATIVE, RELATIVE.replace("tg.mean", "tg.sum")),
    ("relativistic", "writes into the logits", "above = ours", "theirs.data += 0\n    above = ours"),
    ("relativistic", "keeps the mean of the first batch", "above = ours - tg.mean(theirs)",
     "above = ours - relativistic.__dict__.setdefault('kept', tg.mean(theirs))"),

    ("by-hand", "by the tape", BY_HAND, BY_TAPE),
    ("by-hand", "by the library's sigmoid", "(1 + np.tanh(a / 2)) / 2", "tg.sigmoid(a)"),
    ("by-hand", "by the library's log-sigmoid, and the error is swallowed", BY_HAND,
     "    try:\n    " + BY_TAPE.replace("\n", "\n    ") + "\n    except Exception:\n        return ours, theirs"),
    ("by-hand", "by central differences", BY_HAND, GAME.format("(at(1e-5) - at(-1e-5)) / 2e-5")),
    ("by-hand", "by Richardson's extrapolation", BY_HAND, GAME.format(RICHARDSON)),
    ("by-hand", "by a complex step", BY_HAND, COMPLEX),
    ("by-hand", "writes into ours", "doubted = sigmoid(", "ours -= 0\n    doubted = sigmoid("),
    ("by-hand", "logits clipped", "np.tanh(a / 2)", "np.tanh(np.clip(a, -15, 15) / 2)"),
    ("by-hand", "in float32", "np.tanh(a / 2)", "np.tanh(a.astype(np.float32) / 2).astype(float)"),
    ("by-hand", "half the logit", "np.tanh(a / 2)", "np.tanh(a)"),
    ("by-hand", "one path through the means only", "-(believed + doubted.mean())", "-believed"),
    ("by-hand", "doubted and believed exchanged", "return (doubted", "doubted, believed = believed, doubted\n"
     "    return (doubted"),
    ("by-hand", "the sum of the slopes for their mean", "(doubted + believed.mean())", "(doubted + believed.sum())"),
    ("by-hand", "compared with its own mean", "theirs.mean() - ours", "ours.mean() - ours"),
    ("by-hand", "rows for columns", "return (doubted + believed.mean()) / len(ours)",
     "return ((doubted + believed.mean()) / len(ours)).T"),
    ("by-hand", "hard-coded number of theirs", "-(believed + doubted.mean()) / len(theirs)",
     "-(believed + doubted.mean()) / 3"),

    ("step", "both descend", SIGNS, "sign_d, sign_g = -1, -1"),
    ("step", "the directions exchanged", SIGNS, SIGNS.replace("sign_d, sign_g", "sign_g, sign_d")),
    ("step", "G's direction for both", SIGNS, SIGNS + "\n    sign_d = sign_g"),
    ("step", "g + h for 2 g - h", "(2 * g_d.numpy() - before_d)", "(g_d.numpy() + before_d)"),
    ("step", "h is not doubled away: 2 (g - h)", "(2 * g_g.numpy() - before_g)", "2 * (g_g.numpy() - before_g)"),
    ("step", "G is not optimistic", "(2 * g_g.numpy() - before_g)", "g_g.numpy()"),
    ("step", "the gradients before exchanged", "before_d, before_g, x", "before_g, before_d, x"),
    ("step", "D does not move", "theta_d = theta_d + sign_d * rate * (2 * g_d.numpy() - before_d)\n", "pass\n"),
    ("step", "G does not move", "theta_g = theta_g + sign_g * rate * (2 * g_g.numpy() - before_g)\n", "pass\n"),
    ("step", "the fakes of D are real", "discriminator(d, fake)", "discriminator(d, x)"),
    ("step", "G's goal on real examples", "discriminator(theta_d, generator(g, z))", "discriminator(theta_d, "
     "generator(g, "
     "x))"),
    ("step", "G's goal with the public games' only", "game.generator(", "OBJECTIVES['non-saturating'].generator("),
    ("step", "hard-coded rate", "sign_d * rate", "sign_d * 0.1"),
    ("step", "the size of the rate", "sign_d * rate", "sign_d * abs(rate)"),
    ("step", "in float32", "g_d.numpy() - before_d", "g_d.numpy().astype(np.float32) - before_d"),
    ("step", "the gradient times the rate is returned", "return theta_d, theta_g, g_d.numpy()", "return theta_d, "
     "theta_g, "
     "rate * g_d.numpy()"),
    ("step", "the new thetas exchanged", "return theta_d, theta_g,", "return theta_g, theta_d,"),
    ("step", "D's gradient by central differences",
     "[g_d] = tg.grad(game.discriminator(discriminator(d, x), discriminator(d, fake)), [d])",
     "def goal(t):\n"
     "        return game.discriminator(discriminator(t, x), discriminator(t, fake))\n"
     "    g_d = tg.Tensor(np.array([(goal(theta_d + 1e-5 * e) - goal(theta_d - 1e-5 * e)) / 2e-5 for e in "
     "np.eye(5)]))"),
    ("step", "remembers the gradient of its last call", "theta_d = theta_d + sign_d",
     "before_d = optimistic_step.__dict__.setdefault('last', before_d)\n"
     "    optimistic_step.last = g_d.numpy()\n    theta_d = theta_d + sign_d"),
]
