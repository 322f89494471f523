package direct

import (
	"fmt"

	"solve/internal/kern"
)

func checkRightSide(n, want int) {
	if n != want {
		panic(fmt.Sprintf("direct: right-hand side of %d values, want %d", n, want))
	}
}

// Solve overwrites x, of length n, with A⁻¹ x. It allocates nothing.
func (f *LU) Solve(x []float64) {
	checkRightSide(len(x), f.s.n)
	s, w := f.s, f.work
	for k, r := range f.rowOf {
		w[k] = f.rowScale[f.pivotRow[k]] * x[r]
	}
	for b := s.Blocks() - 1; b >= 0; b-- {
		lo, hi := s.blocks[b], s.blocks[b+1]
		for k := lo; k < hi; k++ {
			subtractColumn(f.li[f.lp[k]:f.lp[k+1]], f.lx[f.lp[k]:f.lp[k+1]], w[k], w)
		}
		for k := hi - 1; k >= lo; k-- {
			w[k] /= f.diag[k]
			subtractColumn(f.ui[f.up[k]:f.up[k+1]], f.ux[f.up[k]:f.up[k+1]], w[k], w)
		}
		for k := lo; k < hi; k++ {
			p, q := s.colPtr[k], s.inside[k]
			subtractColumn(f.row[p:q], f.val[p:q], w[k], w)
		}
	}
	for k, c := range s.colPerm {
		x[c] = f.colScale[k] * w[k]
	}
}

// SolveTrans overwrites x, of length n, with A⁻ᵀ x. It allocates nothing.
func (f *LU) SolveTrans(x []float64) {
	checkRightSide(len(x), f.s.n)
	s, w := f.s, f.work
	for k, c := range s.colPerm {
		w[k] = f.colScale[k] * x[c]
	}
	for b := range s.Blocks() {
		lo, hi := s.blocks[b], s.blocks[b+1]
		for k := lo; k < hi; k++ {
			p, q := s.colPtr[k], s.inside[k]
			above := kern.GatherDot(f.row[p:q], f.val[p:q], w) + kern.GatherDot(f.ui[f.up[k]:f.up[k+1]], f.ux[f.up[k]:f.up[k+1]], w)
			w[k] = (w[k] - above) / f.diag[k]
		}
		for k := hi - 1; k >= lo; k-- {
			w[k] -= kern.GatherDot(f.li[f.lp[k]:f.lp[k+1]], f.lx[f.lp[k]:f.lp[k+1]], w)
		}
	}
	for k, r := range f.rowOf {
		x[r] = f.rowScale[f.pivotRow[k]] * w[k]
	}
}

// SolveBlock overwrites the row-major n×k matrix x, a right-hand side a
// column, with A⁻¹ x, on as many goroutines as the analysis. It allocates only
// where an earlier call did not have as many columns.
func (f *LU) SolveBlock(x []float64, k int) {
	checkRightSide(len(x), f.s.n*k)
	if f.s.n > 0 && k > 0 {
		if f.blocks.solve == nil {
			f.blocks.solve = f.solveColumns
		}
		f.blocks.run(f.s.threads, f.s.n, x, k)
	}
}

// SolveColumns is SolveBlock on the calling goroutine alone, in the caller's
// space of at least SolveSpace(k) numbers. Calls with a space and an x each may
// run at the same time.
func (f *LU) SolveColumns(space, x []float64, k int) {
	checkRightSide(len(x), f.s.n*k)
	f.solveColumns(space, x, k, k)
}

// SolveSpace is how many numbers SolveColumns works in for k right-hand sides.
func (f *LU) SolveSpace(k int) int { return f.s.n * k }

// solveColumns solves for m columns of x, whose rows are stride apart.
func (f *LU) solveColumns(w, x []float64, stride, m int) {
	s := f.s
	at := func(k int32) []float64 { return w[int(k)*m:][:m] }
	subtract := func(rows []int32, v, y []float64) {
		for p, i := range rows {
			kern.Axpy(-v[p], y, at(i))
		}
	}
	for k, r := range f.rowOf {
		scale(at(int32(k)), x[int(r)*stride:][:m], f.rowScale[f.pivotRow[k]])
	}
	for b := s.Blocks() - 1; b >= 0; b-- {
		lo, hi := s.blocks[b], s.blocks[b+1]
		for k := lo; k < hi; k++ {
			subtract(f.li[f.lp[k]:f.lp[k+1]], f.lx[f.lp[k]:f.lp[k+1]], at(int32(k)))
		}
		for k := hi - 1; k >= lo; k-- {
			y := at(int32(k))
			for q := range y {
				y[q] /= f.diag[k]
			}
			subtract(f.ui[f.up[k]:f.up[k+1]], f.ux[f.up[k]:f.up[k+1]], y)
		}
		for k := lo; k < hi; k++ {
			p, q := s.colPtr[k], s.inside[k]
			subtract(f.row[p:q], f.val[p:q], at(int32(k)))
		}
	}
	for k, c := range s.colPerm {
		scale(x[int(c)*stride:][:m], at(int32(k)), f.colScale[k])
	}
}

// scale computes dst = a src.
func scale(dst, src []float64, a float64) {
	for q, v := range src {
		dst[q] = a * v
	}
}
