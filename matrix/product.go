package matrix

import (
	"fmt"

	"solve/internal/kern"
	"solve/internal/par"
)

// productChunk is the number of entries that a block of rows holds at
// least (but for the last). Blocks depend on the matrix alone: the kernel
// is chosen by block, so the bits of a product do not depend on threads.
const productChunk = 1 << 15

// blocks returns row numbers b[0]=0 < … < b[n]=Rows that cut the matrix
// into blocks of about productChunk entries.
func (a *CSR) blocks() []int {
	if b := a.cuts.Load(); b != nil {
		return *b
	}
	b := []int{0}
	start := int64(0)
	for i := 1; i < a.Rows; i++ {
		if rows := i - b[len(b)-1]; a.RowPtr[i]-start >= productChunk || rows >= productChunk {
			b = append(b, i)
			start = a.RowPtr[i]
		}
	}
	b = append(b, a.Rows)
	a.cuts.Store(&b)
	return b
}

func checkVectors(op string, r, c int, dst []float64, trans bool, x []float64) {
	if trans {
		r, c = c, r
	}
	if len(dst) != r || len(x) != c {
		panic(fmt.Sprintf("matrix: %s: %d×%d product of a vector of %d into one of %d", op, r, c, len(x), len(dst)))
	}
}

// MulVecTo implements Operator on one thread.
func (a *CSR) MulVecTo(dst []float64, trans bool, x []float64) {
	checkVectors("CSR", a.Rows, a.Cols, dst, trans, x)
	if trans {
		a = a.Transpose()
	}
	b := a.blocks()
	for k := 1; k < len(b); k++ {
		a.mulBlock(b[k-1], b[k], dst, x)
	}
}

func (a *CSR) mulBlock(lo, hi int, dst, x []float64) {
	kern.SpMV(a.RowPtr[lo:hi+1], a.Col, a.Val, x, dst[lo:hi])
}

// Parallel returns a as an operator that multiplies on up to threads
// goroutines (0 = GOMAXPROCS), with the same bits as a itself.
func (a *CSR) Parallel(threads int) Operator {
	if threads = par.Threads(threads); threads == 1 || a.NNZ() < 4*productChunk {
		return a
	}
	return &parallelCSR{a, threads}
}

type parallelCSR struct {
	*CSR
	threads int
}

// OneThread returns the matrix of an operator that Parallel made, which
// multiplies on one thread and may do so for several goroutines at once; for
// a matrix, itself.
func (a *CSR) OneThread() *CSR { return a }

func (p *parallelCSR) MulVecTo(dst []float64, trans bool, x []float64) {
	a := p.CSR
	checkVectors("CSR", a.Rows, a.Cols, dst, trans, x)
	if trans {
		a = a.Transpose()
	}
	a.runBlocks(p.threads, dst, x, 1)
}

// MulVecTo implements Operator.
func (d *Dense) MulVecTo(dst []float64, trans bool, x []float64) {
	checkVectors("Dense", d.Rows, d.Cols, dst, trans, x)
	if !trans {
		for i := range dst {
			dst[i] = kern.Dot(d.Row(i), x)
		}
		return
	}
	clear(dst)
	for i, v := range x {
		kern.Axpy(v, d.Row(i), dst)
	}
}

// Func is an operator given by functions that overwrite dst with A x and
// Aᵀ x. A nil MulTrans says that A is symmetric.
type Func struct {
	Rows, Cols int
	Mul        func(dst, x []float64)
	MulTrans   func(dst, x []float64)
}

// Dims returns the shape.
func (f *Func) Dims() (r, c int) { return f.Rows, f.Cols }

// MulVecTo implements Operator.
func (f *Func) MulVecTo(dst []float64, trans bool, x []float64) {
	checkVectors("Func", f.Rows, f.Cols, dst, trans, x)
	if trans && f.MulTrans != nil {
		f.MulTrans(dst, x)
		return
	}
	f.Mul(dst, x)
}
