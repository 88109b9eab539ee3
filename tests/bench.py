"""How fast, beside PyTorch: five workloads, each framework in a process of its own, taking turns. A script, not a test.

    python tests/bench.py                       # all workloads at two threads
    python tests/bench.py dcgan28 --threads 1 --rounds 15

One step is an update of D and a non-saturating update of G on the same fakes, Adam 2e-4 (.5, .999), float32; `gp` is
one update of a critic with the gradient penalty; `chain` is linear, ReLU and product on small arrays, forward and
backward. The figure is the median, over rounds, of the ratio to PyTorch eager of the same round: the machines are
noisy. Memory is the peak of the whole process.
"""
import argparse
import os
import resource
import statistics
import subprocess
import sys
import time

WORKLOADS = ("chain", "dense", "ring", "gp", "dcgan28", "dcgan64")
PEERS = ("tinygan", "torch", "torch-best")
TURN = 0.4  # seconds of steps in one turn


def networks(name, rng):
    """Generator, discriminator, batch and latent size of a workload, as tinygan modules."""
    from tinygan import nn
    from tinygan.zoo import vanilla
    n = {"rng": rng, "initial": nn.initial.normal(0.02)}
    half = {"kernel_size": 4, "stride": 2, "padding": 1}

    def leaky():
        return nn.LeakyReLU(0.2)
    if name in ("dense", "gp"):
        g = nn.Sequential(*vanilla.mlp([64, 256, 512, 784], rng).layers, nn.Tanh())
        return g, vanilla.mlp([784, 512, 256, 1], rng, leaky), 64, 64
    if name == "ring":
        return vanilla.mlp([2, 128, 128, 2], rng), vanilla.mlp([2, 128, 128, 1], rng), 256, 2
    if name == "dcgan28":
        g = nn.Sequential(nn.Dense(64, 6272, bias=False, **n), nn.Reshape(7, 7, 128), nn.BatchNorm(128), nn.ReLU(),
                          nn.ConvTranspose2d(128, 64, **half, bias=False, **n), nn.BatchNorm(64), nn.ReLU(),
                          nn.ConvTranspose2d(64, 1, **half, **n), nn.Tanh())
        d = nn.Sequential(nn.Conv2d(1, 64, **half, **n), leaky(),
                          nn.Conv2d(64, 128, **half, bias=False, **n), nn.BatchNorm(128), leaky(),
                          nn.Flatten(), nn.Dense(6272, 1, **n))
        return g, d, 64, 64
    widths = [512, 256, 128, 64]
    up = [layer for a, b in zip(widths, widths[1:]) for layer in (
        nn.ConvTranspose2d(a, b, **half, bias=False, **n), nn.BatchNorm(b), nn.ReLU())]
    down = [layer for b, a in zip(widths[::-1], widths[-2::-1]) for layer in (
        nn.Conv2d(b, a, **half, bias=False, **n), nn.BatchNorm(a), leaky())]
    g = nn.Sequential(nn.Reshape(1, 1, 100), nn.ConvTranspose2d(100, 512, 4, bias=False, **n), nn.BatchNorm(512),
                      nn.ReLU(), *up, nn.ConvTranspose2d(64, 3, **half, bias=False, **n), nn.Tanh())
    d = nn.Sequential(nn.Conv2d(3, 64, **half, bias=False, **n), leaky(), *down, nn.Conv2d(512, 1, 4, bias=False, **n),
                      nn.Reshape(1))
    return g, d, 16, 100


def example_shape(name):
    """The shape of a real example."""
    return {"ring": (2,), "dcgan28": (28, 28, 1), "dcgan64": (64, 64, 3)}.get(name, (784,))


def tinygan_step(name):
    """A function that makes one step with tinygan."""
    import numpy as np

    import tinygan as tg
    tg.tune(divide_batches=name.startswith("dcgan"))
    rng = np.random.default_rng(0)
    if name == "chain":
        x = tg.Tensor(rng.standard_normal((8, 16), dtype=np.float32))
        w = tg.Tensor(rng.standard_normal((16, 16), dtype=np.float32), requires_grad=True)
        b = tg.Tensor(np.zeros(16, np.float32), requires_grad=True)
        return lambda: tg.grad((tg.relu(x @ w + b) * x).sum(), [w, b])
    g, d, batch, latent = networks(name, rng)
    real = rng.standard_normal((batch, *example_shape(name)), dtype=np.float32)
    if name == "gp":
        adam = tg.updates.Adam(0.5)
        fake = tg.Tensor(rng.standard_normal(real.shape, dtype=np.float32))

        def critic():
            x = tg.Tensor(real)
            alpha = rng.random((batch, 1), dtype=np.float32)
            between = tg.Tensor(alpha * real + (1 - alpha) * fake.data, requires_grad=True)
            [slope] = tg.grad(tg.sum(d(between)), [between], create_graph=True)
            norm = tg.sqrt(tg.sum(slope * slope, 1))
            loss = tg.mean(d(fake)) - tg.mean(d(x)) + 10 * tg.mean((norm - 1) ** 2)
            tg.updates.descend(d.theta, adam(tg.grad(loss, d.parameters())), 2e-4)
        return critic
    game = tg.game.Game(g, d, lambda n, rng: real, tg.game.latent(latent), rng, batch=batch)
    return lambda: tg.game.train(game, game.step + 1, record_every=1 << 60)


def torch_step(name, best, threads):
    """A function that makes one step with PyTorch; best: channels-last and fused Adam."""
    import numpy as np
    import torch
    import torch.nn.functional as F  # noqa: N812
    from torch_nets import torch_net
    torch.set_num_threads(threads)
    rng = np.random.default_rng(0)
    if name == "chain":
        x = torch.randn(8, 16)
        w, b = torch.randn(16, 16, requires_grad=True), torch.zeros(16, requires_grad=True)
        return lambda: torch.autograd.grad((torch.relu(torch.addmm(b, x, w)) * x).sum(), [w, b])
    g, d, batch, latent = networks(name, rng)
    (g, _), (d, _) = (torch_net(net, torch.float32) for net in (g, d))
    shape = example_shape(name)
    real = torch.randn(batch, *(shape[-1:] + shape[:-1] if len(shape) == 3 else shape))
    if best:
        g, d, real = (m.to(memory_format=torch.channels_last) if len(shape) == 3 else m for m in (g, d, real))
    d_adam, g_adam = (torch.optim.Adam(m.parameters(), 2e-4, (0.5, 0.999), fused=best or None) for m in (d, g))
    if name == "gp":
        fake = torch.randn_like(real)

        def critic():
            alpha = torch.rand(batch, 1)
            between = (alpha * real + (1 - alpha) * fake).requires_grad_()
            [slope] = torch.autograd.grad(d(between).sum(), between, create_graph=True)
            loss = d(fake).mean() - d(real).mean() + 10 * ((slope.norm(dim=1) - 1) ** 2).mean()
            d_adam.zero_grad()
            loss.backward()
            d_adam.step()
        return critic

    def step():
        fake = g(torch.randn(batch, latent))
        d_adam.zero_grad()
        (F.softplus(-d(real)).mean() + F.softplus(d(fake.detach())).mean()).backward()
        d_adam.step()
        d.requires_grad_(False)  # D's weight gradients are not formed in G's step
        g_adam.zero_grad()
        F.softplus(-d(fake)).mean().backward()
        g_adam.step()
        d.requires_grad_(True)
    return step


def worker(peer, name, threads):
    """Answers each line on standard input with the milliseconds of one step; at the end, the peak memory in MB."""
    step = tinygan_step(name) if peer == "tinygan" else torch_step(name, peer == "torch-best", threads)
    steps, start = 0, time.perf_counter()
    while steps < 3 or time.perf_counter() - start < TURN:
        step()
        steps += 1
    print("ready", flush=True)
    for _ in sys.stdin:
        steps, start = 0, time.perf_counter()
        while (passed := time.perf_counter() - start) < TURN:
            step()
            steps += 1
        print(1000 * passed / steps, flush=True)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, flush=True)


def compare(name, peers, threads, rounds):
    """The times of the rounds and the peak memory of each peer."""
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": str(threads), "OMP_NUM_THREADS": str(threads)}
    command = [sys.executable, __file__, name, "--threads", str(threads), "--worker"]
    workers = [subprocess.Popen([*command, peer], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                env=environment) for peer in peers]
    for process in workers:
        process.stdout.readline()
    times = []
    for _ in range(rounds):
        row = []
        for process in workers:
            process.stdin.write("\n")
            process.stdin.flush()
            row.append(float(process.stdout.readline()))
            time.sleep(0.15)  # BLAS threads spin on after their last product
        times.append(row)
    memory = []
    for process in workers:
        process.stdin.close()
        memory.append(float(process.stdout.readline()))
        process.wait()
    return times, memory


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD", help=", ".join(WORKLOADS))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--peers", nargs="+", default=["tinygan", "torch"], choices=PEERS)
    parser.add_argument("--worker", choices=PEERS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.workloads = options.workloads or list(WORKLOADS)
    if options.worker:
        return worker(options.worker, options.workloads[0], options.threads)
    print(f"{'workload':<9} {'peer':<11} {'ms':>8} {'ratio to torch':>24} {'peak MB':>8}   ({options.threads} threads)")
    for name in options.workloads:
        times, memory = compare(name, options.peers, options.threads, options.rounds)
        base = options.peers.index("torch") if "torch" in options.peers else 0
        for i, peer in enumerate(options.peers):
            ratios = sorted(row[i] / row[base] for row in times)
            middle = [statistics.median(row[i] for row in times), statistics.median(ratios)]
            print(f"{name:<9} {peer:<11} {middle[0]:8.3f} {middle[1]:8.2f} ({ratios[0]:5.2f} to {ratios[-1]:5.2f}) "
                  f"{memory[i]:8.0f}", flush=True)
    return None


if __name__ == "__main__":
    sys.exit(main())
