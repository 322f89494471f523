package quadratic

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"solve/internal/rng"
	"solve/matrix"
	"solve/solver"
)

func TestRefusals(t *testing.T) {
	good := func() *Problem { return instance("rand", 3, 4, 1, 1) }
	cases := []struct {
		name string
		edit func(*Problem, *Options)
		want error
	}{
		{"no cost", func(p *Problem, _ *Options) { p.Cost = nil }, solver.ErrInput},
		{"empty", func(p *Problem, _ *Options) { p.Cost = &stored{} }, solver.ErrInput},
		{"short a", func(p *Problem, _ *Options) { p.A = p.A[:2] }, solver.ErrDimension},
		{"gamma 0", func(p *Problem, _ *Options) { p.Gamma = 0 }, solver.ErrOption},
		{"gamma NaN", func(p *Problem, _ *Options) { p.Gamma = math.NaN() }, solver.ErrOption},
		{"negative mass", func(p *Problem, _ *Options) { p.A[1] = -1 }, solver.ErrNegative},
		{"NaN mass", func(p *Problem, _ *Options) { p.B[1] = math.NaN() }, solver.ErrNonFinite},
		{"no mass", func(p *Problem, _ *Options) { clear(p.A) }, solver.ErrInput},
		{"sums differ", func(p *Problem, _ *Options) { p.A[0] += 1e-6 }, solver.ErrInput},
		{"NaN cost", func(p *Problem, _ *Options) { p.Cost.(*stored).c[5] = math.NaN() }, solver.ErrNonFinite},
		{"-Inf cost", func(p *Problem, _ *Options) { p.Cost.(*stored).c[5] = math.Inf(-1) }, solver.ErrNonFinite},
		{"mask", func(p *Problem, _ *Options) { p.Mask = &matrix.CSR{Rows: 2, Cols: 4} }, solver.ErrDimension},
		{"method", func(_ *Problem, o *Options) { o.Method = "simplex" }, solver.ErrOption},
		{"tol", func(_ *Problem, o *Options) { o.Tol = 2 }, solver.ErrOption},
		{"max-iter", func(_ *Problem, o *Options) { o.MaxIter = -1 }, solver.ErrOption},
		{"memory", func(_ *Problem, o *Options) { o.MaxMemory = 100 }, solver.ErrTooLarge},
	}
	for _, c := range cases {
		p, opt := good(), &Options{}
		c.edit(p, opt)
		if res, err := Solve(context.Background(), p, opt); res != nil || !errors.Is(err, c.want) {
			t.Errorf("%s: %v, %v, want %v", c.name, res, err, c.want)
		}
	}
}

// TestLimits stops early; the answer is feasible and its gap is a bound.
func TestLimits(t *testing.T) {
	for _, method := range both {
		p := instance("wunif2", 60, 40, 0.01, 3)
		done, cancel := context.WithCancel(context.Background())
		cancel()
		broken := errors.New("disk full")
		cases := []struct {
			name string
			ctx  context.Context
			set  solver.Settings
			want error
		}{
			{"steps", context.Background(), solver.Settings{MaxIter: 3}, solver.ErrIterationLimit},
			{"recorder", context.Background(), solver.Settings{Recorder: solver.RecorderFunc(func(r solver.Record) error {
				if r.Iter == 2 {
					return broken
				}
				return nil
			})}, broken},
		}
		for _, c := range cases {
			res, err := Solve(c.ctx, p, &Options{Method: method, Settings: c.set})
			if res == nil || !errors.Is(err, c.want) || res.Status != solver.Stopped {
				t.Fatalf("%s, %s: %+v, %v", method, c.name, res, err)
			}
			recheck(t, p, res)
		}
		if res, err := Solve(done, p, &Options{Method: method}); !errors.Is(err, solver.ErrInterrupted) || res.Status != solver.Stopped {
			t.Errorf("%s: cancelled, yet %+v", method, res)
		}
		if res, err := Solve(context.Background(), p, &Options{Method: method, Settings: solver.Settings{TimeLimit: time.Nanosecond}}); !errors.Is(err, solver.ErrTimeLimit) || res.Status != solver.Stopped {
			t.Errorf("%s: no time, yet %+v", method, res)
		}
	}
}

// TestRecords asks for one record a step.
func TestRecords(t *testing.T) {
	for _, method := range both {
		count := 0
		p := instance("unif2", 30, 30, 0.05, 3)
		res := mustSolve(t, p, &Options{Method: method, Settings: solver.Settings{Recorder: solver.RecorderFunc(func(r solver.Record) error {
			if count++; r.Iter != count || r.Phase != method || math.IsNaN(r.Objective) {
				t.Errorf("record %d is %+v", count, r)
			}
			return nil
		})}})
		if count != res.Stats.NewtonSteps+res.Stats.InteriorSteps {
			t.Errorf("%s: %d records of %+v", method, count, res.Stats)
		}
	}
}

// TestMask compares a mask with costs of +Inf, tall and wide.
func TestMask(t *testing.T) {
	for _, size := range [][2]int{{20, 31}, {31, 20}} {
		n, m := size[0], size[1]
		p := instance("wunif2", n, m, 0.02, 8)
		r := rng.New(3)
		mask := &matrix.CSR{Rows: n, Cols: m, RowPtr: make([]int64, n+1)}
		forbid := &stored{n, m, append([]float64(nil), p.Cost.(*stored).c...)}
		for i := range n {
			for j := range m {
				if r.Below(3) > 0 {
					forbid.c[i*m+j] = math.Inf(1)
					continue
				}
				mask.Col = append(mask.Col, int32(j))
				mask.Val = append(mask.Val, 0)
			}
			mask.RowPtr[i+1] = int64(len(mask.Col))
		}
		masked := *p
		masked.Mask = mask
		other := *p
		other.Cost = forbid
		for _, method := range both {
			for _, gamma := range []float64{p.Gamma, p.Gamma / 1e4} {
				masked.Gamma, other.Gamma = gamma, gamma
				x, y := mustSolve(t, &masked, &Options{Method: method}), mustSolve(t, &other, &Options{Method: method})
				if x.Primal != y.Primal {
					t.Errorf("%s: %v and %v", method, x.Primal, y.Primal)
				}
			}
		}
	}
}

// TestInfeasible has more mass in two rows than their columns take.
func TestInfeasible(t *testing.T) {
	inf := math.Inf(1)
	p := &Problem{
		A: []float64{.3, .4, .3}, B: []float64{.5, .25, .25}, Gamma: 1,
		Cost: &stored{3, 3, []float64{1, inf, inf, 2, inf, inf, 1, 1, 1}},
	}
	res, err := Solve(context.Background(), p, nil)
	if !errors.Is(err, solver.ErrInfeasible) || len(res.ViolatingRows) != 2 || res.Held != .7 || res.Reachable != .5 {
		t.Errorf("%+v, %v", res, err)
	}
	// the same with more rows than columns, which turns it inside
	p = &Problem{
		A: []float64{.3, .2, .2, .3}, B: []float64{.4, .6}, Gamma: 1,
		Cost: &stored{4, 2, []float64{1, inf, 2, inf, 1, 1, 1, 1}},
	}
	res, err = Solve(context.Background(), p, nil)
	if !errors.Is(err, solver.ErrInfeasible) || res.Held <= res.Reachable {
		t.Errorf("%+v, %v", res, err)
	}
}

// TestDegenerate has constant costs, duplicate points, masses far apart and
// negative costs.
func TestDegenerate(t *testing.T) {
	constant := instance("rand", 9, 9, 1, 1)
	for k := range constant.Cost.(*stored).c {
		constant.Cost.(*stored).c[k] = 2
	}
	zero := instance("rand", 6, 9, 1, 1)
	clear(zero.Cost.(*stored).c)
	zero.Gamma = 1
	negative := instance("rand", 9, 12, .01, 1)
	for k := range negative.Cost.(*stored).c {
		negative.Cost.(*stored).c[k] -= 3
	}
	tiny := instance("wunif2", 30, 30, .01, 1)
	for i := range 10 {
		tiny.A[29] += tiny.A[i] * (1 - 1e-9)
		tiny.A[i] *= 1e-9
	}
	forbidden := instance("far2", 30, 30, 1e-4, 1)
	for k := range forbidden.Cost.(*stored).c {
		if i, j := k/30, k%30; i < 29 && j > 0 && (i+j)%3 == 0 {
			forbidden.Cost.(*stored).c[k] = math.Inf(1)
		}
	}
	for name, p := range map[string]*Problem{"constant": constant, "zero": zero, "negative": negative, "tiny": tiny, "forbidden": forbidden} {
		for _, method := range []string{Newton, Interior, Auto} {
			res, err := Solve(context.Background(), p, &Options{Method: method})
			if err != nil {
				t.Errorf("%s, %s: %v, gap %g after %+v", name, method, err, res.RelGap, res.Stats)
				continue
			}
			recheck(t, p, res)
		}
	}
}
