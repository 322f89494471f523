package exact

import (
	"context"
	"fmt"
	"math"

	"solve/internal/kern"
	"solve/internal/par"
	"solve/matrix"
	"solve/solver"
)

// traits are what one look at a cost tells.
type traits struct {
	scale     float64 // a bound of |cost| over finite entries, after scaling
	factor    float64 // costs are multiplied by it: ± a power of two unless points are scaled under a root
	forbidden bool
	negative  bool // some cost is below zero
	exact     bool // integers so small that sums along any path are exact
}

// pricingTol is the relative size of reduced costs that count as zero.
const pricingTol = 0x1p-44

func (t *traits) tol() float64 {
	if t.exact {
		return 0.5
	}
	return pricingTol * t.scale
}

// extreme is the logarithm of the scale beyond which costs are rescaled.
const extreme = 200

// inspect looks at all of the cost, or at the points that it is made of.
func (s *Solver) inspect(ctx context.Context) error {
	s.trait.factor = 1
	if p, ok := s.src.(PointCost); ok && !s.opt.Maximize {
		if s.pts = newPointData(p); s.pts != nil {
			return s.inspectPoints()
		}
	}
	if c, ok := s.src.(StoredCost); ok {
		s.cost = c.Stored()
	}
	return s.scan(ctx)
}

// costRange is what is collected of a stretch of rows.
type costRange struct {
	max       float64
	forbidden bool
	negative  bool
	fraction  bool
	bad       *solver.EntryError
}

func (s *Solver) scan(ctx context.Context) error {
	parts, zeros := make([]costRange, par.Chunks(s.n, rowBlock)), make([]float64, s.m)
	err := par.ForCtx(ctx, s.opt.Threads, len(parts), func(c int) {
		lo, hi := par.Bounds(c, s.n, rowBlock)
		var buf []float64
		if s.cost == nil {
			buf = make([]float64, s.m)
		}
		for i := lo; i < hi && parts[c].bad == nil; i++ {
			row := buf
			if s.cost != nil {
				row = s.cost.Row(i)
			} else {
				s.src.Row(i, 0, row)
			}
			parts[c].extend(i, row, zeros)
		}
	})
	if err != nil {
		return fmt.Errorf("exact: %w", &solver.VerdictError{Verdict: solver.Verdict{Status: solver.Stopped, Reason: solver.ContextReason(ctx)}})
	}
	t := &s.trait
	fraction := false
	for _, p := range parts {
		if p.bad != nil {
			return fmt.Errorf("exact: %w", p.bad)
		}
		t.scale = max(t.scale, p.max)
		t.forbidden = t.forbidden || p.forbidden
		t.negative = t.negative || p.negative
		fraction = fraction || p.fraction
	}
	t.exact = !fraction && exactSums(s.n+s.m, t.scale)
	if s.opt.Maximize {
		t.factor, t.negative = -1, true
	}
	if _, e := math.Frexp(t.scale); t.scale > 0 && (e > extreme || e < -extreme) {
		t.factor = math.Ldexp(t.factor, -e)
		t.scale = math.Ldexp(t.scale, -e)
		t.exact = false
	}
	return nil
}

// exactSums tells whether sums of n integers up to scale are exact.
func exactSums(n int, scale float64) bool { return float64(n)*scale < 1<<52 }

func (r *costRange) extend(i int, row, zeros []float64) {
	// A finite sum has no infinite or undefined term.
	if s := kern.Sum(row); !math.IsInf(s, 0) && !math.IsNaN(s) {
		least, most := kern.MinRow(zeros, row), -kern.MinRow(row, zeros)
		r.max = max(r.max, -least, most)
		r.negative = r.negative || least < 0
	} else {
		r.extendSlowly(i, row)
	}
	for k := 0; k < len(row) && !r.fraction; k++ {
		r.fraction = row[k] != math.Floor(row[k])
	}
}

// extendSlowly looks at every entry for itself.
func (r *costRange) extendSlowly(i int, row []float64) {
	for j, x := range row {
		switch {
		case math.IsInf(x, 1):
			r.forbidden = true
		case math.IsNaN(x) || math.IsInf(x, -1):
			r.bad = &solver.EntryError{What: "cost", Row: i + 1, Col: j + 1, Value: x, Err: solver.ErrNonFinite}
			return
		default:
			r.max = max(r.max, math.Abs(x))
			r.negative = r.negative || x < 0
		}
	}
}

// pointData is a point cost taken apart: coordinates, scaled and, for cosine,
// turned into directions.
type pointData struct {
	d      int
	x, y   []float64
	metric metric
	p      float64
}

// power is the exponent of |x−y| on a line.
func (p *pointData) power() float64 {
	if p.metric == squared {
		return 2 * p.p
	}
	return p.p
}

// newPointData is nil for a metric that is not known here: the cost is then
// used as any other.
func newPointData(c PointCost) *pointData {
	x, y, name, p := c.Points()
	out := &pointData{d: x.Cols, x: x.Data, y: y.Data, p: p}
	switch name {
	case "sqeuclidean":
		out.metric = squared
		if p == 0.5 {
			out.metric, out.p = root, 1
		}
	case "euclidean":
		out.metric = root
		if p == 2 {
			out.metric, out.p = squared, 1
		}
	case "cityblock":
		out.metric = cityblock
	case "chebyshev":
		out.metric = chebyshev
	case "cosine":
		// 1 − uᵀv = |u−v|²/2 for directions, without cancellation.
		out.metric = squared
		out.x, out.y = directions(x), directions(y)
	default:
		return nil
	}
	return out
}

// directions scales points to length √½.
func directions(x *matrix.Dense) []float64 {
	out := make([]float64, len(x.Data))
	for i := range x.Rows {
		p := x.Row(i)
		s := math.Sqrt(0.5 / kern.Dot(p, p))
		for k, v := range p {
			out[i*x.Cols+k] = s * v
		}
	}
	return out
}

func (s *Solver) inspectPoints() error {
	p, t := s.pts, &s.trait
	largest, integers := 0.0, true
	for side, v := range [2][]float64{p.x, p.y} {
		for k, c := range v {
			if math.IsNaN(c) || math.IsInf(c, 0) {
				return fmt.Errorf("exact: %w", &solver.EntryError{What: [2]string{"points a", "points b"}[side],
					Row: k/p.d + 1, Col: k%p.d + 1, Value: c, Err: solver.ErrNonFinite})
			}
			largest = max(largest, math.Abs(c))
			integers = integers && c == math.Floor(c)
		}
	}
	if _, e := math.Frexp(largest); largest > 0 && (e > extreme/2 || e < -extreme/2) {
		p.x, p.y = scaledBy(p.x, -e), scaledBy(p.y, -e)
		t.factor = math.Pow(math.Ldexp(1, -e), p.power())
		integers = false
	}
	t.scale = p.diameter()
	if math.IsInf(t.scale, 1) || math.IsInf(t.factor, 1) || t.factor == 0 {
		return fmt.Errorf("exact: the costs of these points overflow: %w", solver.ErrNonFinite)
	}
	t.exact = integers && p.metric != root && p.p == math.Floor(p.p) && exactSums(s.n+s.m, t.scale)
	return nil
}

func scaledBy(v []float64, e int) []float64 {
	out := make([]float64, len(v))
	for k, x := range v {
		out[k] = math.Ldexp(x, e)
	}
	return out
}

// diameter bounds the cost by that of opposite corners of the bounding box.
func (p *pointData) diameter() float64 {
	lo, hi := make([]float64, p.d), make([]float64, p.d)
	for k := range lo {
		lo[k], hi[k] = math.Inf(1), math.Inf(-1)
	}
	for _, v := range [2][]float64{p.x, p.y} {
		for i := 0; i < len(v); i += p.d {
			for k, c := range v[i : i+p.d] {
				lo[k], hi[k] = min(lo[k], c), max(hi[k], c)
			}
		}
	}
	c := points{metric: p.metric, p: p.p}
	return c.finish(distance(p.metric, lo, hi))
}

// ground is the cost between some rows and columns. A copy of a stored cost
// is made if asked for and allowed.
func (s *Solver) ground(ctx context.Context, rows, cols []int32, mayCopy bool) (ground, error) {
	if p := s.pts; p != nil {
		return newPoints(gather(p.x, p.d, rows), gather(p.y, p.d, cols), p.d, p.metric, p.p), nil
	}
	g := &stored{n: len(rows), m: len(cols), src: s.src, rows: rows, cols: cols, total: s.m, factor: s.trait.factor}
	if s.cost != nil && g.n == s.n && g.m == s.m && g.factor == 1 {
		g.c = s.cost
		return g, nil
	}
	if !mayCopy || 8*int64(g.n)*int64(g.m) > s.opt.MemoryLimit()/2 {
		return g, nil
	}
	c := &matrix.Dense{Rows: g.n, Cols: g.m, Data: make([]float64, g.n*g.m)}
	err := par.ForCtx(ctx, s.opt.Threads, par.Chunks(g.n, rowBlock), func(k int) {
		lo, hi := par.Bounds(k, g.n, rowBlock)
		full := make([]float64, s.m)
		for i := lo; i < hi; i++ {
			s.src.Row(int(rows[i]), 0, full)
			out := c.Row(i)
			for k, j := range cols {
				out[k] = g.scaled(full[j])
			}
		}
	})
	g.c = c
	return g, err
}
