package bcd

import (
	"strings"

	"solve/solver"
)

// Names of the methods.
const (
	Auto   = "auto"
	Cyclic = "cd"
)

// Methods lists the algorithms of this package; those of the laboratory are
// in package block.
func Methods() []solver.Method {
	return []solver.Method{
		{
			Name:    Auto,
			Summary: "greedy working sets; coordinate descent with Anderson acceleration and Newton steps on the support inside",
			Paper:   "Nutini, Laradji, Schmidt: Let's make block coordinate descent converge faster, JMLR 23(131), 2022, arXiv:1712.08859; Massias, Vaiter, Gramfort, Salmon: Dual extrapolation for sparse GLMs, JMLR 21(234), 2020; Bertrand, Massias: Anderson acceleration of coordinate descent, AISTATS 2021, arXiv:2011.10065",
			When:    "the default, for every loss and penalty",
		},
		{
			Name:    Cyclic,
			Summary: "cyclic coordinate descent over all columns, without working sets or acceleration",
			Paper:   "Friedman, Hastie, Tibshirani: Regularization paths for generalized linear models via coordinate descent, J. Stat. Softw. 33(1), 2010",
			When:    "teaching, and a baseline",
		},
		{
			Name:    Semismooth,
			Summary: "proximal point steps on the dual of a support vector machine, each by semismooth Newton",
			Paper:   "Keerthi, DeCoste: A modified finite Newton method for fast solution of large scale linear SVMs, JMLR 6, 2005; Yan, Li: An efficient augmented Lagrangian method for support vector machine, Optim. Methods Softw. 35(4), 2020, arXiv:1912.06800",
			When:    "auto with the losses hinge and sqhinge, after coordinate descent on the dual (Hsieh et al., ICML 2008)",
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
