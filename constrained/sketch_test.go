package constrained

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"

	"solve/internal/kern"
	"solve/internal/rng"
	"solve/matrix"
	"solve/solver"
)

// saddle is [B Gᵀ; G 0] with B = I + RRᵀ/n, G of normal numbers; row and column i
// are multiplied by scale^(i/(n+m−1)).
func saddle(t testing.TB, n, m int, scale float64, seed uint64) *matrix.CSR {
	t.Helper()
	s := rng.New(seed)
	r := make([]float64, n*n)
	for k := range r {
		r[k] = s.Normal()
	}
	d := &matrix.Dense{Rows: n + m, Cols: n + m, Data: make([]float64, (n+m)*(n+m))}
	for i := range n {
		for j := range n {
			d.Data[i*d.Cols+j] = kern.Dot(r[i*n:(i+1)*n], r[j*n:(j+1)*n]) / float64(n)
		}
		d.Data[i*d.Cols+i]++
		for j := n; j < n+m; j++ {
			v := s.Normal()
			d.Data[i*d.Cols+j], d.Data[j*d.Cols+i] = v, v
		}
	}
	for i := range n + m {
		for j := range n + m {
			d.Data[i*d.Cols+j] *= math.Pow(scale, float64(i+j)/float64(n+m-1))
		}
	}
	a, err := d.ToCSR()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

type sketchKind struct {
	kind string
	q    int
	prob string
}

func (k sketchKind) String() string { return fmt.Sprintf("%s:%d/%s", k.kind, k.q, k.prob) }

var sketchKinds = []sketchKind{
	{Kaczmarz, 0, "uniform"}, {Kaczmarz, 0, "norm"}, {Kaczmarz, 0, "greedy"}, {GaussianVector, 0, ""},
	{BlockGaussian, 0, ""}, {BlockGaussian, 3, ""}, {CountSketch, 0, ""}, {CountSketch, 4, ""}, {BlockKaczmarz, 0, ""}, {BlockKaczmarz, 2, ""}, {BlockKaczmarz, 1000, ""},
}

func (k sketchKind) prepared(t testing.TB, a *matrix.CSR, seed uint64) *sketcher {
	t.Helper()
	s := newSketcher(k.kind, k.q, k.prob, seed, 1<<30)
	if err := s.take(a); err != nil {
		t.Fatal(err)
	}
	return s
}

// system returns b = K z for a z of normal numbers.
func system(a *matrix.CSR, seed uint64) (z, b []float64) {
	s := rng.New(seed)
	z, b = make([]float64, a.Rows), make([]float64, a.Rows)
	for i := range z {
		z[i] = s.Normal()
	}
	a.MulVecTo(b, false, z)
	return z, b
}

func norm(x []float64) float64 { return math.Sqrt(kern.Dot(x, x)) }

func distance(x, y []float64) float64 {
	d := append([]float64(nil), x...)
	kern.Axpy(-1, y, d)
	return norm(d)
}

// TestSketchesConverge: the residual that is promised is that of K, also where K is
// badly scaled, and the same seed gives the same bits.
func TestSketchesConverge(t *testing.T) {
	ctx := context.Background()
	for _, scale := range []float64{1, 1e4} {
		a := saddle(t, 7, 3, scale, 1)
		want, b := system(a, 2)
		target := 1e-9 * norm(b)
		for _, k := range sketchKinds {
			z, again := make([]float64, a.Rows), make([]float64, a.Rows)
			steps, residual, err := k.prepared(t, a, 3).improve(ctx, b, z, target, 1e6)
			if err != nil {
				t.Fatal(err)
			}
			got := make([]float64, a.Rows)
			a.MulVecTo(got, false, z)
			if d := distance(got, b); !(d <= 1.01*target) || math.Abs(d-residual) > 1e-3*target {
				t.Errorf("%v, scale %g: ‖Kz − b‖ = %g after %d steps, said %g, want %g", k, scale, d, steps, residual, target)
			}
			if d := distance(z, want); scale == 1 && d > 1e-6 {
				t.Errorf("%v: z is off by %g", k, d)
			}
			if other, _, _ := k.prepared(t, a, 3).improve(ctx, b, again, target, 1e6); other != steps || distance(z, again) != 0 {
				t.Errorf("%v: %d steps, then %d from the same seed", k, steps, other)
			}
		}
	}
}

// TestSketchesProject: no step takes D⁻¹z farther from the solution, and a step
// satisfies its own equations.
func TestSketchesProject(t *testing.T) {
	a := saddle(t, 8, 4, 100, 4)
	want, b := system(a, 5)
	for _, k := range sketchKinds {
		s := k.prepared(t, a, 6)
		z := make([]float64, a.Rows)
		error := func() float64 {
			sum := 0.0
			for i, v := range z {
				sum += (v - want[i]) * (v - want[i]) / (s.d[i] * s.d[i])
			}
			return math.Sqrt(sum)
		}
		start := error()
		for step, last := 0, start; step < 200; step++ {
			if _, _, err := s.improve(context.Background(), b, z, 0, 1); err != nil {
				t.Fatal(err)
			}
			next := error()
			if next > last*(1+1e-12)+1e-13*start {
				t.Fatalf("%v: step %d took the error from %g to %g", k, step, last, next)
			}
			last = next
		}
	}
}

// TestSketchSingular: a consistent system with a matrix of lower rank has a limit.
func TestSketchSingular(t *testing.T) {
	// Two equal rows of G.
	d := &matrix.Dense{Rows: 4, Cols: 4, Data: []float64{
		1, 0, 1, 1,
		0, 2, 1, 1,
		1, 1, 0, 0,
		1, 1, 0, 0,
	}}
	a, err := d.ToCSR()
	if err != nil {
		t.Fatal(err)
	}
	_, b := system(a, 7)
	for _, k := range sketchKinds {
		z := make([]float64, 4)
		if _, residual, _ := k.prepared(t, a, 8).improve(context.Background(), b, z, 1e-10, 1e5); !(residual <= 1e-10) {
			t.Errorf("%v: residual %g", k, residual)
		}
	}
}

func TestSketchEnds(t *testing.T) {
	a := saddle(t, 6, 2, 1, 9)
	_, b := system(a, 10)
	k := sketchKinds[0]
	z := make([]float64, a.Rows)
	if steps, residual, err := k.prepared(t, a, 1).improve(context.Background(), b, z, 1e-9, 100); steps != 100 || residual <= 1e-9 || err != nil {
		t.Errorf("%d steps of 100, residual %g, %v", steps, residual, err)
	}
	// An accuracy beyond rounding is given up, not tried for a million steps.
	if steps, _, _ := k.prepared(t, a, 1).improve(context.Background(), b, z, 0, 1e6); steps == 1e6 {
		t.Error("no end at the level of rounding")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	clear(z)
	if _, _, err := k.prepared(t, a, 1).improve(ctx, b, z, 1e-9, 1e6); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled context: %v", err)
	}
	if err := newSketcher(BlockGaussian, 8, "", 1, 100).take(a); !errors.Is(err, solver.ErrTooLarge) {
		t.Errorf("a sketch of more than 100 bytes: %v", err)
	}
}

func TestEquilibrate(t *testing.T) {
	a := saddle(t, 9, 4, 1e6, 11)
	val, d := make([]float64, len(a.Val)), make([]float64, a.Rows)
	equilibrate(a, val, d)
	for i := range a.Rows {
		for k := a.RowPtr[i]; k < a.RowPtr[i+1]; k++ {
			if want := d[i] * a.Val[k] * d[a.Col[k]]; math.Abs(val[k]-want) > 1e-12*math.Abs(want) {
				t.Fatalf("entry (%d,%d) is %v, want %v", i, a.Col[k], val[k], want)
			}
		}
		if size := norm(val[a.RowPtr[i]:a.RowPtr[i+1]]); math.Abs(size-1) > 0.2 {
			t.Errorf("row %d has norm %g", i, size)
		}
	}
}

func BenchmarkSketch(b *testing.B) {
	for _, n := range []int{7, 70} {
		a := saddle(b, n, n/3, 1, 1)
		_, rhs := system(a, 2)
		for _, k := range sketchKinds[:9] {
			b.Run(fmt.Sprintf("%v/n=%d", k, n), func(b *testing.B) {
				s := k.prepared(b, a, 3)
				z := make([]float64, a.Rows)
				for b.Loop() {
					clear(z)
					if _, _, err := s.improve(context.Background(), rhs, z, 0, 1000); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/step")
			})
		}
	}
}
