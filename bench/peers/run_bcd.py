"""Runs one peer on one penalised fit or path and prints a JSON line.

    python run_bcd.py PEER instance.json w.npy --tol 1e-6 [--cap 120]
    python run_bcd.py PEER instance.json w.npy --target 1e-6 [--cap 120]

Peers stop by measures of their own, so that equal tolerances would compare
unequal work. With --target the peer's tolerance starts at ten times the
target and shrinks by factors of √10 until certify_bcd.py finds a gap of at
most the target, or grows for as long as it does, and the loosest that reaches
the target is taken; with --tol it is that one. Every fit starts from nothing and
may take --cap seconds: then the alarm ends the process. There is a line
after each fit, so that the last one stands for what the peer reaches in time.

`solve_s` covers the peer's call alone: no import, no reading, no conversion
to the peer's own structures, and no compilation, because a fit of a small
part of the same data goes first.

instance.json: {"data": LIBSVM file} or {"A": .npy or .mtx, "y": .npy or
.csv}, loss, penalty, group, and lambdas: one or, for a path, several in
falling order, on the scale (1/n) Σ loss + penalty.
"""

import argparse
import json
import math
import signal
import time
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
import scipy.io
import scipy.sparse as sp

from certify_bcd import Problem

MAX_ITER = 1_000_000


def read(instance):
    """X, dense in Fortran order or CSC, and y."""
    if "data" in instance:
        from sklearn.datasets import load_svmlight_file

        X, y = load_svmlight_file(instance["data"])
        if X.nnz > 0.3 * X.shape[0] * X.shape[1]:
            return np.asfortranarray(X.toarray()), y
        return sp.csc_matrix(X), y
    y = Path(instance["y"])
    y = (np.load(y) if y.suffix == ".npy" else np.loadtxt(y)).ravel().astype(float)
    if instance["A"].endswith(".npy"):
        return np.asfortranarray(np.load(instance["A"])), y
    return sp.csc_matrix(scipy.io.mmread(instance["A"])), y


# Each peer is a function of the problem, the λs and the rest of the instance
# that returns another: of tol, giving a p×#λ matrix.


def celer_path(problem, lambdas, tol):
    from celer import celer_path

    return celer_path(problem.X, problem.y, "lasso", alphas=np.array(lambdas), tol=tol, prune=True, max_iter=1000)[1]


def celer_lasso(problem, lambdas, tol):
    from celer import Lasso

    return Lasso(alpha=lambdas[0], tol=tol, fit_intercept=False, max_iter=1000).fit(problem.X, problem.y).coef_


def celer_logistic(problem, lambdas, tol):
    from celer import LogisticRegression

    c = 1 / (lambdas[0] * problem.n)
    return LogisticRegression(C=c, tol=tol, fit_intercept=False, max_iter=1000).fit(problem.X, problem.y).coef_


def celer_group(problem, lambdas, tol):
    from celer import GroupLasso

    weights = np.full(problem.p // problem.group, np.sqrt(problem.group))
    model = GroupLasso(groups=problem.group, alpha=lambdas[0], weights=weights, tol=tol, fit_intercept=False, max_iter=1000)
    return model.fit(problem.X, problem.y).coef_


def skglm_path(problem, lambdas, tol):
    from skglm import Lasso

    return Lasso(tol=tol, fit_intercept=False, max_iter=1000, max_epochs=MAX_ITER).path(problem.X, problem.y, np.array(lambdas))[1]


def skglm_lasso(problem, lambdas, tol):
    from skglm import Lasso

    return Lasso(alpha=lambdas[0], tol=tol, fit_intercept=False, max_iter=1000, max_epochs=MAX_ITER).fit(problem.X, problem.y).coef_


def skglm_logistic(problem, lambdas, tol):
    from skglm import SparseLogisticRegression

    return SparseLogisticRegression(alpha=lambdas[0], tol=tol, fit_intercept=False, max_iter=1000).fit(problem.X, problem.y).coef_


def skglm_group(problem, lambdas, tol):
    from skglm import GroupLasso

    weights = np.full(problem.p // problem.group, np.sqrt(problem.group))
    model = GroupLasso(groups=problem.group, alpha=lambdas[0], weights=weights, tol=tol, fit_intercept=False, max_iter=1000, max_epochs=MAX_ITER)
    return model.fit(problem.X, problem.y).coef_


def skglm_poisson(problem, lambdas, tol):
    from skglm import GeneralizedLinearEstimator
    from skglm.datafits import Poisson
    from skglm.penalties import L1
    from skglm.solvers import ProxNewton

    solver = ProxNewton(tol=tol, fit_intercept=False, max_iter=1000)
    return GeneralizedLinearEstimator(Poisson(), L1(lambdas[0]), solver).fit(problem.X, problem.y).coef_


def sklearn_path(problem, lambdas, tol):
    from sklearn.linear_model import lasso_path

    return lasso_path(problem.X, problem.y, alphas=np.array(lambdas), tol=tol, max_iter=MAX_ITER)[1]


def sklearn_lasso(problem, lambdas, tol):
    from sklearn.linear_model import Lasso

    return Lasso(alpha=lambdas[0], tol=tol, fit_intercept=False, max_iter=MAX_ITER).fit(problem.X, problem.y).coef_


def sklearn_logistic(solver):
    def fit(problem, lambdas, tol):
        from sklearn.linear_model import LogisticRegression

        c = 1 / (lambdas[0] * problem.n)
        model = LogisticRegression(C=c, l1_ratio=1, solver=solver, tol=tol, fit_intercept=False, max_iter=10_000, random_state=0)
        return model.fit(problem.rows, problem.y).coef_

    return fit


def glum(family):
    def fit(problem, lambdas, tol):
        from glum import GeneralizedLinearRegressor

        y = problem.y if family == "poisson" else (problem.y > 0).astype(float)
        model = GeneralizedLinearRegressor(family=family, alpha=lambdas[0], l1_ratio=1, fit_intercept=False, gradient_tol=tol,
                                           max_iter=1000, check_input=False, solver="irls-cd")
        return model.fit(problem.X, y).coef_

    return fit


def liblinear(kind):
    def fit(problem, lambdas, tol):
        from liblinear.liblinearutil import parameter, train

        # -s 6 minimises ‖w‖₁ + C Σ log(1 + exp(−y f)), and -s 1 and -s 2
        # ½‖w‖² + C Σ max(0, 1 − y f)²: twice the squared hinge loss here.
        c = 1 / (lambdas[0] * problem.n * (1 if kind == 6 else 2))
        model = train(problem.native, parameter(f"-s {kind} -c {c!r} -e {tol!r} -B -1 -q"))
        w = np.array(model.get_decfun()[0])
        w = np.concatenate([w, np.zeros(problem.p - len(w))])
        return w if model.get_labels()[0] > 0 else -w

    return fit


# name: distribution, {loss and penalty: function}
PEERS = {
    "celer": ("celer", {"path": celer_path, "squared-l1": celer_lasso, "logistic-l1": celer_logistic, "squared-group": celer_group}),
    "skglm": ("skglm", {"path": skglm_path, "squared-l1": skglm_lasso, "logistic-l1": skglm_logistic, "squared-group": skglm_group, "poisson-l1": skglm_poisson}),
    "sklearn": ("scikit-learn", {"path": sklearn_path, "squared-l1": sklearn_lasso}),
    "sklearn-saga": ("scikit-learn", {"logistic-l1": sklearn_logistic("saga")}),
    "sklearn-liblinear": ("scikit-learn", {"logistic-l1": sklearn_logistic("liblinear")}),
    "liblinear": ("liblinear-official", {"logistic-l1": liblinear(6), "sqhinge-l2": liblinear(1)}),
    "liblinear-primal": ("liblinear-official", {"sqhinge-l2": liblinear(2)}),
    "glum": ("glum", {"logistic-l1": glum("binomial"), "poisson-l1": glum("poisson")}),
}


def prepare(problem, peer):
    """The peer's own structures: CSR for scikit-learn's logistic solvers (what
    they would convert to), LIBLINEAR's problem."""
    problem.rows = sp.csr_matrix(problem.X) if sp.issparse(problem.X) else np.ascontiguousarray(problem.X)
    if peer.startswith("liblinear"):
        import liblinear.liblinearutil as util

        problem.native = util.problem(problem.y, sp.csr_matrix(problem.rows))
    return problem


def part(X, y, group):
    """A few rows and columns, for compilation; both labels among them."""
    rows = np.concatenate([np.flatnonzero(y > np.median(y) - 1e-9)[:40], np.flatnonzero(y < y.max())[:40]])
    small = X[rows][:, : 5 * group]
    return (sp.csc_matrix(small) if sp.issparse(small) else np.asfortranarray(small)), y[rows]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("peer", choices=PEERS)
    parser.add_argument("instance")
    parser.add_argument("out")
    parser.add_argument("--tol", type=float)
    parser.add_argument("--target", type=float)
    parser.add_argument("--cap", type=float, default=120)
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    instance = json.loads(Path(args.instance).read_text())
    X, y = read(instance)
    lambdas = instance["lambdas"]
    kind = {k: instance.get(k, v) for k, v in (("loss", "squared"), ("penalty", "l1"), ("group", 1))}
    distribution, fits = PEERS[args.peer]
    fit = fits["path" if len(lambdas) > 1 else f"{kind['loss']}-{kind['penalty']}"]

    small = prepare(Problem(*part(X, y, kind["group"]), **kind), args.peer)
    if small.lambda_max() > 0:
        fit(small, [small.lambda_max() / 10, small.lambda_max() / 20][: len(lambdas)], 1e-6)
    problem = prepare(Problem(X, y, **kind), args.peer)

    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    tol, factor, fits, best = args.tol or 10 * args.target, None, [], None
    while True:
        signal.alarm(math.ceil(args.cap))
        start, used = time.perf_counter(), time.process_time()
        w = np.asarray(fit(problem, lambdas, tol), dtype=float).reshape(problem.p, -1)
        seconds, used = time.perf_counter() - start, time.process_time() - used
        signal.alarm(0)
        gap = problem.worst_gap(w, lambdas)
        reached = args.tol is not None or gap <= args.target
        fits.append({"tol": tol, "gap": gap if np.isfinite(gap) else "nan", "solve_s": seconds, "solve_cpu_s": used})
        if factor is None:
            factor = 10**0.5 if reached else 10**-0.5
        if factor < 1 or reached:
            best = fits[-1]
            np.save(args.out, w)
            print(json.dumps({"program": args.peer, "version": version(distribution), "fits": fits, **best}), flush=True)
        # Growing ends with the first failure, shrinking with the first success.
        if args.tol or reached == (factor < 1) or not 1e-15 < tol < 1:
            break
        tol *= factor


if __name__ == "__main__":
    main()
