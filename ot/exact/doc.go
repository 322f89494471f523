// Package exact solves unregularised optimal transport to optimality,
//
//	min ⟨C,P⟩   over P ≥ 0, P1 = a, Pᵀ1 = b,
//
// and proves it: every result carries dual potentials with f_i + g_j ≤ C_ij,
// the lower bound that they give and what remains between the two.
//
// The general method is a network simplex with column generation. Masses are
// integers, multiples of 2⁻⁶¹ of the total, so flows are exact and degeneracy
// is a comparison with zero; the basis is kept strongly feasible (Cunningham,
// A network simplex method, Math. Programming 11, 1976), which rules out
// cycling. Only a few tens of arcs a point are active: candidates with small
// reduced costs, found with potentials from a coarser copy of the problem
// (Schmitzer, A sparse multiscale algorithm for dense optimal transport,
// J. Math. Imaging Vision 56, 2016), to which full pricing sweeps add what
// they lack. The last sweep finds nothing and is the proof.
//
// Two cases have methods of their own: points on a line with a convex cost,
// solved by sorting, and small assignments, solved by shortest augmenting
// paths (Jonker and Volgenant, A shortest augmenting path algorithm for dense
// and sparse linear assignment problems, Computing 38, 1987).
package exact
