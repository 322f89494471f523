package ot

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"solve/internal/rng"
	"solve/matrix"
	"solve/solver"
)

// What cannot be solved is refused before anything is computed, with an error
// that says what is wrong.
func TestRefusals(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, tc := range []struct {
		name string
		edit func(p *Problem, o *Options)
		want error
		says string
	}{
		{"nan cost", func(p *Problem, _ *Options) { storedCost(p).Data[5] = nan }, solver.ErrNonFinite, "(2,3)"},
		{"-inf cost", func(p *Problem, _ *Options) { storedCost(p).Data[5] = -inf }, solver.ErrNonFinite, "(2,3)"},
		{"nan weight", func(p *Problem, _ *Options) { p.A[1] = nan }, solver.ErrNonFinite, "entry 2"},
		{"infinite weight", func(p *Problem, _ *Options) { p.A[1] = inf }, solver.ErrNonFinite, "entry 2"},
		{"overflowing weights", func(p *Problem, _ *Options) { p.A[1], p.A[2] = 1e308, 1.7e308 }, solver.ErrNonFinite, "overflows"},
		{"negative weight", func(p *Problem, _ *Options) { p.B[1] = -1 }, solver.ErrNegative, "entry 2"},
		{"zero mass", func(p *Problem, _ *Options) { clear(p.A) }, solver.ErrInput, "weights a"},
		{"unequal masses", func(p *Problem, _ *Options) { p.A[0]++ }, solver.ErrInput, "a sums to"},
		{"wrong length", func(p *Problem, _ *Options) { p.A = p.A[:3] }, solver.ErrDimension, "4×3"},
		{"empty", func(p *Problem, _ *Options) {
			p.A, p.B, p.Cost = nil, nil, NewDenseCost(&matrix.Dense{})
		}, solver.ErrInput, "0×0"},
		{"sinkhorn without reg", func(p *Problem, o *Options) { p.Reg, o.Method = 0, Sinkhorn }, solver.ErrOption, "with method sinkhorn"},
		{"exact with reg", func(_ *Problem, o *Options) { o.Method = Exact }, solver.ErrOption, "0 with method exact"},
		{"maximum with reg", func(p *Problem, _ *Options) { p.Maximize = true }, solver.ErrOption, "0 to maximise"},
		{"integer costs with reg", func(_ *Problem, o *Options) { o.IntegerCost = true }, solver.ErrOption, "0 to maximise or to insist"},
		{"costs are not integers", func(p *Problem, o *Options) { p.Reg, o.IntegerCost = 0, true }, solver.ErrInput, "not integers"},
		{"exact, nan cost", func(p *Problem, _ *Options) { p.Reg, storedCost(p).Data[5] = 0, nan }, solver.ErrNonFinite, "(2,3)"},
		{"exact, -inf cost", func(p *Problem, _ *Options) { p.Reg, storedCost(p).Data[5] = 0, -inf }, solver.ErrNonFinite, "(2,3)"},
		{"exact, warm start length", func(p *Problem, o *Options) { p.Reg, o.Warm = 0, []float64{1} }, solver.ErrDimension, "warm start"},
		{"exact, memory", func(p *Problem, o *Options) { p.Reg, o.MaxMemory = 0, 10 }, solver.ErrTooLarge, "active arcs"},
		{"assignment of unequal masses", func(p *Problem, o *Options) { p.Reg, o.Method = 0, Assignment }, solver.ErrInput, "equal masses"},
		{"assignment of too many rows", func(p *Problem, o *Options) {
			p.Reg, o.Method, p.A, p.B = 0, Assignment, []float64{1, 1, 1, 1}, []float64{1, 1, 1}
		}, solver.ErrInput, "4 rows"},
		{"negative reg", func(p *Problem, _ *Options) { p.Reg = -1 }, solver.ErrOption, "reg"},
		{"nan reg", func(p *Problem, _ *Options) { p.Reg = nan }, solver.ErrOption, "reg"},
		{"infinite reg", func(p *Problem, _ *Options) { p.Reg = inf }, solver.ErrOption, "reg"},
		{"tiny reg", func(p *Problem, _ *Options) { p.Reg = 1e-14 }, solver.ErrInput, "double precision"},
		{"subnormal reg", func(p *Problem, _ *Options) {
			clear(storedCost(p).Data)
			p.Reg = 1e-310
		}, solver.ErrInput, "double precision"},
		{"unknown method", func(_ *Problem, o *Options) { o.Method = "magic" }, solver.ErrOption, "magic"},
		{"negative tol", func(_ *Problem, o *Options) { o.Tol = -1 }, solver.ErrOption, "tol"},
		{"nan tol", func(_ *Problem, o *Options) { o.Tol = nan }, solver.ErrOption, "tol"},
		{"tol of 1", func(_ *Problem, o *Options) { o.Tol = 1 }, solver.ErrOption, "tol"},
		{"negative max-iter", func(_ *Problem, o *Options) { o.MaxIter = -1 }, solver.ErrOption, "max-iter"},
		{"omega", func(_ *Problem, o *Options) { o.Omega = 2 }, solver.ErrOption, "omega"},
		{"nan omega", func(_ *Problem, o *Options) { o.Omega = nan }, solver.ErrOption, "omega"},
		{"N1", func(_ *Problem, o *Options) { o.SNSSinkhorn = -1 }, solver.ErrOption, "sns-n1"},
		{"lambda", func(_ *Problem, o *Options) { o.SNSLambda = 1.5 }, solver.ErrOption, "sns-lambda"},
		{"warm start length", func(_ *Problem, o *Options) { o.Warm = []float64{1} }, solver.ErrDimension, "warm start"},
		{"nan warm start", func(_ *Problem, o *Options) { o.Warm = []float64{1, nan, 2} }, solver.ErrNonFinite, "entry 2"},
		{"memory of sns", func(_ *Problem, o *Options) { o.Method, o.MaxMemory = SNS, 10 }, solver.ErrTooLarge, "sns"},
		{"memory of greenkhorn", func(_ *Problem, o *Options) { o.Method, o.MaxMemory = Greenkhorn, 10 }, solver.ErrTooLarge, "greenkhorn"},
	} {
		p, o := random(4, 3, 9), &Options{}
		tc.edit(p, o)
		res, err := Solve(context.Background(), p, o)
		if !errors.Is(err, tc.want) || res != nil {
			t.Errorf("%s: result %v, error %v, want %v", tc.name, res, err, tc.want)
			continue
		}
		if !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: error %q does not say %q", tc.name, err, tc.says)
		}
	}
}

func TestCostRefusals(t *testing.T) {
	good := points(rng.New(1), 5, 2)
	nan := points(rng.New(1), 5, 2)
	nan.Data[3] = math.NaN()
	zero := points(rng.New(1), 5, 2)
	zero.Data[2], zero.Data[3] = 0, 0
	for _, tc := range []struct {
		name   string
		x, y   *matrix.Dense
		metric Metric
		p      float64
		want   error
	}{
		{"dimensions", good, points(rng.New(1), 5, 3), SqEuclidean, 1, solver.ErrDimension},
		{"no dimension", &matrix.Dense{Rows: 5}, &matrix.Dense{Rows: 5}, SqEuclidean, 1, solver.ErrDimension},
		{"metric", good, good, "hamming", 1, solver.ErrOption},
		{"p = 0", good, good, Euclidean, 0, solver.ErrOption},
		{"p = NaN", good, good, Euclidean, math.NaN(), solver.ErrOption},
		{"p = ∞", good, good, Euclidean, math.Inf(1), solver.ErrOption},
		{"NaN in x", nan, good, Euclidean, 1, solver.ErrNonFinite},
		{"NaN in y", good, nan, Euclidean, 1, solver.ErrNonFinite},
		{"cosine of 0", good, zero, Cosine, 1, solver.ErrInput},
	} {
		if c, err := NewPointCost(tc.x, tc.y, tc.metric, tc.p); !errors.Is(err, tc.want) || c != nil {
			t.Errorf("%s: cost %v, error %v, want %v", tc.name, c, err, tc.want)
		}
	}
	for _, shape := range [][]int{{0, 3}, {-1}, {1 << 20, 1 << 20}, {math.MaxInt, 2}} {
		if c, err := NewGridCost(shape, SqEuclidean, 1); !errors.Is(err, solver.ErrOption) || c != nil {
			t.Errorf("grid %v: cost %v, error %v", shape, c, err)
		}
	}
}
