"""The judge on networks with kinks, 1e3 to 1e6 parameters: calls and time, misses if wrong.

    PYTHONPATH=. nice python benchmarks/judge_networks.py [SEEDS]

Right gradients of dense networks: ReLU, leaky ReLU, max pooling over pairs; cross-entropy and
absolute error. Wrong ones: one entry of ordinary size off by 1e-5, 1e-3 or 1, one entry of zero
off, a layer's upstream gradient times 1.001 or -1.
"""

import os
import sys
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
import numpy as np

from nnlib.trial import judge
from tests.corpus.nets import absolute, cross_entropy, largest_of_two, leaky, network, relu
from tests.test_kinked_networks import but_one, rms

SHAPES = [((20, 40, 10), 1), ((20, 40, 10), 128), ((64, 100, 32, 10), 32), ((40,) * 8 + (10,), 16),
          ((784, 120, 40, 10), 1), ((784, 120, 40, 10), 32), ((784, 180, 60, 10), 128),
          ((784, 1000, 200, 10), 32)]  # fmt: skip
KINDS = [(relu, cross_entropy), (relu, absolute), (leaky, cross_entropy),
         (largest_of_two, absolute)]  # fmt: skip


def timed(f, x, gradients):
    """Return the report and the CPU seconds beyond those of f itself."""
    spent = []

    def clocked(*arrays):
        start = time.process_time()
        value = f(*arrays)
        spent.append(time.process_time() - start)
        return value

    start = time.process_time()
    report = judge(clocked, x, gradients, name=False)
    return report, time.process_time() - start - sum(spent)


def wrong_claims(seed, sizes, B, kind):
    """Yield (f, parameters, wrong gradients)."""
    f, x, gradients = network(seed, sizes, B, *kind)
    rng, ordinary = np.random.default_rng(seed), (0.5 * rms(gradients), np.inf)
    for by, between in ((1e-5, ordinary), (1e-3, ordinary), (1, ordinary), (1e-3, (-1, 0))):
        claim, changed = but_one(gradients, rng, by, *between)
        if changed:
            yield f, x, claim
    for factor in (1.001, -1):
        yield network(seed, sizes, B, *kind, wrong=(len(sizes) // 2 - 1, factor))


def main(seeds):
    print("| sizes, batch | parameters | right | false alarms | calls, median and most "
          "| ms beyond f | wrong | misses | calls, median |\n|" + 9 * "---|")  # fmt: skip
    for sizes, B in SHAPES:
        cases = [(seed, kind) for seed in range(seeds) for kind in KINDS]
        right = [timed(*network(seed, sizes, B, *kind)) for seed, kind in cases]
        calls, beyond = [r.evaluations for r, _ in right], np.median([s for _, s in right])
        wrong = [judge(*c, name=False) for s, k in cases for c in wrong_claims(s, sizes, B, k)]
        n = sum(p.size for p in network(0, sizes, B)[1])
        print(f"| {'-'.join(map(str, sizes))}, {B} | {n:,} | {len(right)} | "
              f"{sum(not r.passed for r, _ in right)} | {np.median(calls):.0f}, {max(calls)} | "
              f"{1e3 * beyond:.0f} | {len(wrong)} | {sum(r.passed for r in wrong)} | "
              f"{np.median([r.evaluations for r in wrong]):.0f} |", flush=True)  # fmt: skip


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
