// Package multigrid preconditions symmetric positive definite matrices by
// multigrid, on grids and on graphs.
//
// # Grids
//
// Detect recognises the matrix of a box of cells with any obstacles and any
// weights of faces, in any numbering, from its entries alone, and FWMG is a
// multigrid cycle on it. It aggregates boxes of 2×2×2 cells without smoothing
// the aggregates (Braess, Towards algebraic multigrid for elliptic problems of
// second order, Computing 55, 1995), so that a coarse matrix has the same form
// as the fine one: 7 entries a row, of which the weights of three faces are
// stored. What that loses is won back by
//
//   - over-correction: the coarse correction is multiplied by θ ≈ 1.5;
//   - a W-cycle, cheap since levels shrink by 8;
//   - splitting the unknowns of a box into connected components, so that walls
//     narrower than a box stay tight on every level;
//   - semi-coarsening: axes with weak links are left alone; and, for weak
//     directions that change from place to place, splitting by strength;
//   - red–black relaxation with one over-relaxed colour.
//
// The coarse matrices are exactly QᵀAQ, where Q is the 0/1 matrix of the
// aggregation. FWMG.PCG joins the cycle, in float32, with flexible conjugate
// gradients in float64; about a dozen iterations gain eight digits, whatever
// the size of the grid. It reads and writes about 150 bytes a cell and
// iteration where weights are constant along each axis, 250 elsewhere.
//
// # Graphs
//
// NewSA sets up smoothed aggregation (Vaněk, Mandel & Brezina, Computing 56,
// 1996) and NewRS classical algebraic multigrid (Ruge & Stüben, in: McCormick
// (ed.), Multigrid Methods, SIAM 1987).
//
// Every preconditioner has Apply(z, r), is symmetric, and gives the same bits
// on any number of threads.
package multigrid
