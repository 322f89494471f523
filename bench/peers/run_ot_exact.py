"""Runs one peer on one unregularised transport problem between points and
prints a JSON line.

    python run_ot_exact.py PEER --a x.npy --b y.npy [--wa a.npy --wb b.npy] [--out DIR]

The cost is the squared Euclidean distance. `cost_s` are the seconds that the
cost matrix took, `seconds` those of the peer's call alone. --out writes the
plan (plan.mtx) and the potentials where the peer has them (potentials.npy: f,
then g). Masses default to uniform, and linear_sum_assignment takes no other.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import scipy
from scipy.io import mmwrite
from scipy.sparse import coo_array
from scipy.spatial.distance import cdist


def emd(cost, a, b):
    import ot

    start = time.perf_counter()
    plan, log = ot.emd(a, b, cost, numItermax=10**9, log=True)
    took = time.perf_counter() - start
    return took, ot.__version__, coo_array(plan), np.concatenate([log["u"], log["v"]])


def assignment(cost, a, b):
    from scipy.optimize import linear_sum_assignment

    start = time.perf_counter()
    rows, cols = linear_sum_assignment(cost)
    took = time.perf_counter() - start
    return took, scipy.__version__, coo_array((a[rows], (rows, cols)), shape=cost.shape), None


PEERS = {"pot-emd": emd, "scipy-lsa": assignment}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("peer", choices=PEERS)
    for name in ("--a", "--b", "--wa", "--wb", "--out"):
        parser.add_argument(name, type=Path)
    options = parser.parse_args()
    x, y = np.load(options.a), np.load(options.b)
    a = np.load(options.wa) if options.wa else np.full(len(x), 1 / len(x))
    b = np.load(options.wb) if options.wb else np.full(len(y), 1 / len(y))
    start = time.perf_counter()
    cost = cdist(x, y, "sqeuclidean")
    cost_s = time.perf_counter() - start
    took, version, plan, potentials = PEERS[options.peer](cost, a, b)
    if options.out:
        mmwrite(options.out / "plan.mtx", plan, precision=17)
        if potentials is not None:
            np.save(options.out / "potentials.npy", potentials.reshape(-1, 1))
    print(json.dumps({"version": version, "seconds": took, "cost_s": cost_s}))


if __name__ == "__main__":
    main()
