package constrained

import (
	"strings"

	"solve/solver"
)

// Names of the methods.
const (
	Auto       = "auto"
	GALM       = "galm"
	IPM        = "ipm"
	L1         = "l1"
	L1Adaptive = "l1adap"
	AL         = "al"
)

// Methods lists the algorithms of this package.
func Methods() []solver.Method {
	return []solver.Method{
		{
			Name:    Auto,
			Summary: "galm where there are equations only, then ipm, then ipm from other multipliers, barriers and starts, until one is verified",
			Paper:   "Wächter, Biegler: On the implementation of an interior-point filter line-search algorithm for large-scale nonlinear programming, Math. Program. 106, 2006",
			When:    "the default",
		},
		{
			Name:    GALM,
			Summary: "AdaSketch-Newton: inexact Newton steps on an exact augmented Lagrangian, by sketching or by factorisation",
			Paper:   "Hong, Na, Mahoney, Kolar: Constrained optimization via exact augmented Lagrangian and randomized iterative sketching, ICML 2023, arXiv:2305.18379",
			When:    "equations only; auto's first attempt there",
		},
		{
			Name:    IPM,
			Summary: "primal-dual interior point method with a filter line search, inertia correction and feasibility restoration",
			Paper:   "Wächter, Biegler: On the implementation of an interior-point filter line-search algorithm for large-scale nonlinear programming, Math. Program. 106, 2006",
			When:    "inequalities and bounds, and wherever galm fails",
		},
		{
			Name:    L1,
			Summary: "inexact Newton steps on the ℓ1 merit function with two termination tests, by GMRES",
			Paper:   "Byrd, Curtis, Nocedal: An inexact SQP method for equality constrained optimization, SIAM J. Optim. 19(1), 2008",
			When:    "a baseline for galm",
		},
		{
			Name:    L1Adaptive,
			Summary: "galm's adaptive accuracy on the ℓ1 merit function, by GMRES",
			Paper:   "Hong, Na, Mahoney, Kolar: Constrained optimization via exact augmented Lagrangian and randomized iterative sketching, ICML 2023, arXiv:2305.18379",
			When:    "a baseline for galm",
		},
		{
			Name:    AL,
			Summary: "classical augmented Lagrangian method, each subproblem by Newton's method",
			Paper:   "Hestenes: Multiplier and gradient methods, J. Optim. Theory Appl. 4, 1969; Powell: A method for nonlinear constraints in minimization problems, in: Optimization, Academic Press, 1969",
			When:    "a baseline for galm",
		},
	}
}

func methodNames() string {
	var names []string
	for _, m := range Methods() {
		names = append(names, m.Name)
	}
	return strings.Join(names, ", ")
}
