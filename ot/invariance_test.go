package ot

import (
	"math"
	"slices"
	"testing"

	"solve/internal/problems"
	"solve/internal/rng"
	"solve/matrix"
	"solve/solver"
)

// The maps of package problems take the plan along.
func TestInvariances(t *testing.T) {
	for seed := range uint64(5) {
		p := random(17, 23, seed)
		n, m := p.Cost.Dims()
		e := oracle(p, planMatrix(mustSolve(t, p, tight(1e-13)).Plan))
		u, v := make([]float64, n), make([]float64, m)
		for i := range u {
			u[i] = 0.1 * float64(i)
		}
		for j := range v {
			v[j] = -0.2 * float64(j)
		}
		backwards, split := make([]int, n), []int{0}
		for i := range n {
			backwards[i] = n - 1 - i
			split = append(split, i) // the first point split in two
		}
		for _, x := range []problems.Entropic{
			e.Scaled(37),
			e.Shifted(u, v),
			e.Transposed(),
			e.RowsPicked(backwards),
			e.RowsPicked(split),
			e.Transposed().RowsPicked(append(all(m), m-1)),
		} {
			samePlan(t, x.Name, planMatrix(mustSolve(t, entropic(x), tight(1e-13)).Plan), x.Plan, 1e-11)
		}
	}
}

// A point split in two with split weight, not in halves, gives the split row.
func TestUnevenSplit(t *testing.T) {
	for seed := range uint64(5) {
		p := random(17, 23, seed)
		n, m := p.Cost.Dims()
		base := planMatrix(mustSolve(t, p, tight(1e-13)).Plan)
		c := storedCost(p)
		double := &matrix.Dense{Rows: n + 1, Cols: m, Data: append(slices.Clone(c.Data), c.Row(0)...)}
		a := append(slices.Clone(p.A), 0.25*p.A[0])
		a[0] *= 0.75
		split := planMatrix(mustSolve(t, &Problem{A: a, B: p.B, Cost: NewDenseCost(double), Reg: p.Reg}, tight(1e-13)).Plan)
		for j := range m {
			if d := math.Abs(split.At(n, j) - 0.25*base.At(0, j)); !(d <= 1e-12) {
				t.Errorf("split row differs by %g in column %d", d, j)
			}
		}
	}
}

// Sums other than 1 are kept: plan and cost scale, potentials do what
// P_ij = a_i b_j exp(…) asks of them.
func TestMassIsKept(t *testing.T) {
	p := random(8, 5, 4)
	one := mustSolve(t, p, nil)
	q := random(8, 5, 4)
	for i := range q.A {
		q.A[i] *= 250
	}
	for j := range q.B {
		q.B[j] *= 250
	}
	res := mustSolve(t, q, nil)
	closeTo(t, "cost", res.Cost, 250*one.Cost, 1e-9)
	closeTo(t, "lower bound", res.Lower, 250*one.Lower, 1e-9)
	closeTo(t, "upper bound", res.Upper, 250*one.Upper, 1e-9)
	scaled := planMatrix(one.Plan)
	for k := range scaled.Data {
		scaled.Data[k] *= 250
	}
	samePlan(t, "plan", planMatrix(res.Plan), scaled, 250*1e-9)
}

// Results have the same bits for any number of threads.
func TestSameBitsForAnyThreads(t *testing.T) {
	stored := clouds(150, 2)
	stored.Reg = 0.01
	grid := gridProblem(t, []int{8, 8, 8}, SqEuclidean, 3)
	mustSplit(t, grid)
	for name, p := range map[string]*Problem{"stored": stored, "grid": grid} {
		for _, method := range methods {
			if name == "grid" && method == Greenkhorn {
				continue // slow, and without a grid form
			}
			var first *Result
			for _, threads := range []int{1, 2, 5} {
				res := mustSolve(t, p, &Options{Method: method, Settings: solver.Settings{Threads: threads, Tol: 1e-6}})
				if first == nil {
					first = res
					continue
				}
				if !slices.Equal(planMatrix(first.Plan).Data, planMatrix(res.Plan).Data) || !slices.Equal(first.G, res.G) ||
					first.Cost != res.Cost || first.Objective != res.Objective || first.Lower != res.Lower || first.Upper != res.Upper {
					t.Errorf("%s, %s: the result depends on the number of threads (%d)", name, method, threads)
				}
				for k, c := range res.Certificates {
					if c.Value != first.Certificates[k].Value {
						t.Errorf("%s, %s: %s is %.17g with %d threads, %.17g with one", name, method, c.Name, c.Value, threads, first.Certificates[k].Value)
					}
				}
			}
		}
	}
}

// Inputs are read, never written.
func TestInputsAreNotModified(t *testing.T) {
	x, y := points(rng.New(1), 12, 2), points(rng.New(2), 7, 2)
	xCopy, yCopy := slices.Clone(x.Data), slices.Clone(y.Data)
	for _, metric := range Metrics() {
		cost, err := NewPointCost(x, y, metric, 1)
		if err != nil {
			t.Fatal(err)
		}
		for _, stored := range []bool{true, false} {
			p := random(12, 7, 3)
			p.A[2], p.B[3] = 0, 0
			p.A, p.B = unitMass(p.A), unitMass(p.B)
			c := storedCost(p)
			if !stored {
				p.Cost = cost
			}
			a, b, data := slices.Clone(p.A), slices.Clone(p.B), slices.Clone(c.Data)
			for _, method := range methods {
				opt := &Options{Method: method, Warm: make([]float64, 7)}
				opt.Warm[1] = 0.25
				warm := slices.Clone(opt.Warm)
				before := *opt
				mustSolve(t, p, opt)
				if !slices.Equal(a, p.A) || !slices.Equal(b, p.B) || !slices.Equal(data, c.Data) ||
					!slices.Equal(warm, opt.Warm) || !slices.Equal(xCopy, x.Data) || !slices.Equal(yCopy, y.Data) {
					t.Errorf("%s, %s: an input was modified", method, metric)
				}
				if opt.Method != before.Method || opt.Tol != before.Tol || opt.MaxIter != before.MaxIter {
					t.Errorf("%s: the options were modified", method)
				}
			}
		}
	}
}
