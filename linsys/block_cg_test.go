package linsys

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"solve/matrix"
	"solve/solver"
)

func newBlockSystem(a matrix.Operator, seed uint64, columns int) *system {
	n, _ := a.Dims()
	s := newSystem(a, normals(seed, n*columns))
	s.x, s.columns = make([]float64, n*columns), columns
	return s
}

// single is column j as a system of its own.
func single(s *system, j int) *system {
	n := len(s.b) / s.columns
	c := *s
	c.work, c.columns = nil, 0
	c.b, c.x = make([]float64, n), make([]float64, n)
	for i := range n {
		c.b[i], c.x[i] = s.b[i*s.columns+j], s.x[i*s.columns+j]
	}
	return &c
}

// Column by column the block does what CG does, for any number of columns and
// with and without block products.
func TestBlockCGIsCG(t *testing.T) {
	a := poisson(t, 1, 17, 19)
	n := 17 * 19
	plain := &matrix.Func{Rows: n, Cols: n, Mul: func(dst, x []float64) { a.MulVecTo(dst, false, x) }}
	for _, columns := range []int{1, 3, 8, 13, 37} {
		for _, operator := range []matrix.Operator{a, plain} {
			for _, m := range []Preconditioner{nil, newJacobi(a, n), blockJacobi{newJacobi(a, n)}, must(NewJacobi(a)), must(NewBlockJacobi(a, 3))} {
				s := newBlockSystem(operator, 91, columns)
				s.m, s.normA = m, 8
				for i := range s.b { // some columns end earlier than others
					if j := i % columns; j%4 == 1 {
						s.b[i] = math.Sin(float64(i/columns)) * float64(j)
					} else if j%4 == 2 {
						s.b[i] = 0
					}
				}
				starts := make([]*system, columns)
				for j := range starts {
					starts[j] = single(s, j)
				}
				outs := blockCG(context.Background(), s)
				for j, out := range outs {
					end := single(s, j)
					solved(t, "block cg", end, out)
					one := cg(context.Background(), starts[j])
					if one.iterations != out.iterations || distance(end.x, starts[j].x) > 1e-7*norm2(end.x) {
						t.Errorf("column %d of %d: %d iterations, %d alone; x differ by %g", j, columns, out.iterations, one.iterations, distance(end.x, starts[j].x))
					}
					if math.Abs(out.lo-one.lo) > 1e-6*one.lo || math.Abs(out.hi-one.hi) > 1e-6*one.hi {
						t.Errorf("column %d: Ritz values %g and %g, %g and %g alone", j, out.lo, out.hi, one.lo, one.hi)
					}
				}
			}
		}
	}
}

// blockJacobi applies itself to several vectors.
type blockJacobi struct{ jacobi }

func (d blockJacobi) ApplyBlock(z, r []float64, k int) {
	for i, v := range d.jacobi {
		for j := range k {
			z[i*k+j] = v * r[i*k+j]
		}
	}
}

// must is a preconditioner that can be set up.
func must[P Preconditioner](m P, err error) Preconditioner {
	if err != nil {
		panic(err)
	}
	return m
}

func TestBlockCGSameBitsOnAnyNumberOfThreads(t *testing.T) {
	a := poisson(t, 1, 170, 170)
	for i := range a.Rows { // the diagonal is to differ from row to row
		k := a.RowPtr[i] + int64(slices.Index(a.Col[a.RowPtr[i]:a.RowPtr[i+1]], int32(i)))
		a.Val[k] += float64(i % 7)
	}
	for _, columns := range []int{3, 19} {
		for _, m := range []Preconditioner{nil, must(NewJacobi(a)), must(NewBlockJacobi(a, 2)), newJacobi(a, a.Rows)} {
			var first []float64
			var iterations []int
			for _, threads := range []int{1, 3} {
				s := newBlockSystem(a.Parallel(threads), 92, columns)
				s.threads, s.maxIter, s.normA, s.m, s.tol = threads, 9, 15, m, 1e-3
				var took []int
				for _, out := range blockCG(context.Background(), s) {
					took = append(took, out.iterations)
				}
				if first == nil {
					first, iterations = s.x, took
				} else if !slices.Equal(first, s.x) || !slices.Equal(iterations, took) {
					t.Errorf("%d columns, %T, %d threads: other bits", columns, m, threads)
				}
			}
		}
	}
}

// Every column is claimed once, whichever blocks are slow.
func TestColumnQueue(t *testing.T) {
	for _, columns := range []int{1, 16, 19, 200} {
		for _, blocks := range []int{1, 2, 3} {
			for slow := range blocks {
				q := newColumnQueue(columns, blocks)
				claimed := make([]int, columns)
				for turn := 0; ; turn++ {
					any := false
					for k := range blocks {
						if k == slow && turn%5 != 0 {
							continue
						}
						lo, hi := q.claim(k)
						if hi-lo > groupWidth {
							t.Fatalf("%d columns claimed at once", hi-lo)
						}
						for j := lo; j < hi; j++ {
							claimed[j]++
							any = true
						}
					}
					if !any && turn%5 == 0 {
						break
					}
				}
				if i := slices.IndexFunc(claimed, func(k int) bool { return k != 1 }); i >= 0 {
					t.Errorf("%d columns, %d blocks: column %d claimed %d times", columns, blocks, i, claimed[i])
				}
			}
		}
	}
}

// Many blocks would take more memory than is allowed.
func TestBlocksFitInMemory(t *testing.T) {
	s := newBlockSystem(poisson(t, 1, 20, 20), 90, 64)
	s.threads = 8
	for _, c := range []struct {
		memory int64
		blocks int
	}{{0, 8}, {3*s.blockBytes() + 1, 3}, {1, 1}} {
		s.memory = c.memory
		if _, blocks := s.separateBlocks(); blocks != c.blocks {
			t.Errorf("%d bytes: %d blocks, want %d", c.memory, blocks, c.blocks)
		}
	}
}

// A column has the same bits whatever stands beside it, however often its lane
// moves.
func TestBlockCGColumnsDoNotMeet(t *testing.T) {
	a := poisson(t, 1, 17, 19)
	const columns = 45
	s := newBlockSystem(a, 99, columns)
	s.m, s.normA, s.tol = must(NewJacobi(a)), 8, 1e-13
	for i := range s.b { // most columns end early, at different times
		if j := i % columns; j%5 != 0 {
			s.b[i] = math.Sin(float64((i/columns)*(j%5))) + 1e-3*s.b[i]
		}
	}
	var alone []*system
	for j := range columns {
		alone = append(alone, single(s, j))
	}
	together := blockCG(context.Background(), s)
	for j, c := range alone {
		out := blockCG(context.Background(), c)[0]
		if !slices.Equal(c.x, single(s, j).x) || out.iterations != together[j].iterations {
			t.Errorf("column %d: other bits, after %d iterations alone and %d", j, out.iterations, together[j].iterations)
		}
	}
}

// A column that can't go on leaves the others alone.
func TestBlockCGBreakdownOfOneColumn(t *testing.T) {
	d := []float64{1, 2, 3, 4, -5}
	s := newBlockSystem(diagonal(t, d...), 93, 4)
	for j := range 4 {
		s.b[4*4+j] = 0
	}
	s.b[4*4+2] = 3
	outs := blockCG(context.Background(), s)
	for j, out := range outs {
		end := single(s, j)
		honest(t, "block cg", end, out)
		if want := map[bool]solver.Reason{true: solver.NotPositiveDefinite, false: solver.Tolerance}[j == 2]; out.reason != want {
			t.Errorf("column %d: %s", j, out.reason)
		}
	}
	if !(outs[2].curvature <= 0) {
		t.Errorf("curvature %g", outs[2].curvature)
	}
}

func TestBlockCGNaNOfPreconditioner(t *testing.T) {
	a := poisson(t, 1, 6, 6)
	s := newBlockSystem(a, 94, 3)
	calls := 0
	s.m = mapping(func(z, r []float64) {
		copy(z, r)
		if calls++; calls == 8 {
			z[3] = math.NaN()
		}
	})
	outs := blockCG(context.Background(), s)
	bad := 0
	for j, out := range outs {
		honest(t, "block cg", single(s, j), out)
		if out.reason == solver.EvaluationError {
			bad++
		}
	}
	if bad != 1 {
		t.Errorf("%d columns with an evaluation error", bad)
	}
}

func TestBlockCGIsInterrupted(t *testing.T) {
	enough := errors.New("enough")
	for _, byRecord := range []bool{true, false} {
		ctx, cancel := context.WithCancel(context.Background())
		s := newBlockSystem(poisson(t, 1, 20, 20), 95, 12)
		s.record = func(iter int, _, _ float64) error {
			if iter < 5 {
				return nil
			}
			if byRecord {
				return enough
			}
			cancel()
			return nil
		}
		for j, out := range blockCG(ctx, s) {
			honest(t, "block cg", single(s, j), out)
			if out.reason != solver.Interrupted || out.err == nil {
				t.Errorf("column %d: %s, %v", j, out.reason, out.err)
			}
		}
		cancel()
	}
}

func TestBlockCGWithKernel(t *testing.T) {
	a, kernel := path(t)
	s := newBlockSystem(a, 96, 2)
	copy(s.b, []float64{1, 1, 0, 0, -1, 0})
	s.kernel = kernel
	outs := blockCG(context.Background(), s)
	if outs[0].reason != solver.Tolerance || outs[1].reason != solver.Inconsistent {
		t.Errorf("%s and %s", outs[0].reason, outs[1].reason)
	}
	if x := single(s, 0).x; distance(x, []float64{1, 0, -1}) > 1e-8 {
		t.Errorf("x = %v", x)
	}
}

func TestNoAllocationInABlockIteration(t *testing.T) {
	if underRace {
		t.Skip("allocates by itself")
	}
	a := poisson(t, 1, 40, 50)
	s := newBlockSystem(a, 97, 8)
	s.tol, s.m, s.normA = 0, newJacobi(a, 2000), 8
	work := func(iterations int) float64 {
		return testing.AllocsPerRun(3, func() {
			s.maxIter = iterations
			clear(s.x)
			blockCG(context.Background(), s)
		})
	}
	work(80)
	if few, many := work(20), work(80); few != many {
		t.Errorf("%g allocations in 20 iterations, %g in 80", few, many)
	}
}
