"""Solves a nonlinear program in AMPL's .nl format with a peer and prints one
JSON line.

    python run_constrained.py PEER model.nl answer.npy multipliers.npy [--tol 1e-8] [--cap 60]

PEER: ipopt (CasADi's build, with MUMPS), slsqp or trust-constr (SciPy). All of
them get exact first derivatives from CasADi, ipopt and trust-constr second
ones, too. The multipliers are those of the constraints, then those of the
bounds: z = ∇f + ∇cᵀy. SciPy's are the least-squares ones of the limits that
are active to 1e-6.
"""

import argparse
import json
import time

import casadi as ca
import numpy as np


class Model:
    def __init__(self, path):
        nl = ca.NlpBuilder()
        nl.import_nl(path, {})
        self.x, self.f, self.g = ca.vertcat(*nl.x), nl.f, ca.vertcat(*nl.g)
        self.x0 = np.array(nl.x_init, dtype=float)
        infinite = lambda v: np.where(np.abs(v) >= 1e20, np.sign(v) * np.inf, v)
        self.lower, self.upper = infinite(np.array(nl.x_lb, dtype=float)), infinite(np.array(nl.x_ub, dtype=float))
        self.clower, self.cupper = infinite(np.array(nl.g_lb, dtype=float)), infinite(np.array(nl.g_ub, dtype=float))
        self.n, self.m = len(self.x0), len(self.clower)

    def functions(self):
        x, f, g = self.x, self.f, self.g
        y = ca.SX.sym("y", self.m) if isinstance(x, ca.SX) else ca.MX.sym("y", self.m)
        lagrangian = ca.dot(y, g) if self.m else 0
        self.value = ca.Function("f", [x], [f])
        self.gradient = ca.Function("df", [x], [ca.gradient(f, x)])
        self.hessian = ca.Function("hf", [x], [ca.hessian(f, x)[0]])
        if self.m:
            self.constraints = ca.Function("g", [x], [g])
            self.jacobian = ca.Function("dg", [x], [ca.jacobian(g, x)])
            self.curvature = ca.Function("hg", [x, y], [ca.hessian(lagrangian, x)[0]])


def ipopt(model, tol, cap):
    start = time.perf_counter()
    options = {"print_time": 0, "ipopt.print_level": 0, "ipopt.sb": "yes", "ipopt.tol": tol, "ipopt.max_wall_time": cap,
               "ipopt.constr_viol_tol": tol, "ipopt.dual_inf_tol": tol, "ipopt.compl_inf_tol": tol}
    solver = ca.nlpsol("s", "ipopt", {"x": model.x, "f": model.f, "g": model.g}, options)
    setup = time.perf_counter() - start
    start = time.perf_counter()
    found = solver(x0=model.x0, lbx=model.lower, ubx=model.upper, lbg=model.clower, ubg=model.cupper)
    solve = time.perf_counter() - start
    stats = solver.stats()
    y, z = np.array(found["lam_g"]).ravel(), -np.array(found["lam_x"]).ravel()
    return np.array(found["x"]).ravel(), np.concatenate([y, z]), setup, solve, stats["iter_count"], stats["return_status"]


def scipy(method):
    def run(model, tol, cap):
        from scipy.optimize import Bounds, NonlinearConstraint, minimize

        start = time.perf_counter()
        model.functions()
        equal = model.clower == model.cupper
        dense = lambda v: np.array(v.full() if hasattr(v, "full") else v)
        flat = lambda v: dense(v).ravel()
        limits = Bounds(model.lower, model.upper) if np.isfinite(model.lower).any() or np.isfinite(model.upper).any() else None
        deadline = time.perf_counter() + cap

        def stop(*_):
            if time.perf_counter() > deadline:
                raise TimeoutError

        extra, constraints = {}, []
        if method == "slsqp":
            options = {"ftol": 1e-12, "maxiter": 500}
            g, jac = lambda x: flat(model.constraints(x)), lambda x: dense(model.jacobian(x))
            for kind, rows, sign, limit in [("eq", equal, 1, model.clower), ("ineq", ~equal & np.isfinite(model.clower), 1, model.clower),
                                            ("ineq", ~equal & np.isfinite(model.cupper), -1, model.cupper)]:
                if model.m and rows.any():
                    constraints.append({"type": kind, "fun": lambda x, r=rows, s=sign, b=limit: s * (g(x)[r] - b[r]),
                                        "jac": lambda x, r=rows, s=sign: s * jac(x)[r]})
        else:
            options = {"gtol": tol, "xtol": 1e-14, "barrier_tol": tol, "maxiter": 5000}
            extra["hess"] = lambda x: dense(model.hessian(x))
            if model.m:
                constraints.append(NonlinearConstraint(lambda x: flat(model.constraints(x)), model.clower, model.cupper,
                                                       jac=lambda x: dense(model.jacobian(x)), hess=lambda x, v: dense(model.curvature(x, v))))
        setup = time.perf_counter() - start
        start = time.perf_counter()
        found = minimize(lambda x: float(model.value(x)), model.x0, jac=lambda x: flat(model.gradient(x)), bounds=limits,
                         constraints=constraints, method=method, options=options, callback=stop, **extra)
        solve = time.perf_counter() - start
        return found.x, multipliers(model, found.x), setup, solve, int(found.nit), str(found.message)

    return run


def multipliers(model, x):
    """Least-squares multipliers of the limits that are active."""
    near = lambda v, limit: np.abs(v - limit) <= 1e-6 * np.maximum(1, np.abs(limit))
    gradient = model.gradient(x).full().ravel()
    bounds = near(x, model.lower) | near(x, model.upper)
    free = ~bounds
    y = np.zeros(model.m)
    jacobian = np.zeros((0, model.n))
    if model.m:
        jacobian = model.jacobian(x).full()
        g = model.constraints(x).full().ravel()
        active = near(g, model.clower) | near(g, model.cupper)
        if active.any() and free.any():
            y[active] = np.linalg.lstsq(jacobian[active][:, free].T, -gradient[free], rcond=None)[0]
    return np.concatenate([y, gradient + jacobian.T @ y])


PEERS = {"ipopt": ipopt, "slsqp": scipy("slsqp"), "trust-constr": scipy("trust-constr")}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("peer", choices=PEERS)
    parser.add_argument("model")
    parser.add_argument("answer")
    parser.add_argument("multipliers")
    parser.add_argument("--tol", type=float, default=1e-8)
    parser.add_argument("--cap", type=float, default=60)
    args = parser.parse_args()
    start = time.perf_counter()
    model = Model(args.model)
    read = time.perf_counter() - start
    x, y, setup, solve, iterations, word = PEERS[args.peer](model, args.tol, args.cap)
    np.save(args.answer, x.reshape(-1, 1))
    np.save(args.multipliers, y.reshape(-1, 1))
    version = ca.__version__ if args.peer == "ipopt" else __import__("scipy").__version__
    print(json.dumps({"version": version, "read_s": read, "setup_s": setup, "solve_s": solve, "iterations": iterations, "word": word}))


if __name__ == "__main__":
    main()
