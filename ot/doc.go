// Package ot solves optimal transport between discrete distributions, exactly
// or with entropic regularisation, and certifies what it returns.
//
// Without regularisation it hands the problem to package exact. With it, the
// default method is a hardened form of Sinkhorn-Newton-Sparse (Tang,
// Shavlovsky, Rahmanian, Tardini, Thekumparampil, Xiao, Ying: Accelerating
// Sinkhorn algorithm with sparse Newton iterations, ICLR 2024,
// arXiv:2401.12253), which is also here as published, beside Sinkhorn's and
// the greedy Sinkhorn iteration.
//
// Throughout, P_ij = exp(α_i + β_j − C_ij/ε) with dimensionless α, β inside
// the package, and P_ij = a_i b_j exp((f_i + g_j − C_ij)/ε) with potentials
// f, g in the unit of the cost (the KL convention) in results; those of exact
// results have f_i + g_j ≤ C_ij.
package ot
