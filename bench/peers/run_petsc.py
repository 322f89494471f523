"""Runs PETSc's conjugate gradients with a multigrid preconditioner on one
linear system and prints a JSON line. run_linsys.py calls it.

    mpirun -n RANKS python3 run_petsc.py PEER CSR.npz x.npy --tol 1e-8

Neither hypre nor GAMG has threads in Debian's build, so that each thread of
the other programs is a process here, with a part of the rows. BoomerAMG gets
the settings that its manual recommends for large problems: HMIS coarsening,
extended+i interpolation, and a strong threshold of 0.5 in three dimensions.
"""

import argparse
import json
import time

import numpy as np
import petsc4py

petsc4py.init([])
from petsc4py import PETSc  # noqa: E402

OPTIONS = {
    "hypre": {"pc_type": "hypre", "pc_hypre_type": "boomeramg", "pc_hypre_boomeramg_coarsen_type": "HMIS",
              "pc_hypre_boomeramg_interp_type": "ext+i"},
    "petsc-gamg": {"pc_type": "gamg"},
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("peer", choices=OPTIONS)
    parser.add_argument("system")
    parser.add_argument("out")
    parser.add_argument("--tol", type=float, default=1e-8)
    args = parser.parse_args()
    comm = PETSc.COMM_WORLD
    system = np.load(args.system)
    b = system["b"]
    n = len(b)
    lo, hi = n * comm.rank // comm.size, n * (comm.rank + 1) // comm.size
    indptr = system["indptr"][lo : hi + 1]
    own = slice(indptr[0], indptr[-1])
    csr = ((indptr - indptr[0]).astype(PETSc.IntType), system["indices"][own].astype(PETSc.IntType), system["data"][own])
    a = PETSc.Mat().createAIJ(size=((hi - lo, n), (hi - lo, n)), csr=csr, comm=comm)
    a.setOption(PETSc.Mat.Option.SPD, True)
    right, x = a.createVecLeft(), a.createVecRight()
    right.setArray(b[lo:hi])

    options = PETSc.Options()
    for name, value in OPTIONS[args.peer].items():
        options[name] = value
    if args.peer == "hypre":
        options["pc_hypre_boomeramg_strong_threshold"] = 0.5 if system["dim"] == 3 else 0.25
    ksp = PETSc.KSP().create(comm)
    ksp.setOperators(a)
    ksp.setType("cg")
    ksp.setNormType(PETSc.KSP.NormType.UNPRECONDITIONED)
    ksp.setTolerances(rtol=args.tol, atol=0, max_it=10_000)
    ksp.setFromOptions()

    comm.barrier()
    start = time.perf_counter()
    ksp.setUp()
    comm.barrier()
    middle = time.perf_counter()
    ksp.solve(right, x)
    comm.barrier()
    end = time.perf_counter()
    everything, whole = PETSc.Scatter.toZero(x)
    everything.scatter(x, whole)
    if comm.rank == 0:
        np.save(args.out, whole.getArray())
        version = ".".join(map(str, PETSc.Sys.getVersion()))
        print(json.dumps({"setup_s": middle - start, "solve_s": end - middle, "iterations": ksp.getIterationNumber(),
                          "processes": comm.size, "version": version}))


if __name__ == "__main__":
    main()
