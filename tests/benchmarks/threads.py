"""Whether a second thread pays for small networks: `python tests/benchmarks/threads.py`, on two idle cores.

For networks of three hidden layers, of several widths: milliseconds a step with one and with two threads, alone and
beside a second training of the same kind. `process.SMALL` is chosen from this table.
"""
import argparse
import os
import statistics
import subprocess
import sys
import time

CASES = [(32, 64), (64, 64), (64, 256), (128, 64), (128, 256), (192, 256), (256, 256), (512, 256)]  # width, batch


def train(width, batch, loops, seconds):
    """Plays the ring's game with networks of this width, and prints batch * weights, and the median time of a step."""
    import numpy as np

    import tinygan as tg
    from tinygan import game, nn
    rng = np.random.default_rng(0)

    def network(outputs):
        layers = []
        for inputs in (2, width, width):
            layers += [nn.Dense(inputs, width, rng=rng), nn.ReLU()]
        return nn.Sequential(*layers, nn.Dense(width, outputs, rng=rng))

    players = game.Game(network(2), network(1), tg.data.ring, game.latent(2), rng, batch=batch)
    tg.tune(loops=loops)
    times, start = [], time.perf_counter()
    while time.perf_counter() < start + seconds:
        before = time.perf_counter()
        game.step(players, 10**9)
        times.append(time.perf_counter() - before)
    weights = sum(p.size for p in [*players.generator.parameters(), *players.discriminator.parameters()] if p.ndim > 1)
    print(batch * weights, 1e3 * statistics.median(times[len(times) // 2:]))


def measured(width, batch, loops, threads, processes, seconds):
    """The numbers that `train` prints, in so many processes at once: the size, and the largest time."""
    environment = os.environ | {"OPENBLAS_NUM_THREADS": str(threads)}
    command = [sys.executable, __file__, "--train", str(width), str(batch), str(int(loops)), "--seconds", str(seconds)]
    running = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
               for _ in range(processes)]
    results = [list(map(float, process.communicate()[0].split())) for process in running]
    return int(results[0][0]), max(time for _, time in results)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", nargs=3, type=int, metavar=("WIDTH", "BATCH", "LOOPS"), help=argparse.SUPPRESS)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each measurement (default: 3)")
    options = parser.parse_args()
    if options.train:
        train(*options.train, options.seconds)
        return
    print("| width, batch | batch x weights | loops | alone: 1 thread | 2 | two at once: 1 each | 2 each |")
    print("|---|---|---|---|---|---|---|")
    for width, batch in CASES:
        for loops in (True, False):
            cells = [measured(width, batch, loops, threads, processes, options.seconds)
                     for processes in (1, 2) for threads in (1, 2)]
            times = " | ".join(f"{time:.1f}" for _, time in cells)
            size = cells[0][0] / 2**20
            print(f"| {width}, {batch} | {size:.1f} Mi | {'yes' if loops else 'no'} | {times} |", flush=True)


if __name__ == "__main__":
    main()
