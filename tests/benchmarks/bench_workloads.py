"""The workloads that `bench.py` measures in tinygan and PyTorch, their multiply-adds, and the process that runs one.

    python tests/benchmarks/bench_workloads.py PEER WORKLOAD THREADS BATCH WIDTH

answers each line on standard input with the milliseconds of a step, and at the end with the peak memory. PEER describe
prints the version and the device of the peer named next. PEER count compares the formula for the multiply-adds with
the products that tinygan and PyTorch really compute.
"""
import resource
import sys
import time

import numpy as np
from bench_limits import MEASURES, fewest_bytes, multiply_adds

BATCH = {"chain": 8, "ring": 256, "dcgan64": 16}
LATENT = {"ring": 2, "dcgan64": 100}
SHAPE = {"ring": (2,), "dcgan28": (28, 28, 1), "dcgan64": (64, 64, 3)}
TURN = 0.4  # seconds of steps in one turn


class Workload:
    """A workload at a size: its networks as tinygan modules, batch, latent size and the shape of a real example.

    kind: the class of all its arrays, `Counted` to count products.
    """

    def __init__(self, name, batch=0, width=1.0, kind=np.ndarray):
        self.name, self.batch, self.width = name, batch or BATCH.get(name, 64), width
        self.latent, self.shape = LATENT.get(name, 64), SHAPE.get(name, (784,))
        self.rng, self.kind = np.random.default_rng(0), kind
        if name != "chain":
            self.g, self.d = self._networks()
            for p in [*self.g.parameters(), *self.d.parameters()]:
                p.data = p.data.view(kind)

    def _networks(self):
        from tinygan import nn
        from tinygan.zoo import vanilla
        n = {"rng": self.rng, "initial": nn.initial.normal(0.02)}
        half = {"kernel_size": 4, "stride": 2, "padding": 1}

        def leaky():
            return nn.LeakyReLU(0.2)

        def wide(*widths):  # of the hidden layers
            return [max(1, round(self.width * w)) for w in widths]
        if self.name in ("dense", "gp"):
            g = vanilla.mlp([64, *wide(256, 512), 784], self.rng)
            return nn.Sequential(*g.layers, nn.Tanh()), vanilla.mlp([784, *wide(512, 256), 1], self.rng, leaky)
        if self.name == "ring":
            return (vanilla.mlp([2, *wide(128, 128), 2], self.rng),
                    vanilla.mlp([2, *wide(128, 128), 1], self.rng, leaky))
        if self.name == "dcgan28":
            a, b = wide(128, 64)
            g = nn.Sequential(nn.Dense(64, 49 * a, bias=False, **n), nn.Reshape(7, 7, a), nn.BatchNorm(a), nn.ReLU(),
                              nn.ConvTranspose2d(a, b, **half, bias=False, **n), nn.BatchNorm(b), nn.ReLU(),
                              nn.ConvTranspose2d(b, 1, **half, **n), nn.Tanh())
            d = nn.Sequential(nn.Conv2d(1, b, **half, **n), leaky(),
                              nn.Conv2d(b, a, **half, bias=False, **n), nn.BatchNorm(a), leaky(),
                              nn.Flatten(), nn.Dense(49 * a, 1, **n))
            return g, d
        widths = wide(512, 256, 128, 64)
        up = [layer for a, b in zip(widths, widths[1:]) for layer in (
            nn.ConvTranspose2d(a, b, **half, bias=False, **n), nn.BatchNorm(b), nn.ReLU())]
        down = [layer for b, a in zip(widths[::-1], widths[-2::-1]) for layer in (
            nn.Conv2d(b, a, **half, bias=False, **n), nn.BatchNorm(a), leaky())]
        g = nn.Sequential(nn.Reshape(1, 1, 100), nn.ConvTranspose2d(100, widths[0], 4, bias=False, **n),
                          nn.BatchNorm(widths[0]), nn.ReLU(), *up,
                          nn.ConvTranspose2d(widths[-1], 3, **half, bias=False, **n), nn.Tanh())
        d = nn.Sequential(nn.Conv2d(3, widths[-1], **half, bias=False, **n), leaky(), *down,
                          nn.Conv2d(widths[0], 1, 4, bias=False, **n), nn.Reshape(1))
        return g, d

    def real(self):
        """A batch that stands for the real examples."""
        return self.normal(self.batch, *self.shape)

    def normal(self, *shape):
        """Normal numbers, float32."""
        return self.rng.standard_normal(shape, dtype=np.float32).view(self.kind)


def repeated(step, before=lambda: None):
    """A function that calls `before` once and then makes n steps, from a function that makes one."""
    def run(n):
        before()
        for _ in range(n):
            step()
    return run


def tinygan_run(work):
    """A function that makes n steps with tinygan."""
    import tinygan as tg
    if work.name == "chain":
        x, w = tg.Tensor(work.normal(work.batch, 16)), tg.Tensor(work.normal(16, 16), requires_grad=True)
        b = tg.Tensor(np.zeros(16, np.float32), requires_grad=True)
        return repeated(lambda: tg.grad((tg.relu(x @ w + b) * x).sum(), [w, b]))
    if work.name == "gp":
        d, adam = work.d, tg.updates.Adam(0.5)
        real, fake = work.real(), tg.Tensor(work.real())

        def critic():
            x = tg.Tensor(real)
            alpha = work.rng.random((work.batch, 1), dtype=np.float32)
            between = tg.Tensor(alpha * real + (1 - alpha) * fake.data, requires_grad=True)
            [slope] = tg.grad(tg.sum(d(between)), [between], create_graph=True)
            norm = tg.sqrt(tg.sum(slope * slope, 1))
            loss = tg.mean(d(fake)) - tg.mean(d(x)) + 10 * tg.mean((norm - 1) ** 2)
            tg.updates.descend(d.theta, adam(tg.grad(loss, d.parameters())), 2e-4)
        return repeated(critic)
    game = tinygan_game(work)
    return lambda n: tg.game.train(game, game.step + n, record_every=1 << 60)  # its last step is recorded


def tinygan_game(work, **options):
    """The game of a workload, with options for `Game`."""
    import tinygan as tg
    real, noise = work.real(), tg.game.latent(work.latent)
    return tg.game.Game(work.g, work.d, lambda n, rng: real, lambda n, rng: noise(n, rng).view(work.kind), work.rng,
                        batch=work.batch, **options)


def torch_run(work, best, threads, device="cpu"):
    """A function that makes n steps with PyTorch, all on the device.

    best: channels-last, fused Adam, and on a GPU the fastest convolutions by trial.
    """
    import torch
    import torch.nn.functional as F  # noqa: N812
    from torch_nets import torch_net
    torch.set_num_threads(threads)

    def choose():  # for the whole process, so anew in each turn
        torch.backends.cudnn.benchmark = best
    there = {"device": device}  # not `torch.set_default_device`, which makes each call slower
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False  # float32, as in tinygan
    if work.name == "chain":
        x, w = torch.randn(work.batch, 16, **there), torch.randn(16, 16, requires_grad=True, **there)
        b = torch.zeros(16, requires_grad=True, **there)
        return repeated(lambda: torch.autograd.grad((torch.relu(torch.addmm(b, x, w)) * x).sum(), [w, b]))
    g, d = (torch_net(net, torch.float32)[0].to(device) for net in (work.g, work.d))
    images = len(work.shape) == 3
    real = torch.randn(work.batch, *(work.shape[-1:] + work.shape[:-1] if images else work.shape), **there)
    if best and images:
        g, d, real = (m.to(memory_format=torch.channels_last) for m in (g, d, real))
    d_adam, g_adam = (torch.optim.Adam(m.parameters(), 2e-4, (0.5, 0.999), fused=best or None) for m in (d, g))
    if work.name == "gp":
        fake = torch.randn_like(real)

        def critic():
            alpha = torch.rand(work.batch, 1, **there)
            between = (alpha * real + (1 - alpha) * fake).requires_grad_()
            [slope] = torch.autograd.grad(d(between).sum(), between, create_graph=True)
            loss = d(fake).mean() - d(real).mean() + 10 * ((slope.norm(dim=1) - 1) ** 2).mean()
            d_adam.zero_grad()
            loss.backward()
            d_adam.step()
        return repeated(critic, choose)

    def step():
        fake = g(torch.randn(work.batch, work.latent, **there))
        d_adam.zero_grad()
        (F.softplus(-d(real)).mean() + F.softplus(d(fake.detach())).mean()).backward()
        d_adam.step()
        d.requires_grad_(False)  # D's weight gradients are not formed in G's step
        g_adam.zero_grad()
        F.softplus(-d(fake)).mean().backward()
        g_adam.step()
        d.requires_grad_(True)
    return repeated(step, choose)


class Counted(np.ndarray):
    """An array that counts the multiplications of every matrix product with it; a product with a vector is a sum."""

    __module__ = "numpy"  # tinygan takes the module of an array from its type
    __array_priority__ = 1
    seen: list = []  # noqa: RUF012

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **options):
        bare = [x.view(np.ndarray) if isinstance(x, Counted) else x for x in inputs]
        if out is not None:
            options["out"] = tuple(x.view(np.ndarray) if isinstance(x, Counted) else x for x in out)
        y = getattr(ufunc, method)(*bare, **options)
        if ufunc is np.matmul and min(x.ndim for x in bare) > 1:
            Counted.seen.append(y.size * bare[0].shape[-1])
        return out[0] if out is not None else y.view(Counted) if isinstance(y, np.ndarray) else y


def count(name, threads, size):
    """The multiply-adds of one step: by the formula, in the products that tinygan makes, in those of PyTorch."""
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils.flop_counter import flop_registry
    made = []

    class Noted(TorchDispatchMode):
        def __torch_dispatch__(self, f, types, inputs=(), options=None):
            y = f(*inputs, **(options or {}))
            if f._overloadpacket in flop_registry:
                made.append(flop_registry[f._overloadpacket](*inputs, **(options or {}), out_val=y) // 2)
            return y
    run = tinygan_run(Workload(name, *size, Counted))
    Counted.seen.clear()
    run(1)
    run = torch_run(Workload(name, *size), False, threads)
    with Noted():
        run(1)
    return multiply_adds(Workload(name, *size)), sum(Counted.seen), sum(made)


def describe(peer):
    """The version and the device of the peer; fails if it is not installed."""
    if peer.startswith("tinygan"):
        import tinygan
        blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
        return f"tinygan {tinygan.__version__} on NumPy {np.__version__} with {blas['name']} {blas['version']}"
    if peer == "jax":
        import jax
        return f"JAX {jax.__version__}"
    import torch
    return f"PyTorch {torch.__version__}"


def prepared(peer, work, threads):
    """A function that makes n steps of the workload with the peer."""
    if peer in MEASURES:
        return repeated(MEASURES[peer](threads))
    if peer.startswith("tinygan"):
        import tinygan
        tinygan.tune(loops=peer == "tinygan")
        return tinygan_run(work)
    if peer == "jax":
        from bench_jax import jax_run
        return repeated(jax_run(work, threads))
    return torch_run(work, peer == "torch-best", threads)


def worker(peer, name, threads, size):
    """Prints the multiply-adds of a step; then answers each line with the milliseconds of a step in a turn."""
    work = Workload(name, *size)
    run = prepared(peer, work, threads)

    def timed(n):
        start = time.perf_counter()
        run(n)
        return (time.perf_counter() - start) / n
    timed(1)
    warm = timed(2)
    n = max(1, round(TURN / timed(max(1, min(1000, int(TURN / warm))))))
    turns, n = (3, 1) if peer in MEASURES else (1, n)
    print(multiply_adds(work))
    print(fewest_bytes(work), flush=True)
    for _ in sys.stdin:
        print(1000 * min(timed(n) for _ in range(turns)), flush=True)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, flush=True)


if __name__ == "__main__":
    peer, name, *rest = sys.argv[1:]
    if peer == "describe":
        print(describe(name))
    else:
        threads, size = int(rest[0]), (int(rest[1]), float(rest[2]))
        if peer == "count":
            print(*count(name, threads, size))
        else:
            worker(peer, name, threads, size)
