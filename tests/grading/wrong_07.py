"""Wrong answers to assignment 07: task, the mistake, a text of the reference's answer, the new text."""
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
]
