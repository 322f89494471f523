// Package kern holds the float64 vector kernels that every solver spends its
// time in: plain Go on every CPU, generated assembly on amd64 (AVX2+FMA or
// AVX-512), chosen once at start.
//
// Besides vectors: rows of transport plans and of sparse matrices, blocks of
// eight columns, dense products, the fronts of sparse factorisations, lines of
// grids with face weights (FaceGrid), and the data terms of generalised linear
// models.
//
// # Contracts common to all kernels
//
// Slices that must agree in length are checked before any assembly runs; a
// mismatch is a programming error and panics. Nothing allocates, except where
// a work area is documented to grow. Output slices must not overlap input
// slices unless they are the same slice and the kernel says "dst may be x".
// The index arrays of the sparse kernels are trusted: a column outside the
// vector it indexes reads or writes foreign memory, so callers validate a
// matrix once, when it is built.
//
// The bits of a result depend on the instruction set, the lengths and the
// data, never on the alignment of the slices. Different instruction sets may
// differ in the last bits. An assembly kernel can't be preempted: callers keep
// one call below about 64 K elements and so get cancellation points too.
//
// # Accuracy
//
// Exp is within 2 ulp of the exact value on every path, including subnormal
// results on the Go and AVX-512 paths; the AVX2 path flushes results below
// 3.3e-308 to zero. Exp(±0) is exactly 1, Exp(−Inf) = 0, Exp(+Inf) = +Inf,
// Exp(NaN) = NaN. Log is within 2 ulp. The kernels of optimal transport
// (MaxRow, RowLSE, PlanRow and the versions that recompute costs from points)
// evaluate z_j = (f + g_j) − c_j·invEps and then the same exponential; a cost
// of +Inf, a forbidden arc, gives exp = 0 and never a NaN. The terms of Logistic
// and BinaryEntropy are within 4 ulp, and the sums of the data terms are
// compensated.
//
// # Choosing the instruction set
//
// SOLVE_KERNEL=go, avx2 or avx512 in the environment caps the choice (it never
// selects instructions that the CPU lacks); the build tag purego leaves the
// assembly out. Name says which one is in use.
package kern
