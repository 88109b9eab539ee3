"""Right answers to assignment 04 by other formulas: (NN:cell, way, text) as in right_code.py."""

SIGMOID = """
def sigmoid(a):
    return np.exp(-np.logaddexp(0, -a))

"""

OBJECTIVES = [
    ("04:hellinger-answer", "one constant", "def hellinger(real, fake):\n"
     "    return 2 - tg.mean(tg.exp(-real)) - tg.mean(tg.exp(fake))"),
    ("04:hellinger-answer", "named as in the text", """
def hellinger(real, fake):
    T = 1 - tg.exp(-real)
    conjugate = tg.exp(fake) - 1
    return T.mean() - conjugate.mean()"""),
    ("04:hellinger-answer", "sums", """
def hellinger(real, fake):
    m, n = len(real.data), len(fake.data)
    return tg.sum(1 - tg.exp(-real)) / m + tg.sum(1 - tg.exp(fake)) / n"""),
    ("04:hellinger-answer", "powers of e", """
def hellinger(real, fake):
    penalties = tg.concatenate([tg.exp(-real) / real.shape[0], tg.exp(fake) / fake.shape[0]], axis=0)
    return 2 - penalties.sum()"""),
    ("04:hellinger-answer", "a rule of its own", """
from tinygan.tensor import record, unwrap

def less_one(a):
    return record(np.expm1(unwrap(a)), (a, lambda g, y, a: g * tg.exp(a)))

def hellinger(real, fake):
    return -tg.mean(less_one(-real)) - tg.mean(less_one(fake))"""),
    ("04:relativistic-answer", "softplus", """
def relativistic(ours, theirs):
    return -tg.mean(tg.softplus(theirs.mean() - ours)) - tg.mean(tg.softplus(theirs - ours.mean()))"""),
    ("04:relativistic-answer", "one mean of two", """
def relativistic(ours, theirs):
    m, n = ours.shape[0], theirs.shape[0]
    a, b = tg.sum(ours) / m, tg.sum(theirs) / n
    return tg.sum(tg.log_sigmoid(ours - b)) / m + tg.sum(tg.log_sigmoid(a - theirs)) / n"""),
    ("04:relativistic-answer", "the stable formula", """
def log_sigmoid(a):
    return tg.minimum(a, 0) - tg.log(1 + tg.exp(-tg.abs(a)))

def relativistic(ours, theirs):
    return tg.mean(log_sigmoid(ours - tg.mean(theirs))) + tg.mean(log_sigmoid(tg.mean(ours) - theirs))"""),
    ("04:relativistic-answer", "the library's value", """
from tinygan.objectives import value

def relativistic(ours, theirs):
    return value(ours - tg.mean(theirs), theirs - tg.mean(ours))"""),
    ("04:relativistic-answer", "log 1 - sigmoid by what is subtracted", """
def relativistic(ours, theirs):
    above, below = ours - tg.mean(theirs, axis=0), theirs - tg.mean(ours, axis=0)
    return tg.mean(tg.log_sigmoid(above)) + tg.mean(tg.log_sigmoid(below) - below)"""),
    ("04:by-hand-answer", "softplus slopes", SIGMOID + """
def relativistic_gradient(ours, theirs):
    m, n = len(ours), len(theirs)
    p = sigmoid(-(ours - theirs.mean()))
    q = sigmoid(theirs - ours.mean())
    return p / m + q.sum() / (n * m), -q / n - p.sum() / (m * n)"""),
    ("04:by-hand-answer", "a matrix of all paths", SIGMOID + """
def relativistic_gradient(ours, theirs):
    m, n = ours.shape[0], theirs.shape[0]
    u = 1 - sigmoid(ours - np.mean(theirs))
    v = -sigmoid(theirs - np.mean(ours))
    to_ours = np.concatenate([np.eye(m), -np.ones((m, n)) / m], axis=1) / np.r_[m * np.ones(m), n * np.ones(n)]
    to_theirs = np.concatenate([-np.ones((n, m)) / n, np.eye(n)], axis=1) / np.r_[m * np.ones(m), n * np.ones(n)]
    both = np.concatenate([u, v])
    return to_ours @ both, to_theirs @ both"""),
    ("04:by-hand-answer", "differences before the mean", SIGMOID + """
def relativistic_gradient(ours, theirs):
    differences = ours - theirs.T
    p = sigmoid(-differences.mean(axis=1, keepdims=True))
    q = sigmoid(-differences.mean(axis=0, keepdims=True)).T
    return (p + q.mean()) / len(ours), -(q + p.mean()) / len(theirs)"""),
    ("04:by-hand-answer", "in place", """
def relativistic_gradient(ours, theirs):
    a, b = ours - theirs.sum() / theirs.size, theirs - ours.sum() / ours.size
    p, q = np.tanh(a / 2), np.tanh(b / 2)
    for s in (p, q):
        s += 1
        s *= 0.5
    p = (1 - p) / ours.size
    q = -q / theirs.size
    return p - q.sum() / ours.size, q - p.sum() / theirs.size"""),
    ("04:by-hand-answer", "with overflow", """
def relativistic_gradient(ours, theirs):
    with np.errstate(over="ignore"):
        p = 1 / (1 + np.exp(ours - theirs.mean()))
        q = 1 / (1 + np.exp(ours.mean() - theirs))
    return (p + np.mean(q)) / len(p), -(q + np.mean(p)) / len(q)"""),
    ("04:by-hand-answer", "an object", """
class Hand:
    def __call__(self, ours, theirs):
        s = lambda a: 0.5 * (1 + np.tanh(0.5 * a))
        p, q = s(theirs.mean() - ours), s(theirs - ours.mean())
        return p / len(p) + q.mean() / len(p), -q / len(q) - p.mean() / len(q)

relativistic_gradient = Hand()"""),
    ("04:step-answer", "the sign on the goal", """
def optimistic_step(theta_d, theta_g, before_d, before_g, x, z, name, rate):
    goal_d, goal_g = OBJECTIVES[name]
    d = tg.Tensor(theta_d, requires_grad=True)
    out = goal_d(discriminator(d, x), discriminator(d, generator(theta_g, z)))
    g_d = tg.grad(out, [d])[0].numpy()
    rate_d = rate if goal_d.direction == "ascend" else -rate
    new_d = theta_d + 2 * rate_d * g_d - rate_d * before_d
    g = tg.Tensor(theta_g, requires_grad=True)
    g_g = tg.grad(goal_g(discriminator(new_d, generator(g, z))), [g])[0].numpy()
    rate_g = rate if goal_g.direction == "ascend" else -rate
    return new_d, theta_g + 2 * rate_g * g_g - rate_g * before_g, g_d, g_g"""),
    ("04:step-answer", "copies that move", """
def optimistic_step(theta_d, theta_g, before_d, before_g, x, z, name, rate):
    theta_d, theta_g = theta_d.copy(), theta_g.copy()
    game = OBJECTIVES[name]
    def move(theta, goal, before, function):
        leaf = tg.Tensor(theta.copy(), requires_grad=True)
        slope = tg.grad(function(leaf), leaf)[0].numpy()
        change = rate * (slope + (slope - before))
        if goal.direction == "ascend":
            theta += change
        else:
            theta -= change
        return slope
    g_d = move(theta_d, game.discriminator, before_d, lambda d: game.discriminator(
        discriminator(d, x), discriminator(d, generator(theta_g, z))))
    g_g = move(theta_g, game.generator, before_g, lambda g: game.generator(discriminator(theta_d, generator(g, z))))
    return theta_d, theta_g, g_d, g_g"""),
    ("04:step-answer", "Tensors, detached", """
def optimistic_step(theta_d, theta_g, before_d, before_g, x, z, name, rate):
    game, x, z = OBJECTIVES[name], tg.Tensor(x), tg.Tensor(z)
    d, g = tg.Tensor(theta_d, requires_grad=True), tg.Tensor(theta_g, requires_grad=True)
    fake = generator(g, z).detach()
    [g_d] = tg.grad(game.discriminator(discriminator(d, x), discriminator(d, fake)), [d])
    sign = {"ascend": 1.0, "descend": -1.0}
    d = (d + sign[game.discriminator.direction] * rate * (2 * g_d - before_d)).detach()
    [g_g] = tg.grad(game.generator(discriminator(d, generator(g, z))), [g])
    g = g + sign[game.generator.direction] * rate * (2 * g_g - before_g)
    return d.numpy(), g.numpy(), g_d.numpy(), g_g.numpy()"""),
    ("04:step-answer", "both batches at once", """
def optimistic_step(theta_d, theta_g, before_d, before_g, x, z, name, rate):
    game, n = OBJECTIVES[name], len(x)
    d = tg.Tensor(theta_d, requires_grad=True)
    logits = discriminator(d, np.concatenate([x, generator(theta_g, z)]))
    g_d = tg.grad(game.discriminator(logits[:n], logits[n:]), [d])[0].data
    up = 1 if game.discriminator.direction == "ascend" else -1
    moved = theta_d + up * (rate * (2 * g_d - before_d))
    g = tg.Tensor(theta_g, requires_grad=True)
    g_g = tg.grad(game.generator(discriminator(moved, generator(g, z))), [g])[0].data
    up = 1 if game.generator.direction == "ascend" else -1
    return [moved, theta_g + up * (rate * (2 * g_g - before_g)), g_d, g_g]"""),
    ("04:step-answer", "the library's updates", """
from tinygan.updates import ascend, descend

def optimistic_step(theta_d, theta_g, before_d, before_g, x, z, name, rate):
    goals = OBJECTIVES[name]
    new_d, new_g = np.array(theta_d), np.array(theta_g)
    d = tg.Tensor(theta_d, requires_grad=True)
    [g_d] = tg.grad(goals.discriminator(discriminator(d, x), discriminator(d, generator(theta_g, z))), [d])
    {"ascend": ascend, "descend": descend}[goals.discriminator.direction](new_d, 2 * g_d.numpy() - before_d, rate)
    g = tg.Tensor(theta_g, requires_grad=True)
    [g_g] = tg.grad(goals.generator(discriminator(new_d, generator(g, z))), [g])
    {"ascend": ascend, "descend": descend}[goals.generator.direction](new_g, 2 * g_g.numpy() - before_g, rate)
    return new_d, new_g, g_d.numpy(), g_g.numpy()"""),
]
