"""Right repairs of the programs of assignment 07 in other styles: (task, way, its text, the new text)."""

CLIP = "np.clip(D.theta, -bound, bound, out=D.theta)"
PENALTY = "penalty = gamma / 2 * tg.sum(slope * slope)"
AVERAGE = "        average *= keep\n        average += (1 - keep) * G.theta\n"
V_3 = "v = tg.mean(tg.log_sigmoid(D(x))) + tg.mean(tg.log_sigmoid(-D(fake.detach())))"
NOISY = "        x = x + sigma * noise(128, rng)\n        fake = fake + sigma * noise(128, rng)\n"
MOVE_5 = "        ascend(D.theta, tg.grad(value(real, fake) - penalty, D.parameters()), rate)\n"
STEP_1 = "        on_real = D(beside(x, x * x, c, c * x))\n"

GAMES = [
    ("program-1", "a function for the inputs of D", STEP_1 +
     "        on_fake = D(beside(fake, fake * fake, c_fake, c_fake * fake))\n",
     "        judge = lambda x, c: D(beside(x, x * x, c, c * x))\n"
     "        on_real, on_fake = judge(x, c), judge(fake, c_fake)\n"),
    ("program-1", "the fakes first", "        c = labels(128, rng)\n        x = 2 * c + 0.5 * noise(128, rng)\n"
     "        c_fake = labels(128, rng)\n        fake = G(beside(noise(128, rng), c_fake))\n",
     "        c_fake = labels(128, rng)\n        fake = G(beside(noise(128, rng), c_fake))\n"
     "        c = labels(128, rng)\n        x = 2 * c + 0.5 * noise(128, rng)\n"),
    ("program-1", "D moves first", "        slopes_g = tg.grad(g_non_saturating(on_fake), G.parameters())\n"
     "        ascend(D.theta, adam_d(slopes), rate)\n",
     "        ascend(D.theta, adam_d(slopes), rate)\n"
     "        on_fake = D(beside(fake, fake * fake, c_fake, c_fake * fake))\n"
     "        slopes_g = tg.grad(g_non_saturating(on_fake), G.parameters())\n"),
    ("program-1", "both sides in one batch", STEP_1 +
     "        on_fake = D(beside(fake, fake * fake, c_fake, c_fake * fake))\n",
     "        both, label = tg.concatenate([x, fake], axis=0), tg.concatenate([c, c_fake], axis=0)\n"
     "        logits = D(beside(both, both * both, label, label * both))\n"
     "        on_real, on_fake = logits[:128], logits[128:]\n"),
    ("program-1", "steps by climb", "        slopes = tg.grad(value(on_real, on_fake), D.parameters())\n"
     "        slopes_g = tg.grad(g_non_saturating(on_fake), G.parameters())\n"
     "        ascend(D.theta, adam_d(slopes), rate)\n        ascend(G.theta, adam_g(slopes_g), rate)\n",
     "        slopes_g = tg.grad(g_non_saturating(on_fake), G.parameters())\n"
     "        climb(D, value(on_real, on_fake), adam_d, rate)\n        ascend(G.theta, adam_g(slopes_g), rate)\n"),
    ("program-2", "the fakes' noise first", NOISY,
     "        fake = fake + sigma * noise(128, rng)\n        x = x + sigma * noise(128, rng)\n"),
    ("program-2", "names for what D sees", NOISY, "        x += sigma * noise(128, rng)\n"
     "        seen = G(noise(128, rng)) + noise(128, rng) * sigma\n        fake = seen\n"),
    ("program-2", "one draw for both sides", NOISY, "        blur = sigma * noise(256, rng)\n"
     "        x, fake = x + blur[:128], fake + blur[128:]\n"),
    ("program-2", "NumPy's noise", NOISY, "        blur = lambda: np.float32(sigma) * rng.standard_normal((128, 1), "
     "np.float32)\n        x, fake = x + blur(), fake + blur()\n"),
    ("program-2", "new noise for the step of G", "        climb(G, g_non_saturating(D(squared(fake))), adam_g, rate)\n",
     "        climb(G, g_non_saturating(D(squared(G(noise(128, rng)) + sigma * noise(128, rng)))), adam_g, rate)\n"),
    ("program-3", "the library's functions", V_3, "v = value(D(x), D(fake.detach()))"),
    ("program-3", "softplus", V_3, "v = -tg.mean(tg.softplus(-D(x))) - tg.mean(tg.softplus(D(fake.detach())))"),
    ("program-3", "the library's game", "tg.mean(tg.log_sigmoid(D(fake))), adam_g",
     "g_non_saturating(D(fake)), adam_g"),
    ("program-3", "the stable formula", V_3, "log_d = lambda a: tg.minimum(a, 0) - tg.log(1 + tg.exp(-tg.abs(a)))\n"
     "        v = tg.mean(log_d(D(x))) + tg.mean(log_d(-D(fake.detach())))"),
    ("program-3", "what is subtracted", V_3, "a = D(fake.detach())\n"
     "        v = tg.mean(tg.log_sigmoid(D(x))) + tg.mean(tg.log_sigmoid(a) - a)"),
    ("program-4", "an array of NumPy", "average, path = G.theta.copy()", "average, path = np.array(G.theta)"),
    ("program-4", "a product", "average, path = G.theta.copy()", "average, path = 1 * G.theta"),
    ("program-4", "float64", "average, path = G.theta.copy()", "average, path = G.theta.astype(np.float64)"),
    ("program-4", "a new array each time", AVERAGE, "        average = average + (1 - keep) * (G.theta - average)\n"),
    ("program-4", "at the end, from the path", AVERAGE + "    return average, path",
     "    average = np.array(path[0])\n    for theta in path[1:]:\n"
     "        average = keep * average + (1 - keep) * np.array(theta)\n    return average, path"),
    ("program-4", "lists", AVERAGE,
     "        average = [keep * a + (1 - keep) * t for a, t in zip(average, G.theta)]\n"),
    ("program-4", "weights of the whole path", AVERAGE + "    return average, path",
     "    ages = np.arange(steps)[::-1]\n    weights = np.r_[keep ** steps, (1 - keep) * keep ** ages]\n"
     "    return weights @ np.array(path), path"),
    ("program-5", "the square of psi", PENALTY, "[psi] = D.parameters()\n"
     "        penalty = gamma / 2 * tg.sum(psi * psi)"),
    ("program-5", "a power", PENALTY, "penalty = 0.5 * gamma * (slope ** 2).sum()"),
    ("program-5", "a new leaf in each step", "        real, fake = D(x), D(G(one).detach())\n",
     "        x = tg.Tensor(x.numpy(), requires_grad=True)\n        real, fake = D(x), D(G(one).detach())\n"),
    ("program-5", "the penalty's slope by itself", MOVE_5,
     "        [of_value] = tg.grad(value(real, fake), D.parameters())\n"
     "        [of_penalty] = tg.grad(penalty, D.parameters())\n"
     "        ascend(D.theta, [of_value - of_penalty], rate)\n"),
    ("program-5", "the line by hand", MOVE_5,
     "        [up] = tg.grad(value(real, fake), D.parameters())\n"
     "        ascend(D.theta, up.numpy().ravel() - gamma * D.theta, rate)\n"),
    ("program-5", "a descent of the negative", MOVE_5,
     "        descend(D.theta, tg.grad(penalty - value(real, fake), D.parameters()), rate)\n"),
    ("program-6", "all of it", CLIP, "D.theta[...] = np.clip(D.theta, -bound, bound)"),
    ("program-6", "a position", CLIP, "np.clip(D.theta, -bound, bound, D.theta)"),
    ("program-6", "the smaller and the larger", CLIP, "np.minimum(D.theta, bound, out=D.theta)\n"
     "            np.maximum(D.theta, -bound, out=D.theta)"),
    ("program-6", "masks", CLIP, "D.theta[D.theta > bound] = bound\n            D.theta[D.theta < -bound] = -bound"),
    ("program-6", "a method", CLIP, "D.theta.clip(-bound, bound, out=D.theta)"),
    ("program-6", "float64, then back", CLIP, "D.theta[:] = np.clip(D.theta.astype(float), -bound, bound)"),
    ("program-6", "one after the other", CLIP, "for i in range(len(D.theta)):\n"
     "                D.theta[i] = min(max(D.theta[i], -bound), bound)"),
]
