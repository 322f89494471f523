package kern

import "fmt"

//go:generate go run -C _gen ./fw -out ../fw_amd64.s -stubs ../fw_stubs_amd64.go -pkg kern

// Real is the arithmetic of a multigrid level.
type Real interface{ float32 | float64 }

// FaceGrid is a symmetric matrix on a box of cells: cell c has the diagonal
// d_c and a link of weight w ≥ 0 to each neighbour across a face,
//
//	(A x)_c = d_c x_c − Σ w x_neighbour.
//
// Cells are numbered with z fastest. Every array, those of unknowns too, has
// Guard() elements before cell 0 and after the last one, so that a neighbour
// can be read without asking whether there is one: the weight of a link that
// leaves the box is 0, and so is everything of a cell that is masked out.
//
// A grid whose weights are one number for each axis, and which has at most 7
// different diagonals, is coded in one byte a cell instead: bits 0–2 are the
// number of the diagonal, 0 for a masked cell, and bits 3, 4, 5 say whether
// there is a link to the next cell along z, y, x.
type FaceGrid[T Real] struct {
	Planes, Lines, N int // cells along x, y and z

	W      [3][]T // weight of the link to the next cell along x, y, z
	D, Inv []T    // diagonal, and its inverse or 0 where masked
	Code   []uint8
	Axis   [3]T // weight along x, y, z of a coded grid
	DiagOf [8]T // diagonals of a coded grid
	InvOf  [8]T // their inverses; InvOf[0] = 0

	// For FaceDiff: the number of the excess d − Σw of each cell, below 16.
	Excess   []uint8
	ExcessOf [16]T
}

// Bits of a code.
const (
	CodeDiagonal = 7
	CodeZ        = 1 << 3
	CodeY        = 1 << 4
	CodeX        = 1 << 5
)

// Plane returns the number of cells of a plane of constant x.
func (g *FaceGrid[T]) Plane() int { return g.Lines * g.N }

// Cells returns the number of cells.
func (g *FaceGrid[T]) Cells() int { return g.Planes * g.Plane() }

// Guard returns the length of the guards.
func (g *FaceGrid[T]) Guard() int { return g.Plane() }

// start is the index of plane i, after checking that the vectors have room
// for the cells and the guards.
func (g *FaceGrid[T]) start(kernel string, i int, vectors ...int) int {
	if uint(i) >= uint(g.Planes) {
		panic(fmt.Sprintf("kern: %s: plane %d of %d", kernel, i, g.Planes))
	}
	need := g.Cells() + 2*g.Guard()
	for _, have := range vectors {
		if have < need {
			panicLen(kernel, "vector", have, need)
		}
	}
	return g.Guard() + i*g.Plane()
}

// FaceRelax relaxes the cells of one colour in plane i: those whose
// coordinates add up to an even number (colour 0) or an odd one (1),
//
//	x_c = keep·x_c + ω (b_c + Σ w x_neighbour) / d_c.
func FaceRelax[T Real](g *FaceGrid[T], i, colour int, keep, omega T, x, b []T) {
	o := g.start("FaceRelax", i, len(x), len(b))
	if x, ok := any(x).([]float32); ok {
		faceRelax(any(g).(*FaceGrid[float32]), o, i+colour, float32(keep), float32(omega), x, any(b).([]float32))
		return
	}
	faceRelaxGo(g, o, i+colour, keep, omega, x, b)
}

// FaceStart is FaceRelax from x = 0: x_c = ω b_c / d_c in the cells of one
// colour of plane i.
func FaceStart[T Real](g *FaceGrid[T], i, colour int, omega T, x, b []T) {
	o := g.start("FaceStart", i, len(x), len(b))
	if x, ok := any(x).([]float32); ok {
		faceStart(any(g).(*FaceGrid[float32]), o, i+colour, float32(omega), x, any(b).([]float32))
		return
	}
	faceStartGo(g, o, i+colour, omega, x, b)
}

// Mix says how FaceResidual combines what it reads, for the cells of each
// colour: B·b_c + D·d_c x_c + S·Σ w x_neighbour. The residual is {1, −1, 1}
// for both.
type Mix[T Real] [2]struct{ B, D, S T }

// FaceResidual adds the mix of every cell of plane i to sums, which has a
// line for every fold lines of the plane (1 or 2): line j goes to line
// j/fold.
func FaceResidual[T Real](g *FaceGrid[T], i, fold int, mix *Mix[T], x, b, sums []T) {
	o := g.start("FaceResidual", i, len(x), len(b))
	if want := (g.Lines + fold - 1) / fold * g.N; len(sums) < want {
		panicLen("FaceResidual", "sums", len(sums), want)
	}
	if x, ok := any(x).([]float32); ok {
		faceResidual(any(g).(*FaceGrid[float32]), o, i, fold, any(mix).(*Mix[float32]), x, any(b).([]float32), any(sums).([]float32))
		return
	}
	faceResidualGo(g, o, i, fold, mix, x, b, sums)
}

// FaceMul computes q = A p on plane i, in float64 throughout, and returns pᵀq
// there.
func FaceMul[T Real](g *FaceGrid[float64], i int, p, q []T) float64 {
	o := g.start("FaceMul", i, len(p), len(q))
	out := q[o : o+g.Plane()]
	switch p := any(p).(type) {
	case []float32:
		return faceMulNarrow(g, o, p, any(out).([]float32))
	case []float64:
		return faceMul(g, o, p, any(out).([]float64))
	}
	return faceMulGo(g, o, p, out)
}

// FaceDiff is FaceMul for a coded grid in float32, as differences,
//
//	q_c = Σ w (p_c − p_neighbour) + (d_c − Σw) p_c,
//
// so that for a smooth p, whose product is small, little cancels.
func FaceDiff(g *FaceGrid[float32], i int, p, q []float32) float64 {
	o := g.start("FaceDiff", i, len(p), len(q), len(g.Code), len(g.Excess))
	return faceDiff(g, o, p, q[o:o+g.Plane()])
}

// FaceDefect computes r = scale·(b − A x) on plane i and returns rᵀr there,
// before r was rounded. work has room for a plane.
func FaceDefect[T Real](g *FaceGrid[float64], i int, scale float64, x, b []float64, r []T, work []float64) float64 {
	o, n := g.start("FaceDefect", i, len(x), len(b), len(r)), g.Plane()
	checkLen("FaceDefect", "work", len(work), n)
	faceMul(g, o, x, work)
	if r, ok := any(r).([]float32); ok {
		return mixedDefect(scale, b[o:o+n], work, r[o:o+n])
	}
	return mixedDefectGo(scale, b[o:o+n], work, r[o:o+n])
}

// Repeats compares rows of w entries, at column col[e] with value val[e], with
// the row before: it returns how many entries after the first row, up to the
// first that differs, have the same value one column further on.
func Repeats(col []int32, val []float64, w int) int {
	checkLen("Repeats", "val", len(val), len(col))
	if w <= 0 {
		panic(fmt.Sprintf("kern: Repeats: rows of %d entries", w))
	}
	return repeats(col, val, w)
}

// FoldPairs computes c_k = s_2k + s_2k+1 for one line; an odd line ends in
// one term. It leaves s = 0.
func FoldPairs[T Real](c, s []T) {
	checkLen("FoldPairs", "c", len(c), (len(s)+1)/2)
	if c, ok := any(c).([]float32); ok {
		foldPairs(c, any(s).([]float32))
		return
	}
	foldPairsGo(c, s)
}

// SpreadPairs computes x_k += θ c_⌊k/2⌋.
func SpreadPairs[T Real](theta T, c, x []T) {
	checkLen("SpreadPairs", "c", len(c), (len(x)+1)/2)
	if c, ok := any(c).([]float32); ok {
		spreadPairs(float32(theta), c, any(x).([]float32))
		return
	}
	spreadPairsGo(theta, c, x)
}

// The passes of a Krylov method around a preconditioner that works in T.

// MixedDirection computes x += a p and then p = z + β p.
func MixedDirection[T Real](a float64, x []float64, z []T, beta float64, p []T) {
	checkLen("MixedDirection", "x", len(x), len(p))
	checkLen("MixedDirection", "z", len(z), len(p))
	if p, ok := any(p).([]float32); ok {
		mixedDirection(a, x, any(z).([]float32), float32(beta), p)
		return
	}
	mixedDirectionGo(a, x, z, T(beta), p)
}

// MixedDot2 returns zᵀr and zᵀq, summed in float64.
func MixedDot2[T Real](z, r, q []T) (zr, zq float64) {
	checkLen("MixedDot2", "r", len(r), len(z))
	checkLen("MixedDot2", "q", len(q), len(z))
	switch z := any(z).(type) {
	case []float32:
		return mixedDot2(z, any(r).([]float32), any(q).([]float32))
	case []float64:
		return dot2(z, any(r).([]float64), any(q).([]float64))
	}
	return mixedDot2Go(z, r, q)
}

// MixedStep computes r −= α q and returns rᵀr of the new r, summed in float64.
func MixedStep[T Real](alpha float64, q, r []T) float64 {
	checkLen("MixedStep", "q", len(q), len(r))
	if r, ok := any(r).([]float32); ok {
		return mixedStep(float32(alpha), any(q).([]float32), r)
	}
	return mixedStepGo(T(alpha), q, r)
}

// Diagonal returns d of the cell at index c of a vector.
func (g *FaceGrid[T]) Diagonal(c int) T {
	if g.Code != nil {
		return g.DiagOf[g.Code[c]&CodeDiagonal]
	}
	return g.D[c]
}

// NeighbourSum returns Σ w x over the neighbours of the cell at index c of x.
func (g *FaceGrid[T]) NeighbourSum(c int, x []T) T {
	if g.Code != nil {
		a := newCoded(g, x)
		return a.sum(c)
	}
	sx, n := g.Plane(), g.N
	return (g.W[0][c-sx]*x[c-sx] + g.W[0][c]*x[c+sx]) +
		(g.W[1][c-n]*x[c-n] + g.W[1][c]*x[c+n]) +
		(g.W[2][c-1]*x[c-1] + g.W[2][c]*x[c+1])
}

// Weight returns the weight of the link from the cell at index c of a vector
// to the next one along an axis.
func (g *FaceGrid[T]) Weight(axis, c int) T {
	if g.Code == nil {
		return g.W[axis][c]
	}
	if g.Code[c]>>(5-axis)&1 == 0 {
		return 0
	}
	return g.Axis[axis]
}
