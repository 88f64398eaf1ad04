"""Judge random programs: n right ones and n with one bug; print misses and false alarms."""

import os
import sys
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
import numpy as np

from nnlib import gradcheck
from tests.corpus.programs import program


def run(first, count):
    """Return (misses, false alarms) over programs with seeds first, first + 1, …"""
    misses, alarms, calls, start = [], [], [], time.process_time()
    for seed in range(first, first + count):
        for buggy in (False, True):
            f, X, claimed, upstream, size = program(seed, buggy)
            report = gradcheck._judge(f, X, claimed, upstream, name=False)  # the verdict alone
            if buggy and report.passed:
                misses.append((seed, size))
                print("MISS", seed, size, report, flush=True)
            if buggy and seed % 500 == 499:
                print(seed - first + 1, "+", seed - first + 1, "done", flush=True)
            if not buggy:
                calls.append(report.evaluations)
                if not report.passed:
                    alarms.append(seed)
                    print("FALSE ALARM", seed, report, flush=True)
    print(f"programs {count} + {count}: {len(misses)} misses, {len(alarms)} false alarms; right:")
    print(
        "median calls",
        np.median(calls),
        "90 %",
        np.percentile(calls, 90),
        "CPU",
        time.process_time() - start,
    )
    return misses, alarms


if __name__ == "__main__":
    run(int(sys.argv[1]), int(sys.argv[2]))
