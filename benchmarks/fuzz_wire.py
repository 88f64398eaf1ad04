"""Feed the grader's reader of values with damaged messages: python benchmarks/fuzz_wire.py 1000000

Each ends as a value or as a WireError, whatever its bytes are; anything else stops the run.
"""
import random
import resource
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from grading import wire  # noqa: E402

SEEDS = [wire.pack(value) for value in (
    None, True, 3, 2.5, "text", [1, [2, (3, {"a": 4})]], {1: "x", "b": None},
    {"value": np.arange(6.0).reshape(2, 3), "arguments": [np.ones(3, "f4"), np.array(True)]},
    {"call": 0, "arguments": [np.zeros((0, 4)), np.int64(3)]}, {"error": "é" * 40})]
WORDS = [b"[", b"]", b'"a"', b'["a","<f8",[', b"-1", b"1e999", b"9" * 30, b"NaN", b"{}", b"null",
         b'["d",', b'["t",', b'"|O"', b"\\ud800", b"\xff\xfe", b",", b"[" * 2000, b"Infinity"]


class Bytes:
    """A connection on which some bytes come, then the end."""

    def __init__(self, data):
        self.data = data

    def settimeout(self, seconds):
        pass

    def recv_into(self, view):
        part, self.data = self.data[:len(view)], self.data[len(view):]
        view[:len(part)] = part
        return len(part)


def damaged(rng):
    """Return one message: noise, or a right one with bytes and words put in, changed, cut out."""
    if rng.random() < 0.1:
        return rng.randbytes(rng.randrange(60))
    data = bytearray(rng.choice(SEEDS))
    for _ in range(rng.randrange(1, 5)):
        place, length = rng.randrange(len(data) + 1), rng.randrange(4)
        data[place:place + length] = rng.choice((rng.randbytes(length), rng.choice(WORDS), b""))
    if rng.random() < 0.7 and len(data) > 8:  # lengths that fit again, so that the rest is read
        head = min(len(data) - 8, int.from_bytes(data[:4], "big"))
        data[:8] = wire.LENGTHS.pack(head, len(data) - 8 - head)
    return bytes(data)


def run(count, seed=0):
    """Return how many messages were values and how many handled errors."""
    rng, values = random.Random(seed), 0
    for _ in range(count):
        try:
            wire.receive(Bytes(damaged(rng)))
            values += 1
        except wire.WireError:
            pass
    return values, count - values


def main(count):
    run(1000)
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
    values, errors = run(count)
    growth = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(f"{count:,} messages: {values:,} values, {errors:,} handled errors, nothing else; "
          f"{growth} KiB more memory; {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 1_000_000)
