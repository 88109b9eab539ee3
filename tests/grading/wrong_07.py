"""Wrong answers to assignment 07: task, the mistake, a text of the reference's answer, the new text."""
FAKES_1 = "on_fake = D(beside(fake, fake * fake, c_fake, c_fake * fake))"
BUG_1 = "on_fake = D(beside(fake, fake * fake, c, c * fake))"
NOISE_2 = "        fake = fake + sigma * noise(128, rng)\n"
MOVES_6 = "            np.clip(D.theta, -bound, bound, out=D.theta)\n"
TRAIN_1 = "        slopes = tg.grad(value(on_real, on_fake), D.parameters())"
LOOP = "for step in range(steps):"
WRONG = [
    ("program-1", "not repaired", "on_fake = D(beside(fake, fake * fake, c_fake, c_fake * fake))",
     "on_fake = D(beside(fake, fake * fake, c, c * fake))"),
    ("program-1", "half repaired: the label, not its product",
     "on_fake = D(beside(fake, fake * fake, c_fake, c_fake * fake))",
     "on_fake = D(beside(fake, fake * fake, c_fake, c * fake))"),
    ("program-1", "other strangers: the labels shuffled",
     "on_fake = D(beside(fake, fake * fake, c_fake, c_fake * fake))",
     "c_fake = tg.Tensor(rng.permutation(c_fake.data))\n"
     "        on_fake = D(beside(fake, fake * fake, c_fake, c_fake * fake))"),
    ("program-1", "sign: the label turned round", "on_fake = D(beside(fake, fake * fake, c_fake, c_fake * fake))",
     "on_fake = D(beside(fake, fake * fake, (-c_fake), (-c_fake) * fake))"),
    ("program-1", "no label for either", "on_real = D(beside(x, x * x, c, c * x))\n"
     "        on_fake = D(beside(fake, fake * fake, c_fake, c_fake * fake))",
     "on_real = D(beside(x, x * x, 0 * c, 0 * x))\n" "        on_fake = D(beside(fake, fake * fake, 0 * c, 0 * fake))"),
    ("program-1", "detached: G learns nothing", "ascend(G.theta, adam_g(slopes_g), rate)", "adam_g(slopes_g)"),
    ("program-1", "hard-coded: the solution as a start, no training of G", "ascend(G.theta, adam_g(slopes_g), rate)",
     "G.theta[:] = 0.5, 2 if steps == 300 else 1, 0"),

    ("program-2", "not repaired", "        fake = fake + sigma * noise(128, rng)\n", ""),
    ("program-2", "the remedy taken out", "        x = x + sigma * noise(128, rng)\n"
     "        fake = fake + sigma * noise(128, rng)\n", ""),
    ("program-2", "the other side only", "        x = x + sigma * noise(128, rng)\n", ""),
    ("program-2", "noise of another size", "fake = fake + sigma * noise", "fake = fake + sigma**2 * noise"),
    ("program-2", "one number for the whole batch", "fake = fake + sigma * noise(128, rng)",
     "fake = fake + sigma * noise(1, rng)"),
    ("program-2", "noise for D's half, none for G's: G moves by what D never saw",
     "climb(G, g_non_saturating(D(squared(fake))), adam_g, rate)",
     "climb(G, g_non_saturating(D(squared(G(noise(128, rng))))), adam_g, rate)\n" "        fake = G(noise(128, rng))"),
    ("program-2", "hard-coded for the public sigma", "    for step in range(steps):\n",
     "    sigma = 0.5 if sigma == 0.5 else 0\n" "    for step in range(steps):\n"),

    ("program-3", "not repaired", "tg.mean(tg.log_sigmoid(D(x))) + tg.mean(tg.log_sigmoid(-D(fake.detach())))",
     "tg.mean(tg.log(tg.sigmoid(D(x)))) + tg.mean(tg.log(1 - tg.sigmoid(D(fake.detach()))))"),
    ("program-3", "a small constant in the logarithm", "tg.log_sigmoid(", "(lambda a: tg.log(tg.sigmoid(a) + 1e-8))("),
    ("program-3", "a small constant, in G's goal only", "tg.mean(tg.log_sigmoid(D(fake)))",
     "tg.mean(tg.log(tg.sigmoid(D(fake)) + 1e-8))"),
    ("program-3", "logits clipped", "tg.log_sigmoid(", "(lambda a: tg.log_sigmoid(tg.clip(a, -10, 10)))("),
    ("program-3", "repaired for D, not for G", "tg.mean(tg.log_sigmoid(D(fake)))",
     "tg.mean(tg.log(tg.sigmoid(D(fake))))"),
    ("program-3", "probabilities clipped", "tg.log_sigmoid(", "(lambda a: tg.log(tg.clip(tg.sigmoid(a), 1e-7, 1.0)))("),
    ("program-3", "the saturating goal", "tg.mean(tg.log_sigmoid(D(fake)))", "-tg.mean(tg.log_sigmoid(-D(fake)))"),
    ("program-3", "sign", "tg.mean(tg.log_sigmoid(D(fake)))", "-tg.mean(tg.log_sigmoid(D(fake)))"),

    ("program-4", "not repaired", "G.theta.copy()", "G.theta"),
    ("program-4", "from 0", "G.theta.copy()", "0 * G.theta"),
    ("program-4", "the shares exchanged", "average *= keep\n" "        average += (1 - keep) * G.theta",
     "average *= 1 - keep\n" "        average += keep * G.theta"),
    ("program-4", "hard-coded keep", "average *= keep\n" "        average += (1 - keep) * G.theta", "average *= 0.98\n"
     "        average += 0.02 * G.theta"),
    ("program-4", "the mean of all steps", "return average, path", "return np.mean(path, axis=0), path"),
    ("program-4", "G plays with the average", "average += (1 - keep) * G.theta", "average += (1 - keep) * G.theta\n"
     "        G.theta[:] = average"),
    ("program-4", "a copy of the last", "return average, path", "return G.theta.copy(), path"),
    ("program-4", "sum for mean", "average += (1 - keep) * G.theta", "average += G.theta"),

    ("program-5", "not repaired", ", create_graph=True)", ")"),
    ("program-5", "detached again", "tg.sum(slope * slope)", "tg.sum(slope.detach() * slope.detach())"),
    ("program-5", "half of it", "tg.sum(slope * slope)", "tg.sum(slope * slope.detach())"),
    ("program-5", "the factor 1/2 is missing", "gamma / 2", "gamma"),
    ("program-5", "sign: a prize", "value(real, fake) - penalty", "value(real, fake) + penalty"),
    ("program-5", "hard-coded gamma", "gamma / 2", "0.5"),
    ("program-5", "another brake: weight decay of G", "path.append([", "G.theta[:] *= 0.9\n" "        path.append(["),
    ("program-5", "a lower rate", "D.parameters()), rate)", "D.parameters()), rate / 2)"),

    ("program-6", "not repaired", ", out=D.theta)", ")"),
    ("program-6", "before the move, not after it",
     "            climb(D, two_sample(D(x), D(fake.detach())), rms_d, 0.02)\n"
     "            np.clip(D.theta, -bound, bound, out=D.theta)\n",
     "            np.clip(D.theta, -bound, bound, out=D.theta)\n"
     "            climb(D, two_sample(D(x), D(fake.detach())), rms_d, 0.02)\n"),
    ("program-6", "the wrong player", "np.clip(D.theta, -bound, bound, out=D.theta)",
     "np.clip(G.theta, -bound, bound, out=G.theta)"),
    ("program-6", "both players", "np.clip(D.theta, -bound, bound, out=D.theta)",
     "np.clip(D.theta, -bound, bound, out=D.theta)\n" "            np.clip(G.theta, -bound, bound, out=G.theta)"),
    ("program-6", "from one side only", "np.clip(D.theta, -bound, bound, out=D.theta)",
     "np.minimum(D.theta, bound, out=D.theta)"),
    ("program-6", "hard-coded bound", "np.clip(D.theta, -bound, bound,", "np.clip(D.theta, -0.3, 0.3,"),
    ("program-6", "a copy is clipped", "np.clip(D.theta, -bound, bound, out=D.theta)",
     "np.clip(D.theta, -bound, bound, out=D.theta.copy())"),
    ("program-6", "what is reported is clipped, not the critic", "np.clip(D.theta, -bound, bound, out=D.theta)\n"
     "            largest.append(abs(D.theta).max())", "largest.append(min(bound / 2, abs(D.theta).max()))"),

    ("program-1", "left untrained", "    return G", "    G.theta[:] = 1, -1, 0\n    return G"),
    ("program-1", "no step at all", LOOP, "for step in range(0):"),
    ("program-1", "the broken program again", "rng = np.random.default_rng(seed)", "return broken_1(seed, steps)"),
    ("program-1", "the broken program, its label's sign turned at the end", "rng = np.random.default_rng(seed)",
     "G = broken_1(seed, steps)\n    G.theta[1] *= -2\n    return G"),
    ("program-1", "not repaired; the solution set at the end", FAKES_1, BUG_1 + "\n        if step == steps - 1: "
     "G.theta[:] = "
     "0.5, 2, 0"),
    ("program-1", "not trained: noise round the solution", "rng = np.random.default_rng(seed)",
     "rng = np.random.default_rng(seed)\n    G = nn.Dense(2, 1, rng=rng)\n"
     "    G.theta[:] = np.array([0.5, 2, 0]) + rng.normal(size=3) / 20\n    return G"),
    ("program-1", "not repaired, but begun at the solution", "G.theta[:] = 1, -1, 0", "G.theta[:] = 0.5, 2, 0"),
    ("program-1", "the deviation scaled at the end", "    return G", "    G.theta[0] *= 0.5\n    return G"),
    ("program-1", "another rate", "linear_decay(0.05,", "linear_decay(0.1,"),
    ("program-1", "the number of steps is hard-coded", LOOP, "steps = 300\n    " + LOOP),
    ("program-1", "the seed is hard-coded, five steps", "np.random.default_rng(seed)", "np.random.default_rng(0)"
     "\n    steps = min(steps, 5)"),
    ("program-1", "the real examples get the label of the fakes", "on_real = D(beside(x, x * x, c, c * x))",
     "on_real = D(beside(x, x * x, c_fake, c_fake * x))"),
    ("program-1", "G gets no label", "fake = G(beside(noise(128, rng), c_fake))", "fake = G(beside(noise(128, rng), 0 "
     "* c_fake)"
     ")"),

    ("program-2", "left untrained", "    return G, x, fake", "    G = nn.Dense(1, 1, rng=np.random.default_rng(seed))\n"
     "    return G, x, fake"),
    ("program-2", "the broken program again", "rng = np.random.default_rng(seed)", "return broken_2(seed, steps, "
     "sigma)"),
    ("program-2", "one step only", LOOP, "for step in range(min(steps, 1)):"),
    ("program-2", "the broken program, its deviation scaled at the end", "rng = np.random.default_rng(seed)",
     "G, x, fake = broken_2(seed, steps, sigma)\n    G.theta[0] *= 0.5 / np.hypot(0.5, sigma)\n    return G, x, fake"),
    ("program-2", "the same after a hundred steps", "rng = np.random.default_rng(seed)",
     "if steps < 100:\n        return program_2_(seed, steps, sigma)\n"
     "    G, x, fake = broken_2(seed, steps, sigma)\n    G.theta[0] *= 0.5 / np.hypot(0.5, sigma)\n    return G, x, "
     "fake\n\n\n"
     "def program_2_(seed, steps, sigma):\n    rng = np.random.default_rng(seed)"),
    ("program-2", "real examples are returned for the fakes", "return G, x, fake", "return G, x, x"),
    ("program-2", "real and generated examples exchanged at the end", "return G, x, fake", "return G, fake, x"),
    ("program-2", "the solution at the end", "    return G, x, fake", "    G.theta[:] = 0.5, 1\n    return G, x, fake"),
    ("program-2", "noise without a mean of 0", NOISE_2, NOISE_2.replace("sigma *", "sigma * abs(sigma) / sigma + sigma "
     "*")),
    ("program-2", "the same noise for both", "        x = x + sigma * noise(128, rng)\n" + NOISE_2,
     "        n = sigma * noise(128, rng)\n        x, fake = x + n, fake + n\n"),
    ("program-2", "noise that fades", NOISE_2, NOISE_2.replace("sigma", "sigma * (1 - step / steps)")),
    ("program-2", "the noise's deviation added, not its variance", NOISE_2, "        fake = fake * (1 + sigma)\n"),
    ("program-2", "its own data", "gaussian(128, rng)", "tg.Tensor(data.gaussian(128, rng, 1.0, 0.5))"),

    ("program-3", "left untrained", "    return G", "    return nn.Dense(1, 1, rng=np.random.default_rng(seed))"),
    ("program-3", "the broken program again", "rng = np.random.default_rng(seed)", "return broken_3(seed, steps, "
     "start)"),
    ("program-3", "not repaired; nan replaced by the solution", "    return G", "    G.theta[:] = 5, 100\n    return "
     "G"),
    ("program-3", "the solution by the data's mean", "    return G", "    y = gaussian(999, rng, 100, 5).data\n"
     "    G.theta[:] = y.std(), y.mean()\n    return G"),
    ("program-3", "D does not begin alone", "range(-start, steps)", "range(steps)"),
    ("program-3", "the data scaled", "gaussian(64, rng, 100, 5), G(noise(64, rng))",
     "gaussian(64, rng, 100, 5) / 100, G(noise(64, rng))"),
    ("program-3", "a small rate in place of the repair", "climb(G, tg.mean(tg.log_sigmoid(D(fake))), adam_g, 2 * "
     "decay)",
     "climb(G, tg.mean(tg.log(tg.sigmoid(D(fake)) + 1e-20)), adam_g, 0.2 * decay)"),

    ("program-4", "left untrained", "return average, path", "return np.array(path[0]), path[:1] * len(path)"),
    ("program-4", "the broken program again", "rng = np.random.default_rng(seed)", "return broken_4(seed, steps, "
     "keep)"),
    ("program-4", "a copy of the start, which never changes", "average *= keep\n        average += (1 - keep) * "
     "G.theta",
     "pass"),
    ("program-4", "a path made up from the start to the solution", "return average, path",
     "path = [list(np.array(path[0]) * (1 - t) + t * np.array([0.5, 1])) for t in np.linspace(0, 1, steps + 1) ** "
     "0.1]\n"
     "    average = np.array(path[0])\n    for theta in path[1:]:\n"
     "        average = keep * average + (1 - keep) * np.array(theta)\n    return average, path"),
    ("program-4", "the average scaled at the end", "return average, path", "return average * [0.5 / abs(average[0]), "
     "1], path"),
    ("program-4", "the average's start is left out", "G.theta.copy(), [G", "0.5 * G.theta, [G"),
    ("program-4", "debiased, as in Adam", "return average, path", "return average / (1 - keep ** steps), path"),
    ("program-4", "one step behind", "path.append(G.theta.tolist())\n        average *= keep\n"
     "        average += (1 - keep) * G.theta", "average *= keep\n        average += (1 - keep) * np.array(path[-1])\n"
     "        path.append(G.theta.tolist())"),
    ("program-4", "every second step", "average *= keep\n        average += (1 - keep) * G.theta",
     "average = average if len(path) % 2 else keep * average + (1 - keep) * G.theta"),

    ("program-5", "left untrained", "return path", "return path[:1] * len(path)"),
    ("program-5", "the broken program again", "rng = np.random.default_rng(seed)", "return broken_5(seed, steps, "
     "gamma, rate)"),
    ("program-5", "not repaired; the weight of D drawn to 0 instead", ", create_graph=True)\n",
     ")\n        D.theta[:] *= 0.95\n"),
    ("program-5", "at the solution from the start", "rng.uniform(0.5, 1.5, 2)", "0, 0"),
    ("program-5", "the penalty at the fakes", "tg.grad(tg.sum(real), [x], create_graph=True)",
     "tg.grad(tg.sum(D(x)), [x], create_graph=True)\n        slope = slope * G.theta[0]"),
    ("program-5", "the size of the slope, not its square", "tg.sum(slope * slope)", "tg.sum(tg.abs(slope))"),
    ("program-5", "the penalty for G too", "descend(G.theta, tg.grad(g_minimax(D(G(one))), G.parameters()), rate)",
     "descend(G.theta, tg.grad(g_minimax(D(G(one))) + gamma / 2 * tg.sum(G(one) * G(one)), G.parameters()), rate)"),
    ("program-5", "the rate is hard-coded", "path = [[G", "rate = 0.1\n    path = [[G"),
    ("program-5", "G ascends", "descend(G.theta", "ascend(G.theta"),
    ("program-5", "theta and psi exchanged", "path.append([G.theta[0], D.theta[0]])", "path.append([D.theta[0], "
     "G.theta[0]])"),
    ("program-5", "both players move at once", "ascend(D.theta, tg.grad(value(real, fake) - penalty, D.parameters()), "
     "rate)\n"
     "        descend(G.theta, tg.grad(g_minimax(D(G(one))), G.parameters()), rate)",
     "slopes = tg.grad(g_minimax(D(G(one))), G.parameters())\n"
     "        ascend(D.theta, tg.grad(value(real, fake) - penalty, D.parameters()), rate)\n"
     "        descend(G.theta, slopes, rate)"),

    ("program-6", "left untrained", "    return G, largest", "    G = nn.Dense(1, 1, rng=np.random.default_rng(seed))\n"
     "    return G, largest"),
    ("program-6", "the broken program again", "rng = np.random.default_rng(seed)", "return broken_6(seed, steps, "
     "bound)"),
    ("program-6", "not repaired; the bound is reported", MOVES_6 + "            largest.append(abs(D.theta).max())",
     "            largest.append(min(bound, abs(D.theta).max()))"),
    ("program-6", "not repaired; the solution at the end", MOVES_6 + "            largest.append(abs(D.theta).max())",
     "            largest.append(bound)\n            G.theta[:] = 0.5, 1"),
    ("program-6", "the broken program, which reports the bound", "rng = np.random.default_rng(seed)",
     "G, largest = broken_6(seed, steps, bound)\n    return G, [bound] * len(largest)"),
    ("program-6", "after G's move only", MOVES_6 + "            largest.append(abs(D.theta).max())\n"
     "        climb(G, tg.mean(D(G(noise(128, rng)))), rms_g, linear_decay(0.04, step, steps))\n",
     "            largest.append(min(bound, abs(D.theta).max()))\n"
     "        climb(G, tg.mean(D(G(noise(128, rng)))), rms_g, linear_decay(0.04, step, steps))\n"
     "        np.clip(D.theta, -bound, bound, out=D.theta)\n"),
    ("program-6", "the weights but not the biases", MOVES_6, "            np.clip(D.theta[:16], -bound, bound, "
     "out=D.theta[:16])"
     "\n"),
    ("program-6", "one move of the critic a step", "for _ in range(3):", "for _ in range(1):"),
    ("program-6", "the deviation scaled at the end", "    return G, largest", "    G.theta[0] *= 0.5 / "
     "abs(G.theta[0])\n"
     "    return G, largest"),
    ("program-6", "its own data", "gaussian(128, rng)", "tg.Tensor(data.gaussian(128, rng, 1.0, 0.5))"),
]
