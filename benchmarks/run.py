"""Speed beside peers: CPU ratios of one run, one BLAS thread, results compared before timing.

    python benchmarks/run.py                        names of all cases
    python benchmarks/run.py NAME ... [--rounds 11] [--only nnlib,floor] [--threads 2] [--json FILE]

NAME may be a pattern, as in "train*". Run it with the Python of the peers' environment
(`requirements-peers.txt`); who is not installed there is left out and named. Cases stand in
`speed_*.py` beside this file, in a dictionary CASES. With `--threads 2` wall time is printed too;
it is information only: a busy machine makes it anything.
"""

import argparse
import ctypes
import fnmatch
import importlib
import importlib.metadata
import importlib.util
import json
import multiprocessing
import os
import platform
import statistics
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

THREADS = sys.argv[sys.argv.index("--threads") + 1] if "--threads" in sys.argv[:-1] else "1"
for name in ("OPENBLAS", "OMP", "MKL"):
    os.environ[f"{name}_NUM_THREADS"] = THREADS
os.environ.update(JAX_PLATFORMS="cpu", CUDA_VISIBLE_DEVICES="", TQDM_DISABLE="1")
if THREADS == "1":
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):  # meant for old libraries, slows new ones
    os.environ.pop(name, None)

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
PEERS = ("torch", "jax", "sklearn", "autograd")
BLOCK = 15e6  # ns of CPU in one block


@dataclass
class Case:
    """One piece of work, done by several.

    Attributes
    ----------
    who : dict of str to callable
        "nnlib", "floor" (bare matrix products), "textbook", or a peer's package. Each makes
        (step, answer): `step()` is what is timed, `answer()` returns the arrays it has led
        to, in nnlib's order, or None where there is nothing to compare. Start both from the
        same numbers: all are asked for their answer after `steps` steps.
    reach : dict of str to float
        The largest CPU ratio nnlib / who that is aimed at.
    tolerance : float
        Largest difference of an answer from nnlib's, relative to the array's largest entry.
    """

    who: dict
    reach: dict = field(default_factory=dict)
    tolerance: float = 1e-4
    steps: int = 3


def cases():
    """Return {name: (module, Case)} of all `speed_*.py`; they load no peer before it is asked."""
    modules = sorted(path.stem for path in HERE.glob("speed_*.py"))
    return {
        name: (module, case)
        for module in modules
        for name, case in importlib.import_module(module).CASES.items()
    }


class Runner:
    """One of those who do the work, in a process of its own, asked over a pipe."""

    def __init__(self, module, name, who):
        self.pipe, theirs = multiprocessing.get_context("spawn").Pipe()
        target = multiprocessing.get_context("spawn").Process
        self.process = target(target=serve, args=(theirs, module, name, who), daemon=True)
        self.process.start()
        theirs.close()
        self.answer, self.repeats = self.pipe.recv(), self.pipe.recv()

    def block(self):
        """Return (CPU, wall) of one step in ns, the mean over a block of steps."""
        self.pipe.send(self.repeats)
        return self.pipe.recv()

    def close(self):
        self.pipe.close()
        self.process.join()


def serve(pipe, module, name, who):
    """Do one runner's work: send the answer and the steps of a block, then time what is asked."""
    if who.startswith("torch"):
        import torch

        torch.set_num_threads(int(THREADS))
    case = importlib.import_module(module).CASES[name]
    step, answer = case.who[who]()
    for _ in range(case.steps):
        step()
    pipe.send(answer())
    repeats = 1
    while timed(step, repeats)[0] * repeats < BLOCK / 2:
        repeats *= 2
    pipe.send(max(1, round(BLOCK / min(timed(step, repeats)[0] for _ in range(3)))))
    try:
        while True:
            pipe.send(timed(step, pipe.recv()))
    except EOFError:
        pass


def timed(step, repeats):
    """Return (CPU, wall) in ns of one of `repeats` steps."""
    wall, cpu = time.perf_counter_ns(), time.process_time_ns()
    for _ in range(repeats):
        step()
    cpu, wall = time.process_time_ns() - cpu, time.perf_counter_ns() - wall
    return cpu / repeats, wall / repeats


def rounds_of(runners, rounds):
    """Return {who: [(CPU, wall) of each round]}, the order reversed each round."""
    times, order = {who: [] for who in runners}, list(runners)
    for _ in range(rounds):
        for who in order:
            times[who].append(runners[who].block())
        order.reverse()
    return times


def quartiles(ratios):
    """Return (first quartile, median, third quartile)."""
    return tuple(statistics.quantiles(ratios, n=4, method="inclusive"))


def compare(name, case, runners):
    """Raise unless everyone's answer is nnlib's, entry by entry."""
    import numpy as np

    ours = runners["nnlib"].answer
    for who, runner in runners.items():
        if runner.answer is None or who == "nnlib":
            continue
        for n, (a, b) in enumerate(zip(ours, runner.answer, strict=True)):
            a, b = np.asarray(a), np.asarray(b)
            if a.shape != b.shape or a.dtype != b.dtype:
                raise ValueError(f"{name}: {who}'s array {n} is {b.dtype} {b.shape}, "
                                 f"nnlib's {a.dtype} {a.shape}")  # fmt: skip
            apart = np.max(np.abs(a - b)) / np.max(np.abs(a))
            if not apart <= case.tolerance:
                raise ValueError(f"{name}: {who}'s array {n} is {apart:.1e} away from nnlib's")


def measure(name, rounds=11, only=None):
    """Return {who: {"us": median CPU of a step, "ratio": quartiles of nnlib / who, ...}}."""
    module, case = cases()[name]
    chosen = [who for who in case.who if installed(who) and (not only or who in only)]
    runners = {}
    try:
        for who in chosen:
            runners[who] = Runner(module, name, who)
        compare(name, case, runners)
        times = rounds_of(runners, rounds)
    finally:
        for runner in runners.values():
            runner.close()
    return {who: summary(times["nnlib"], theirs) for who, theirs in times.items()}


def summary(ours, theirs):
    cpu, wall = zip(*theirs, strict=True)
    return {
        "us": statistics.median(cpu) / 1e3,
        "wall_us": statistics.median(wall) / 1e3,
        "ratio": quartiles([a[0] / b for a, b in zip(ours, cpu, strict=True)]),
    }


def installed(who):
    package = who.split()[0]
    return package not in PEERS or importlib.util.find_spec(package) is not None


def header():
    """Print what a number depends on: versions, kernel of the matrix products, threads, load."""
    import numpy as np

    named = {"sklearn": "scikit-learn"}
    there = [named.get(who, who) for who in PEERS if installed(who)]
    versions = [f"{package} {importlib.metadata.version(package)}" for package in there]
    print(f"Python {platform.python_version()}, numpy {np.__version__}", *versions, sep=", ")
    print(f"OpenBLAS kernel {kernel()}, threads {THREADS}, "
          f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")  # fmt: skip
    if missing := [who for who in PEERS if not installed(who)]:
        print("not installed, left out:", *missing)


def kernel():
    """Return the name of the processor for which numpy's OpenBLAS has chosen its kernels."""
    libraries = Path(importlib.util.find_spec("numpy").origin).parents[1] / "numpy.libs"
    for path in libraries.glob("libscipy_openblas*"):
        corename = ctypes.CDLL(str(path)).scipy_openblas_get_corename64_
        corename.restype = ctypes.c_char_p
        return corename().decode()
    return "unknown"


def show(name, result, reach):
    """Print one case: a row for each of those who did it."""
    print(f"\n{name}")
    for who, row in result.items():
        q1, median, q3 = row["ratio"]
        goal = f"  reach {reach[who]:g}" if who in reach else ""
        wall = f"  wall {row['wall_us']:9.1f} us" if THREADS != "1" else ""
        print(f"  {who:9}{row['us']:10.1f} us{wall}  ratio {median:.3f} ({q1:.3f}-{q3:.3f}){goal}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*")
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--only", type=lambda text: {"nnlib", *text.split(",")})
    parser.add_argument("--threads")
    parser.add_argument("--json", type=Path)
    given, every = parser.parse_args(), cases()
    chosen = [n for n in every if any(fnmatch.fnmatch(n, p) for p in given.names)]
    if not chosen:
        return print(*every, sep="\n")
    header()
    results = {}
    for name in chosen:
        results[name] = measure(name, given.rounds, given.only)
        show(name, results[name], every[name][1].reach)
    if given.json:
        given.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
