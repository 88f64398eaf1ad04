"""The judge and its peers in one run on the corpus: misses, false alarms, calls, CPU.

    PYTHONPATH=. python benchmarks/judge_peers.py SEED [MODULE ...] [-v]

Each peer is given what it needs and no less: f as a black box (its gradient the claimed
one), float64, its own default tolerances. Cases that are no matter of a number (wrong
shapes and counts, mutation, drift, layers) are left out of the peers' table.
"""

import copy
import itertools
import os
import sys
import time
import warnings
from collections import defaultdict

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("JAX_PLATFORMS", "cpu")
import numpy as np

from nnlib.gradcheck import compare_gradient
from tests.corpus import cases

warnings.filterwarnings("ignore")
LARGEST = 400  # peers measure entry by entry: larger arrays would take minutes


class Counted:
    """A scalar function of one flat vector, with the claimed gradient as its derivative."""

    def __init__(self, f, x, claimed, upstream=None):
        xs = x if isinstance(x, tuple) else (x,)
        claims = claimed if isinstance(x, tuple) else (claimed,)
        self.f, self.calls, self.xs = f, 0, xs
        self.on = [k for k, c in enumerate(claims) if c is not None]
        self.arrays = [np.array(xs[k], float) for k in self.on]
        self.x = np.concatenate([a.ravel() for a in self.arrays])
        self.upstream = 1.0 if upstream is None else np.asarray(upstream)
        claims = [np.asarray(claims[k]) for k in self.on]
        if any(c.size != a.size or c.dtype.kind not in "fiu" for c, a in zip(claims, self.arrays)):
            raise ValueError("not a matter of numbers")
        self.gradient = np.concatenate([c.astype(float).ravel() for c in claims])

    def __call__(self, flat):
        self.calls += 1
        given, start = [copy.deepcopy(x) for x in self.xs], 0
        for k, a in zip(self.on, self.arrays):
            part = np.array(flat[start : start + a.size]).reshape(a.shape)
            given[k] = part if isinstance(self.xs[k], np.ndarray) else part[()]
            start += a.size
        return float(np.sum(self.upstream * self.f(*given)))


def torch_gradcheck(case):
    import torch

    class Claimed(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return torch.tensor(case(x.detach().numpy()), dtype=torch.float64)

        @staticmethod
        def backward(ctx, upstream):
            return upstream * torch.tensor(case.gradient)

    x = torch.tensor(case.x, requires_grad=True)
    return torch.autograd.gradcheck(Claimed.apply, (x,), raise_exception=False)


def jax_check_grads(case):
    import jax
    import jax.numpy as jnp
    from jax.test_util import check_grads

    jax.config.update("jax_enable_x64", True)

    @jax.custom_vjp
    def f(x):
        return jax.pure_callback(
            lambda v: np.float64(case(np.asarray(v))), jax.ShapeDtypeStruct((), jnp.float64), x
        )

    f.defvjp(lambda x: (f(x), None), lambda _, u: (u * jnp.asarray(case.gradient),))
    try:
        check_grads(f, (jnp.asarray(case.x),), order=1, modes=["rev"])
        return True
    except AssertionError:
        return False


def scipy_check_grad(case):
    from scipy.optimize import check_grad

    error = check_grad(case, lambda x: case.gradient, case.x)
    return bool(error <= 1e-5 * max(1.0, np.linalg.norm(case.gradient)))


def autograd_check_grads(case):
    from autograd.extend import defvjp, primitive
    from autograd.test_util import check_grads

    f = primitive(lambda x: case(np.asarray(x)))
    defvjp(f, lambda ans, x: lambda u: u * case.gradient)
    try:
        check_grads(f, modes=["rev"], order=1)(case.x)
        return True
    except AssertionError:
        return False


def numdifftools_gradient(case):
    from numdifftools import Gradient

    measured = np.ravel(Gradient(case)(case.x))
    return bool(np.allclose(measured, case.gradient, rtol=1e-6, atol=1e-8))


def cs231n_rule(case):
    """Central differences at 1e-5; wrong where the relative error is above 1e-5."""
    for k in range(case.x.size):
        step = np.zeros_like(case.x)
        step[k] = 1e-5
        measured = (case(case.x + step) - case(case.x - step)) / 2e-5
        size = max(abs(measured), abs(case.gradient[k]), 1e-8)
        if not abs(measured - case.gradient[k]) / size <= 1e-5:
            return False
    return True


PEERS = {
    "PyTorch gradcheck": torch_gradcheck,
    "JAX check_grads": jax_check_grads,
    "SciPy check_grad": scipy_check_grad,
    "HIPS autograd check_grads": autograd_check_grads,
    "numdifftools": numdifftools_gradient,
    "CS231n's rule": cs231n_rule,
}


def judge(case, parts):
    f, x, claimed, *upstream = parts
    report = compare_gradient(f, x, claimed, upstream=upstream[0] if upstream else None)
    case.calls = report.evaluations
    return report.passed


def numeric_cases(seed, modules):
    """Yield (case, Counted) for the cases that every peer can be given."""
    skipped = (
        "mutates-input",
        "not-deterministic",
        "wrong-shape",
        "wrong-count",
        "not-finite",
        "cannot-tell",
        "nan",
        "dtype",
    )
    for case in itertools.chain(*(cases(seed, module) for module in modules or [None])):
        if not case.is_layer and case.group not in skipped:
            try:
                counted = Counted(*case.parts)
            except Exception:
                continue
            if 0 < counted.x.size <= LARGEST:
                yield case, counted


def main(seed, *modules):
    rows = defaultdict(lambda: defaultdict(list))
    total = defaultdict(int)
    for case, counted in numeric_cases(seed, modules):
        total[case.right] += 1
        for name, peer in {"nnlib.gradcheck": None, **PEERS}.items():
            counted.calls, start = 0, time.process_time()
            try:
                passed = judge(counted, case.parts) if peer is None else bool(peer(counted))
            except Exception as error:
                passed = f"{type(error).__name__}"
            row = rows[name]
            row["cpu"].append(time.process_time() - start)
            row["calls" if case.right else "calls wrong"].append(counted.calls)
            if isinstance(passed, str):
                row["crash"].append(case.name)
                passed = False
            if passed != case.right:
                row["false alarm" if case.right else "miss"].append(case.name)
    print(f"{total[True]} right and {total[False]} wrong gradients, seed {seed}\n")
    print(
        "| checker | misses | false alarms | of these errors raised | median calls, right | CPU s |"
    )
    print("|---|---|---|---|---|---|")
    for name, row in rows.items():
        print(
            f"| {name} | {len(row['miss'])} | {len(row['false alarm'])} | {len(row['crash'])} | {np.median(row['calls']):.0f} | {sum(row['cpu']):.1f} |"
        )
    if "-v" in sys.argv:
        for name, row in rows.items():
            print(
                name, "MISSES", row["miss"], "\nALARMS", row["false alarm"], "\nCRASH", row["crash"]
            )


if __name__ == "__main__":
    seed, *modules = [word for word in sys.argv[1:] if word != "-v"] or [11]
    main(int(seed), *modules)
