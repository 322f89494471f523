"""Duality gaps of penalised fits, in numpy, for any program's coefficients.

The problem is min over w of P(w) = (1/n) Σ ℓ(x_iᵀw; y_i) + Ω(w), no
intercept. With θ = ℓ'(Xw)/n, every s θ that satisfies Ω*(−s Xᵀθ) < ∞ gives a
lower bound D = −(1/n) Σ ℓ*(n s θ_i; y_i) − Ω*(−s Xᵀθ). A certificate is
(P − D)/P(0): the program that made w is not asked.
"""

import numpy as np

LOSSES = ("squared", "logistic", "poisson", "sqhinge")


def entropy(a):
    """a log a, and 0 at 0."""
    return np.where(a > 0, a * np.log(np.where(a > 0, a, 1)), 0.0)


def loss(name, eta, y):
    if name == "squared":
        return 0.5 * (eta - y) ** 2
    if name == "logistic":  # y = ±1
        return np.logaddexp(0, -y * eta)
    if name == "poisson":
        return np.exp(eta) - y * eta
    return 0.5 * np.maximum(0, 1 - y * eta) ** 2


def slope(name, eta, y):
    if name == "squared":
        return eta - y
    if name == "logistic":
        return -y * np.exp(-np.logaddexp(0, y * eta))
    if name == "poisson":
        return np.exp(eta) - y
    return -y * np.maximum(0, 1 - y * eta)


def conjugate(name, t, y):
    """ℓ*(t; y), where t is a slope times a number of [0, 1]."""
    if name == "squared":
        return 0.5 * t**2 + t * y
    if name == "logistic":
        a = np.clip(-t * y, 0, 1)
        return entropy(a) + entropy(1 - a)
    if name == "poisson":
        a = np.maximum(t + y, 0)
        return entropy(a) - a
    a = np.maximum(-t * y, 0)
    return 0.5 * a**2 - a


class Problem:
    """X (dense or CSC), y, a loss, and a penalty: `l1`, `l2` (½λ‖w‖²) or
    `group` (λ Σ √|g| ‖w_g‖ over consecutive groups of `group` columns)."""

    def __init__(self, X, y, loss="squared", penalty="l1", group=1):
        self.X, self.y, self.loss, self.penalty, self.group = X, y, loss, penalty, group
        self.n, self.p = X.shape

    def null(self):
        """P(0)."""
        return float(np.mean(loss(self.loss, np.zeros(self.n), self.y)))

    def norms(self, u):
        """Of each group, over the weight of its penalty."""
        if self.penalty == "group":
            return np.sqrt(np.sum(u.reshape(-1, self.group) ** 2, axis=1) / self.group)
        return np.abs(u)

    def lambda_max(self):
        """The smallest λ whose solution is 0."""
        return float(self.norms(self.X.T @ slope(self.loss, np.zeros(self.n), self.y)).max() / self.n)

    def penalised(self, w, lam):
        if self.penalty == "l2":
            return 0.5 * lam * float(w @ w)
        return lam * float(np.sum(self.norms(w)) * self.group)

    def gap(self, w, lam):
        """Objective and (P − D)/P(0)."""
        eta = self.X @ w
        primal = float(np.mean(loss(self.loss, eta, self.y))) + self.penalised(w, lam)
        theta = slope(self.loss, eta, self.y) / self.n
        u = self.X.T @ theta
        s, conjugate_penalty = 1.0, 0.0
        if self.penalty == "l2":
            conjugate_penalty = float(u @ u) / (2 * lam)
        else:
            top = float(self.norms(u).max())
            limit = lam / top if top > 0 else np.inf
            s = min(1.0, limit)
            if self.loss == "squared" and theta @ theta > 0:  # the maximum of D on the ray
                s = float(np.clip(-(theta @ self.y) / (self.n * (theta @ theta)), -limit, limit))
        dual = -float(np.mean(conjugate(self.loss, self.n * s * theta, self.y))) - conjugate_penalty
        return primal, float((primal - dual) / self.null())

    def worst_gap(self, coefficients, lambdas):
        """The largest gap of a path, one column of coefficients for each λ."""
        return max(self.gap(np.asarray(coefficients[:, k]).ravel(), lam)[1] for k, lam in enumerate(lambdas))
