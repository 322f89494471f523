package bcd

import (
	"context"
	"fmt"
	"math"
	"testing"

	"solve/internal/rng"
	"solve/loss"
	"solve/matrix"
	"solve/solver"
)

// randomDense draws an n×p matrix of normals, with some structure: shifted and
// correlated columns.
func randomDense(t testing.TB, r *rng.Stream, n, p int) *matrix.Dense {
	t.Helper()
	x, err := matrix.NewDense(n, p, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		common := r.Normal()
		for j := range p {
			x.Row(i)[j] = r.Normal() + 0.5*common + 0.3*float64(j%3)
		}
	}
	return x
}

// sparsify zeroes a share of the entries.
func sparsify(t testing.TB, r *rng.Stream, x *matrix.Dense, share float64) *matrix.CSR {
	t.Helper()
	for k := range x.Data {
		if r.Float64() < share {
			x.Data[k] = 0
		}
	}
	a, err := x.ToCSR()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// randomProblem draws every feature now and then.
func randomProblem(t testing.TB, r *rng.Stream) *Problem {
	n, p := 5+r.Below(40), 1+r.Below(30)
	x := randomDense(t, r, n, p)
	q := &Problem{X: x, Y: make([]float64, n), LambdaRatio: math.Pow(10, -3*r.Float64())}
	if r.Below(2) == 0 {
		q.X = sparsify(t, r, x, 0.8)
	}
	losses := []loss.Loss{loss.Squared(), loss.Logistic(), loss.Poisson(), loss.Huber(0.5 + r.Float64()), loss.SmoothHuber(1), loss.SquaredHinge()}
	q.Loss = losses[r.Below(len(losses))]
	for i := range q.Y {
		eta := 0.5*x.At(i, 0) + r.Normal()
		switch q.Loss.Name() {
		case "logistic", "sqhinge":
			q.Y[i] = math.Copysign(1, eta)
		case "poisson":
			q.Y[i] = math.Floor(math.Exp(math.Min(eta, 3)))
		default:
			q.Y[i] = 2 * eta
		}
	}
	switch q.Loss.Name() { // both classes and some count occur
	case "logistic", "sqhinge":
		q.Y[0], q.Y[1] = 1, -1
	case "poisson":
		q.Y[0] = 2
	}
	switch r.Below(4) {
	case 0:
		q.Penalty, q.Alpha = ElasticNet, 0.1+0.9*r.Float64()
	case 1:
		q.L2 = 0.1 * r.Float64()
	}
	q.Intercept = r.Below(2) == 0
	grouped := r.Below(4) == 0
	if grouped {
		drawGroups(r, q, p)
	}
	q.Standardize = r.Below(3) == 0
	if r.Below(3) == 0 {
		q.Weights = make([]float64, n)
		for i := range q.Weights {
			q.Weights[i] = float64(r.Below(3))
		}
		q.Weights[0], q.Weights[1] = 1, 2
	}
	if r.Below(4) == 0 {
		q.Offset = make([]float64, n)
		for i := range q.Offset {
			q.Offset[i] = 0.3 * r.Normal()
		}
	}
	switch k := r.Below(4); {
	case grouped:
	case k == 0:
		q.NonNegative = true
	case k == 1:
		q.Lower, q.Upper = []float64{-0.3}, []float64{0.2}
	}
	if !grouped && r.Below(4) == 0 {
		q.PenaltyFactor = make([]float64, p)
		for j := range q.PenaltyFactor {
			q.PenaltyFactor[j] = []float64{1, 2, 0.5, math.Inf(1)}[r.Below(4)]
		}
	}
	if r.Below(5) == 0 {
		q.Scale = Sum
	}
	return q
}

// drawGroups partitions the columns at random.
func drawGroups(r *rng.Stream, q *Problem, p int) {
	q.Penalty, q.Alpha = Group, 0
	if r.Below(2) == 0 {
		q.Penalty, q.Alpha = SparseGroup, 0.5*r.Float64()
	}
	for at, order := 0, r.Perm(p); at < p; {
		size := min(1+r.Below(5), p-at)
		var g []int32
		for _, j := range order[at : at+size] {
			g = append(g, int32(j))
		}
		q.Groups = append(q.Groups, g)
		at += size
	}
}

func describe(q *Problem) string {
	n, p := q.X.Dims()
	return fmt.Sprintf("%T %d×%d %s %s ratio %.3g α %.2g μ %.2g intercept %v standardise %v weights %v offset %v nonneg %v box %v factors %v",
		q.X, n, p, q.Loss.Name(), q.penalty(), q.LambdaRatio, q.Alpha, q.L2, q.Intercept, q.Standardize, q.Weights != nil, q.Offset != nil, q.NonNegative, q.Lower != nil, q.PenaltyFactor != nil)
}

// TestRandomProblems asks of every loss with every penalty: certified, or an
// honest stop; never a number that is not one.
func TestRandomProblems(t *testing.T) {
	for seed := range uint64(400) {
		q := randomProblem(t, rng.New(seed))
		res, err := Solve(context.Background(), q, &Options{Settings: solver.Settings{Tol: 1e-8}})
		if err != nil {
			t.Errorf("seed %d, %s: %v", seed, describe(q), err)
			continue
		}
		for j, v := range res.X {
			if v-v != 0 {
				t.Errorf("seed %d: coefficient %d is %v", seed, j, v)
			}
			if lo, hi := q.bounds(j); v < lo || v > hi {
				t.Errorf("seed %d, %s: coefficient %d is %v, bounds [%v, %v]", seed, describe(q), j, v, lo, hi)
			}
		}
		above := res.Objective > res.NullObjective*(1+1e-12) && q.Loss.Name() != "poisson" // whose null objective is relative to the saturated one
		if !(res.DualGap >= 0) || above {
			t.Errorf("seed %d, %s: gap %g, objective %g, null objective %g", seed, describe(q), res.DualGap, res.Objective, res.NullObjective)
		}
	}
}
