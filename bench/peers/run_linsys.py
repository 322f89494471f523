"""Runs one peer on one linear system and prints a JSON line.

    python run_linsys.py PEER A.mtx b.npy x.npy [--tol 1e-8] [--direct PROGRAM]

Peers stop by recursive or preconditioned residuals, so that equal tolerances
would compare unequal work: --tol is the peer's own, and the caller tightens
it until the residual that we compare, recomputed, is met. `setup_s` and
`solve_s` cover the peer's calls alone: no import, no reading. PROGRAM is
direct.cpp, compiled. hypre and petsc-gamg are Debian's PETSc, run_petsc.py.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
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
        return x, found["analyze_s"] + found["factor_s"], found["solve_s"], 1, {"factor_nnz": found["factor_nnz"], "best_s": found["best_s"]}

    return run


def petsc_path():
    """The folder of Debian's python3-petsc4py-real, or None."""
    found = sorted(Path("/usr/lib/petscdir").glob("petsc*/*-real/lib/python3/dist-packages/petsc4py"))
    return found[-1].parent if found else None


def petsc(peer):
    """A process for each thread that OMP_NUM_THREADS grants, by the system's
    Python, whose packages PETSc is built for."""

    def run(a, b, tol):
        folder = petsc_path()
        if folder is None:
            sys.exit("no python3-petsc4py-real")
        ranks = os.environ.get("OMP_NUM_THREADS", "1")
        env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1",
               "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
        with tempfile.TemporaryDirectory() as scratch:
            files = [Path(scratch) / name for name in ("system.npz", "x.npy")]
            np.savez(files[0], indptr=a.indptr, indices=a.indices, data=a.data, b=b, dim=3 if seven_points(a) else 2)
            command = ["mpirun", "--bind-to", "none", "--oversubscribe", "-n", ranks, "/usr/bin/python3",
                       Path(__file__).with_name("run_petsc.py"), peer, *files, "--tol", repr(tol)]
            done = subprocess.run(list(map(str, command)), env=env, capture_output=True, text=True)
            if done.returncode != 0:
                sys.exit(done.stderr)
            found = json.loads(done.stdout.strip().splitlines()[-1])
            x = np.load(files[1])
        return x, found["setup_s"], found["solve_s"], found["iterations"], {k: found[k] for k in ("processes", "version")}

    return run


def seven_points(a):
    """Whether most rows look like those of a 7-point stencil."""
    return np.median(np.diff(a.indptr)) == 7 and np.diff(a.indptr).max() <= 7


PEERS = {
    "scipy-cg": scipy_cg,
    "scipy-splu": scipy_splu,
    "pyamg-sa": pyamg_sa,
    "pyamg-rs": pyamg_rs,
    "eigen-llt": direct("eigen"),
    "cholmod": direct("cholmod"),
    "hypre": petsc("hypre"),
    "petsc-gamg": petsc("petsc-gamg"),
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
