"""Runs one peer on one entropic transport problem and prints a JSON line.

    python run_ot.py PEER --cost cost.npy [--a a.npy --b b.npy] --reg EPS
                     [--tol 1e-9] [--cap 120] [--peer-tol T --max-iter N] [--out DIR]

Peers stop by their own measures of the marginal error (one marginal or both,
1-norm or 2-norm), so equal tolerances would compare unequal work. Without
--peer-tol this program looks for the loosest stopping tolerance at which the
error that we compare, ‖P1−a‖₁ + ‖Pᵀ1−b‖₁, is at most --tol, by solving with
ever tighter ones, and prints it; with --peer-tol it solves once, which is
what is timed (`judging_s` are the seconds that measuring the error took after). --cap bounds the seconds of one solve: the iteration limit is
set from a short trial run. --out writes the plan of the last solve
(plan.npy) and, where they are finite, the potentials in cost units
(potentials.npy: f, then g, with P_ij = a_i b_j exp((f_i + g_j − C_ij)/ε)).

Masses default to uniform. `seconds` covers the peer's call alone: no import,
no reading, no compilation (a jitted peer is called once before).
"""

import argparse
import json
import time
import warnings
from pathlib import Path

import numpy as np


class Solution:
    """A plan, its scaled potentials (log P = α + β − C/ε), and the work done."""

    def __init__(self, plan, alpha, beta, iterations):
        self.plan, self.alpha, self.beta, self.iterations = plan, alpha, beta, iterations


class POT:
    """Sinkhorn of Python Optimal Transport: 2-norm of one marginal, checked
    every 10 (log) or 20 (stabilized) iterations."""

    def __init__(self, variant, cost, a, b, reg):
        import ot

        self.version = ot.__version__
        self.args = (a, b, cost, reg)
        self.reg, self.variant = reg, variant
        self.call = {
            "knopp": ot.bregman.sinkhorn_knopp,
            "log": ot.bregman.sinkhorn_log,
            "stabilized": ot.bregman.sinkhorn_stabilized,
        }[variant]

    first_trial = 20
    tightening = None  # linear convergence: the errors at two tolerances are in their ratio

    def solve(self, tol, max_iter):
        plan, log = self.call(*self.args, numItermax=max_iter, stopThr=tol, log=True, warn=False)
        if self.variant == "log":
            return Solution(plan, log["log_u"], log["log_v"], log["niter"] + 1)
        if self.variant == "stabilized":
            return Solution(plan, log["alpha"] / self.reg, log["beta"] / self.reg, log["n_iter"] + 1)
        with np.errstate(divide="ignore"):
            return Solution(plan, np.log(log["u"]), np.log(log["v"]), log["niter"] + 1)


class RegOT:
    """regot: 2-norm of both marginals. Its last dual variable is fixed to 0."""

    def __init__(self, variant, cost, a, b, reg):
        import importlib.metadata

        import regot

        self.version = importlib.metadata.version("regot")
        self.args = (np.asfortranarray(cost), a, b, reg)
        self.n, self.reg = len(a), reg
        self.call = getattr(regot, "sinkhorn_" + variant)

    first_trial = 5
    tightening = 0.7  # Newton methods: the next iterate may be far below

    def solve(self, tol, max_iter):
        result = self.call(*self.args, tol=tol, max_iter=max_iter)
        dual = np.append(result.dual, np.zeros(self.n + len(self.args[2]) - len(result.dual))) / self.reg
        return Solution(lambda: result.plan, dual[: self.n], dual[self.n :], result.niter)


class OTT:
    """ott-jax in double precision: 1-norm of one marginal, checked every 10."""

    def __init__(self, variant, cost, a, b, reg):
        import jax

        jax.config.update("jax_enable_x64", True)
        import ott
        from ott.geometry import geometry
        from ott.solvers.linear import sinkhorn
        from ott.problems.linear import linear_problem

        self.version = f"{ott.__version__} (jax {jax.__version__})"
        self.cost, self.a, self.b = jax.numpy.asarray(cost), jax.numpy.asarray(a), jax.numpy.asarray(b)
        self.jax, self.reg = jax, reg
        self.logs = np.log(a), np.log(b)

        def run(cost, a, b, tol, max_iter):
            geom = geometry.Geometry(cost_matrix=cost, epsilon=reg)
            solver = sinkhorn.Sinkhorn(threshold=tol, max_iterations=max_iter, lse_mode=True)
            out = solver(linear_problem.LinearProblem(geom, a=a, b=b))
            return out.f, out.g, out.n_iters

        # threshold and max_iterations are static: each pair compiles anew.
        self.run = jax.jit(run, static_argnums=(3, 4))
        self.compiled = set()

    first_trial = 20
    tightening = None

    def prepare(self, tol, max_iter):
        """Compiles for this tolerance without running the iteration."""
        if (tol, max_iter) not in self.compiled:
            self.exe = self.run.lower(self.cost, self.a, self.b, tol, max_iter).compile()
            self.compiled = {(tol, max_iter)}

    def solve(self, tol, max_iter):
        f, g, iterations = self.jax.block_until_ready(self.exe(self.cost, self.a, self.b))
        # In ott's convention P_ij = exp((f_i + g_j − C_ij)/ε).
        alpha, beta = np.asarray(f) / self.reg, np.asarray(g) / self.reg
        return Solution(None, alpha, beta, int(iterations))


PEERS = {
    "pot-knopp": (POT, "knopp"),
    "pot-log": (POT, "log"),
    "pot-stabilized": (POT, "stabilized"),
    "regot-bcd": (RegOT, "bcd"),
    "regot-ssns": (RegOT, "ssns"),
    "regot-splr": (RegOT, "splr"),
    "regot-sparse-newton": (RegOT, "sparse_newton"),
    "ott-jax": (OTT, ""),
}


def masses(path, n):
    if path is None:
        return np.full(n, 1.0 / n)
    w = np.load(path).astype(float).ravel()
    return w / w.sum()


def plan_of(solution, cost, reg):
    plan = solution.plan() if callable(solution.plan) else solution.plan
    if plan is None:
        plan = np.exp(solution.alpha[:, None] + solution.beta[None, :] - cost / reg)
    return np.ascontiguousarray(plan)


def marginal_error(plan, a, b):
    return float(np.abs(plan.sum(1) - a).sum() + np.abs(plan.sum(0) - b).sum())


def timed(peer, tol, max_iter):
    if hasattr(peer, "prepare"):
        peer.prepare(tol, max_iter)
    start = time.perf_counter()
    solution = peer.solve(tol, max_iter)
    return solution, time.perf_counter() - start


def calibrate(peer, error_of, tol, cap):
    """The loosest tolerance tried that reaches tol (or the last one before the
    cap), its iteration limit, the solution and its seconds."""
    trial, seconds = timed(peer, 0.0, peer.first_trial)
    max_iter = affordable(trial, seconds, cap)
    peer_tol = tol
    while True:
        solution, seconds = timed(peer, peer_tol, max_iter)
        error = error_of(solution)
        hopeless = not np.isfinite(error) or peer_tol < tol * 1e-6 or seconds > 0.7 * cap
        if error <= tol or hopeless:
            return peer_tol, max_iter, solution, seconds
        if solution.iterations >= max_iter:  # the trial run was slower than the rest
            max_iter = affordable(solution, seconds, cap)
        else:
            peer_tol *= peer.tightening or min(0.9 * tol / error, 0.9)


def affordable(solution, seconds, cap):
    """The number of iterations that cap seconds pay for."""
    return int(np.clip(cap * solution.iterations / seconds, 20, 10**9))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("peer", choices=PEERS)
    parser.add_argument("--cost", required=True)
    parser.add_argument("--a")
    parser.add_argument("--b")
    parser.add_argument("--reg", type=float, required=True)
    parser.add_argument("--tol", type=float, default=1e-9)
    parser.add_argument("--cap", type=float, default=120.0)
    parser.add_argument("--peer-tol", type=float)
    parser.add_argument("--max-iter", type=int)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    warnings.simplefilter("ignore")

    cost = np.ascontiguousarray(np.load(args.cost), dtype=float)
    a, b = masses(args.a, cost.shape[0]), masses(args.b, cost.shape[1])
    kind, variant = PEERS[args.peer]
    peer = kind(variant, cost, a, b, args.reg)

    def error_of(solution):
        return marginal_error(plan_of(solution, cost, args.reg), a, b)

    record = {"program": args.peer, "version": peer.version}
    if args.peer_tol is None:
        peer_tol, max_iter, solution, seconds = calibrate(peer, error_of, args.tol, args.cap)
    else:
        peer_tol, max_iter = args.peer_tol, args.max_iter
        solution, seconds = timed(peer, peer_tol, max_iter)
    start = time.perf_counter()
    error = error_of(solution)
    record |= {
        "reached": bool(error <= args.tol),
        "marginal_error": error if np.isfinite(error) else "nan",
        "judging_s": time.perf_counter() - start,
        "seconds": seconds,
        "iterations": int(solution.iterations),
        "peer_tol": peer_tol,
        "max_iter": max_iter,
    }
    if args.out is not None:
        args.out.mkdir(parents=True, exist_ok=True)
        np.save(args.out / "plan.npy", plan_of(solution, cost, args.reg))
        potentials = args.reg * np.concatenate([solution.alpha - np.log(a), solution.beta - np.log(b)])
        if np.isfinite(potentials).all():
            np.save(args.out / "potentials.npy", potentials)
    print(json.dumps(record))


if __name__ == "__main__":
    main()
