package ot

import "solve/solver"

// Names of the methods.
const (
	Auto       = "auto"
	SNS        = "sns"
	Sinkhorn   = "sinkhorn"
	Greenkhorn = "greenkhorn"
)

// Methods lists the algorithms of this package.
func Methods() []solver.Method {
	return []solver.Method{
		{
			Name:    Auto,
			Summary: "ε-scaling and a semi-dual Newton method with an error-controlled sparse Hessian",
			Paper:   "hardened form of Tang, Shavlovsky, Rahmanian, Tardini, Thekumparampil, Xiao, Ying: Accelerating Sinkhorn algorithm with sparse Newton iterations, ICLR 2024, arXiv:2401.12253",
			When:    "the default: tens of passes over the cost, at any ε that double precision resolves",
		},
		{
			Name:    SNS,
			Summary: "Sinkhorn-Newton-Sparse as published: N1 Sinkhorn iterations, then Newton with a sparsified Hessian",
			Paper:   "Tang, Shavlovsky, Rahmanian, Tardini, Thekumparampil, Xiao, Ying: Accelerating Sinkhorn algorithm with sparse Newton iterations, ICLR 2024, arXiv:2401.12253",
			When:    "to reproduce the paper; its fixed sparsity can stall",
		},
		{
			Name:    Sinkhorn,
			Summary: "Sinkhorn's iteration in the log domain, optionally over-relaxed",
			Paper:   "Cuturi: Sinkhorn distances, NIPS 2013; over-relaxation: Thibault, Chizat, Dossal, Papadakis, Algorithms 14(5), 2021",
			When:    "large ε, or a baseline",
		},
		{
			Name:    Greenkhorn,
			Summary: "greedy coordinate Sinkhorn: one row or column an iteration",
			Paper:   "Altschuler, Weed, Rigollet: Near-linear time approximation algorithms for optimal transport via Sinkhorn iteration, NIPS 2017",
			When:    "teaching, and a baseline",
		},
	}
}
