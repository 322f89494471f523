package ot

import "solve/solver"

// Names of the methods.
const (
	Auto       = "auto"
	Exact      = "exact"
	Assignment = "assignment"
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
			When:    "the default with regularisation: tens of passes over the cost, at any ε that double precision resolves; without, it is exact",
		},
		{
			Name:    Exact,
			Summary: "unregularised, to optimality: multiscale network simplex with column generation and integer masses; sorting on a line",
			Paper:   "Schmitzer: A sparse multiscale algorithm for dense optimal transport, J. Math. Imaging Vision 56, 2016; Cunningham: A network simplex method, Math. Programming 11, 1976",
			When:    "the default without regularisation: 10⁵ points in the plane, some 10⁴ otherwise",
		},
		{
			Name:    Assignment,
			Summary: "every row gets a column of its own, n ≤ m: shortest augmenting paths, or the network simplex when n = m is large",
			Paper:   "Jonker, Volgenant: A shortest augmenting path algorithm for dense and sparse linear assignment problems, Computing 38, 1987",
			When:    "matching; columns may be left over",
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
