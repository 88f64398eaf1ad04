"""Run the judge over the corpus: misses, false alarms, names, calls, time."""

import io
import os
import sys
import time
from collections import Counter
from contextlib import redirect_stdout

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
import numpy as np

from nnlib import diagnosis, gradcheck
from tests.corpus import cases


def judge(case):
    """Return the report on one case."""
    if case.is_layer:
        try:
            with redirect_stdout(io.StringIO()):
                return gradcheck.check_layer(*case.parts)
        except gradcheck.GradientError as error:
            return error.report
    f, x, claimed, *upstream = case.parts
    return gradcheck.compare_gradient(f, x, claimed, upstream=upstream[0] if upstream else None)


def run(seeds, module=None, loud=True):
    """Print every failure and return the counts."""
    count, calls, slow = Counter(), [], []
    for seed in seeds:
        for case in cases(seed, module):
            start = time.process_time()
            try:
                report = judge(case)
            except Exception as error:
                count["crash"] += 1
                print("CRASH", seed, case.name, repr(error)[:200])
                if loud == 2:
                    raise
                continue
            spent = time.process_time() - start
            slow.append((spent, case.name, report.evaluations))
            kind = "right" if case.right else "wrong"
            count[kind] += 1
            if case.right:
                calls.append(report.evaluations)
            if case.right != report.passed:
                count["false alarm" if case.right else "MISS"] += 1
                print(
                    "FALSE ALARM" if case.right else "MISS",
                    seed,
                    case.name,
                    report.evaluations,
                    "\n   ",
                    report,
                )
            elif not case.right and report.mistake not in case.mistakes:
                count["unnamed"] += 1
                if loud:
                    print(
                        "UNNAMED",
                        seed,
                        case.name,
                        "->",
                        report.mistake,
                        "|",
                        report.message.splitlines()[0][:120],
                    )
    calls = calls or [0]
    print(dict(count), "median calls", np.median(calls), "90 %", np.percentile(calls, 90))
    print("slowest", sorted(slow, reverse=True)[:5], "total", sum(s for s, *_ in slow))
    return count


if __name__ == "__main__":
    diagnosis.STRICT = True
    seeds = [int(s) for s in sys.argv[1:2] or ["0"]]
    run(seeds, sys.argv[2] if len(sys.argv) > 2 else None)
