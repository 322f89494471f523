"""Runs one peer on one linear system and prints a JSON line.

    python run_linsys.py PEER A.mtx b.npy x.npy [--tol 1e-8] [--direct PROGRAM]

Peers stop by recursive or preconditioned residuals, so that equal tolerances
would compare unequal work: --tol is the peer's own, and the caller tightens
it until the residual that we compare, recomputed, is met. `setup_s` and
`solve_s` cover the peer's calls alone: no import, no reading. PROGRAM is
direct.cpp, compiled.
"""

import argparse
import json
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import scipy
import scipy.io
import scipy.sparse as sp
import scipy.sparse.linalg as spla


def scipy_cg(a, b, tol):
    count = [0]

    def step(_):
        count[0] += 1

    start = time.perf_counter()
    x, _ = spla.cg(a, b, rtol=tol, atol=0, maxiter=200_000, callback=step)
    return x, 0.0, time.perf_counter() - start, count[0], {}


def scipy_splu(a, b, _):
    a = a.tocsc()
    start = time.perf_counter()
    lu = spla.splu(a)
    middle = time.perf_counter()
    x = lu.solve(b)
    return x, middle - start, time.perf_counter() - middle, 1, {"factor_nnz": lu.nnz}


def pyamg_solver(build):
    def run(a, b, tol):
        start = time.perf_counter()
        ml = build(a)
        middle = time.perf_counter()
        residuals = []
        x = ml.solve(b, tol=tol, accel="cg", maxiter=1000, residuals=residuals)
        return x, middle - start, time.perf_counter() - middle, len(residuals) - 1, {"operator_complexity": ml.operator_complexity()}

    return run


def pyamg_sa(a, b, tol):
    import pyamg

    return pyamg_solver(pyamg.smoothed_aggregation_solver)(a, b, tol)


def pyamg_rs(a, b, tol):
    import pyamg

    return pyamg_solver(pyamg.ruge_stuben_solver)(a, b, tol)


def direct(peer):
    def run(a, b, _, program):
        folder = Path(program).parent
        files = [folder / f"{peer}-{part}.bin" for part in ("A", "b", "x")]
        a = a.tocsc()
        with open(files[0], "wb") as f:
            np.array([a.shape[0], a.nnz], dtype=np.int64).tofile(f)
            a.indptr.astype(np.int32).tofile(f)
            a.indices.astype(np.int32).tofile(f)
            a.data.astype(np.float64).tofile(f)
        b.astype(np.float64).tofile(files[1])
        done = subprocess.run([program, peer, *map(str, files)], capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(done.stderr)
        found = json.loads(done.stdout)
        x = np.fromfile(files[2])
        for f in files:
            f.unlink()
        return x, found["analyze_s"] + found["factor_s"], found["solve_s"], 1, {"factor_nnz": found["factor_nnz"]}

    return run


PEERS = {
    "scipy-cg": scipy_cg,
    "scipy-splu": scipy_splu,
    "pyamg-sa": pyamg_sa,
    "pyamg-rs": pyamg_rs,
    "eigen-llt": direct("eigen"),
    "cholmod": direct("cholmod"),
}


def version(peer):
    if peer.startswith("scipy"):
        return scipy.__version__
    if peer.startswith("pyamg"):
        import pyamg

        return pyamg.__version__
    return ""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("peer", choices=PEERS)
    parser.add_argument("matrix")
    parser.add_argument("right")
    parser.add_argument("out")
    parser.add_argument("--tol", type=float, default=1e-8)
    parser.add_argument("--direct")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    a = sp.csr_matrix(scipy.io.mmread(args.matrix))
    b = np.load(args.right).ravel()
    call = PEERS[args.peer]
    extra = [args.direct] if args.peer in ("eigen-llt", "cholmod") else []
    x, setup_s, solve_s, iterations, more = call(a, b, args.tol, *extra)
    residual = float(np.linalg.norm(b - a @ x) / np.linalg.norm(b))
    np.save(args.out, np.asarray(x, dtype=float).reshape(-1, 1))
    print(json.dumps({"program": args.peer, "version": version(args.peer), "setup_s": setup_s, "solve_s": solve_s,
                      "iterations": iterations, "residual": residual if np.isfinite(residual) else "nan", **more}))


if __name__ == "__main__":
    main()
