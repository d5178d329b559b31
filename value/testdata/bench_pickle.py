"""Times pickle, protocol 5, on the values of bench_test.go.

Prints one line per value: name, ns to write, ns to read, bytes.
"""
import pickle
import sys
import time


def deep():
    v = {"leaf": 1}
    for i in range(300):
        v = {"level": i, "next": v}
    return v


def wide(depth):
    if depth == 0:
        return {"name": "leaf", "weight": 0.5, "tags": ["a", "b"], "n": 7}
    return {"child%d" % i: wide(depth - 1) for i in range(8)}


def values():
    x, ints, floats = 1, [], []
    for _ in range(1_000_000):
        x = x * 6364136223846793005 + 1442695040888963407 & (1 << 64) - 1
        ints.append(x >> 40)
        floats.append((x >> 11) / (1 << 53))
    yield "ints", ints
    yield "bigints", [i << 33 for i in ints]
    yield "floats", floats
    yield "strings", ["string number %d" % i for i in ints[:100_000]]
    yield "deep", [deep() for _ in range(30)]
    yield "onedeep", deep()
    yield "wide", wide(4)
    yield "records", [{"name": "row", "x": i, "y": i & 7} for i in ints[:50_000]]
    yield "pairs", [(i, i & 7) for i in ints[:100_000]]


def best(f):
    least = None
    for _ in range(int(sys.argv[1]) if len(sys.argv) > 1 else 5):
        start = time.perf_counter_ns()
        f()
        took = time.perf_counter_ns() - start
        least = took if least is None else min(least, took)
    return least


for name, v in values():
    b = pickle.dumps(v, protocol=5)
    print(name, best(lambda: pickle.dumps(v, protocol=5)), best(lambda: pickle.loads(b)), len(b))
