package bcd

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"solve/solver"
)

// PathOptions shape a sequence of λ.
type PathOptions struct {
	Lambdas []float64 // any order, solved from the largest down; nil = a geometric sequence from λ_max
	Count   int       // its length; 0 = DefaultLambdas
	Ratio   float64   // its last λ relative to λ_max; 0 = 1e-2 where n < p, else 1e-4
	All     bool      // go on to the end, even where the fit is saturated
}

// PathResult holds the fits of a path, λ descending.
type PathResult struct {
	solver.Verdict // of the worst point

	LambdaMax     float64
	NullObjective float64
	Points        []PathPoint
	Labels        *[2]float64
	Stats         Stats // summed up
	Warnings      []string
}

// PathPoint is the fit at one λ with its coefficients that are not zero.
type PathPoint struct {
	solver.Verdict
	Certificates []solver.Certificate

	Lambda    float64
	Index     []int32 // ascending
	Value     []float64
	Intercept float64

	Objective     float64
	DualGap       float64
	DevianceRatio float64 // 1 − (F − F_saturated)/(F_null − F_saturated)
}

// Coefficients returns the p coefficients of a point.
func (q *PathPoint) Coefficients(p int) []float64 {
	x := make([]float64, p)
	for k, j := range q.Index {
		x[j] = q.Value[k]
	}
	return x
}

const (
	saturated = 0.999 // deviance ratio at which a path ends
	standing  = 1e-5  // relative change of it at which a path ends
)

// Path fits p at a sequence of λ, each from the one before.
func Path(ctx context.Context, p *Problem, opt *Options) (*PathResult, error) {
	s, err := New(ctx, p, opt)
	if err != nil {
		return nil, err
	}
	return s.Path(ctx)
}

// Path fits at the λ of the options, from the largest down.
func (s *Solver) Path(ctx context.Context) (*PathResult, error) {
	lambdas, err := s.lambdas()
	if err != nil {
		return nil, err
	}
	if s.opt.TimeLimit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, s.opt.TimeLimit)
		defer cancel()
	}
	out := &PathResult{LambdaMax: s.m.lambdaMax, NullObjective: s.null.objective + s.check.Saturated(), Labels: s.m.labels,
		Verdict: solver.Verdict{Status: solver.Solved, Reason: solver.Tolerance}}
	s.stats = Stats{}
	s.last = s.m.lambdaMax
	if math.IsNaN(s.last) {
		s.last = 0
	}
	var pending []*Result
	var reasons []solver.Reason
	for k, lambda := range lambdas {
		res, reason, err := s.fitAt(ctx, lambda)
		if err != nil {
			return nil, err
		}
		out.Points = append(out.Points, s.pathPoint(res))
		pending, reasons = append(pending, res), append(reasons, reason)
		last := k == len(lambdas)-1 || ctx.Err() != nil ||
			!s.opt.Path.All && s.opt.Path.Lambdas == nil && k > 0 && out.ended()
		if last || len(pending) == certifiedTogether {
			if err := s.certifyPoints(ctx, out, pending, reasons); err != nil {
				return nil, err
			}
			pending, reasons = pending[:0], reasons[:0]
		}
		if last {
			break
		}
	}
	out.Stats = s.stats
	out.Stats.Setup = s.setup.Seconds()
	return out, out.Err()
}

// lambdas returns the sequence, descending.
func (s *Solver) lambdas() ([]float64, error) {
	o := &s.opt.Path
	if o.Lambdas != nil {
		l := slices.Clone(o.Lambdas)
		slices.Sort(l)
		slices.Reverse(l)
		return l, s.unpenalised(l[len(l)-1])
	}
	top := s.m.lambdaMax
	if math.IsNaN(top) {
		return nil, fmt.Errorf("bcd: no λ makes every coefficient zero here: a path needs its λ given: %w", solver.ErrInput)
	}
	if top == 0 {
		return []float64{1}, nil // the null model is optimal at every λ
	}
	count, ratio := o.Count, o.Ratio
	if count == 0 {
		count = DefaultLambdas
	}
	if ratio == 0 {
		ratio = 1e-4
		if s.m.n < s.m.p {
			ratio = 1e-2
		}
	}
	l := make([]float64, count)
	for k := range l {
		l[k] = top
		if k > 0 {
			l[k] = top * math.Pow(ratio, float64(k)/float64(count-1))
		}
	}
	return l, nil
}

// certifiedTogether is the number of points that wait for their certificates.
const certifiedTogether = 8

// fitAt solves at λ without having the answer judged.
func (s *Solver) fitAt(ctx context.Context, lambda float64) (*Result, solver.Reason, error) {
	start := time.Now()
	reason, err := s.e.run(ctx, lambda, s.last, aim*s.opt.tol()*s.null.objective)
	if err != nil {
		return nil, "", err
	}
	s.last = lambda
	s.stats.Solve += time.Since(start).Seconds()
	res := &Result{Lambda: lambda}
	res.X, res.Intercept = s.e.coefficients()
	return res, reason, nil
}

// pathPoint keeps the coefficients that are not zero.
func (s *Solver) pathPoint(res *Result) PathPoint {
	point := PathPoint{Lambda: res.Lambda, Intercept: res.Intercept, DevianceRatio: s.devianceRatio()}
	for j, v := range res.X {
		if v != 0 {
			point.Index, point.Value = append(point.Index, int32(j)), append(point.Value, v)
		}
	}
	s.stats.Support = max(s.stats.Support, len(point.Index))
	return point
}

// certifyPoints has the last points judged, and those fitted more closely that
// the checker finds wanting.
func (s *Solver) certifyPoints(ctx context.Context, out *PathResult, pending []*Result, reasons []solver.Reason) error {
	start := time.Now()
	if err := s.certifyAll(pending, reasons); err != nil {
		return err
	}
	s.stats.Verify += time.Since(start).Seconds()
	points := out.Points[len(out.Points)-len(pending):]
	for k, res := range pending {
		q := &points[k]
		if res.Status != solver.Solved && reasons[k] == solver.Tolerance {
			closer, err := s.certified(ctx, res.Lambda, tightened*aim*s.opt.tol()*s.null.objective, maxTightened-1)
			if err != nil {
				return err
			}
			res, *q = closer, s.pathPoint(closer)
		}
		q.Verdict, q.Certificates, q.Objective, q.DualGap = res.Verdict, res.Certificates, res.Objective, res.DualGap
		if q.Status != solver.Solved && out.Status == solver.Solved {
			out.Verdict = q.Verdict
			out.Detail = fmt.Sprintf("at λ = %.6g: %s", q.Lambda, q.Detail)
		}
	}
	return nil
}

// devianceRatio is the share of the null deviance that the fit explains.
func (s *Solver) devianceRatio() float64 {
	floor := -s.m.loss.Conjugate(make([]float64, s.m.n), s.m.y, s.m.w)
	if s.null.loss <= floor {
		return 1
	}
	return 1 - (s.e.at.value-floor)/(s.null.loss-floor)
}

// ended tells whether the last points explain all there is to explain.
func (r *PathResult) ended() bool {
	n := len(r.Points)
	now, before := r.Points[n-1].DevianceRatio, r.Points[n-2].DevianceRatio
	return now > saturated || n > 5 && now-before < standing*now
}
