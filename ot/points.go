package ot

import (
	"fmt"
	"math"

	"solve/internal/kern"
	"solve/internal/verify"
	"solve/matrix"
	"solve/solver"
)

// pointCost is metric(x_i, y_j)^p, recomputed whenever it is needed.
type pointCost struct {
	x, y   *matrix.Dense
	metric Metric
	p      float64
	g      *pointGround
}

// NewPointCost is metric(x_i, y_j)^p between the rows of x (n×d) and y (m×d),
// p > 0. It keeps x and y, which must not change while it is in use.
func NewPointCost(x, y *matrix.Dense, metric Metric, p float64) (Cost, error) {
	if x.Cols != y.Cols || x.Cols == 0 {
		return nil, fmt.Errorf("ot: a has points in R^%d, b in R^%d: %w", x.Cols, y.Cols, solver.ErrDimension)
	}
	if !(p > 0) || math.IsInf(p, 1) {
		return nil, &solver.OptionError{Name: "p", Value: fmt.Sprint(p), Want: "a positive number"}
	}
	if _, ok := rowDistances[metric]; !ok {
		return nil, &solver.OptionError{Name: "metric", Value: string(metric), Want: fmt.Sprint(Metrics())}
	}
	for _, s := range []struct {
		what string
		d    *matrix.Dense
	}{{"points a", x}, {"points b", y}} {
		for k, v := range s.d.Data {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return nil, &solver.EntryError{What: s.what, Row: k/s.d.Cols + 1, Col: k%s.d.Cols + 1, Value: v, Err: solver.ErrNonFinite}
			}
		}
		if metric == Cosine {
			for i := range s.d.Rows {
				if sq := kern.Dot(s.d.Row(i), s.d.Row(i)); !(sq >= smallestSquare && sq <= math.MaxFloat64) {
					return nil, fmt.Errorf("ot: %s: row %d has squared norm %g, which gives no cosine distance: %w", s.what, i+1, sq, solver.ErrInput)
				}
			}
		}
	}
	c := &pointCost{x: x, y: y, metric: metric, p: p}
	c.g = c.newGround(all(x.Rows), all(y.Rows), false)
	return c, nil
}

// smallestSquare is the squared norm below which a vector has lost digits to
// underflow, and with them its direction.
const smallestSquare = 1e-290

func (c *pointCost) Dims() (n, m int)             { return c.x.Rows, c.y.Rows }
func (c *pointCost) Row(i, j0 int, dst []float64) { c.g.costs(i, j0, dst) }
func (c *pointCost) Metric() Metric               { return c.metric }

func (c *pointCost) verifier() verify.Cost {
	v, err := verify.PointCost(c.x, c.y, string(c.metric), c.p)
	if err != nil {
		panic(err) // the constructor has checked both arguments
	}
	return v
}

func (c *pointCost) ground(rows, cols []int, transpose bool) ground {
	g := c.newGround(rows, cols, transpose)
	if c.metric == SqEuclidean && c.p == 1 {
		return &sqGround{g}
	}
	return g
}

func (c *pointCost) newGround(rows, cols []int, transpose bool) *pointGround {
	x, y := c.x, c.y
	if transpose {
		x, y, rows, cols = y, x, cols, rows
	}
	g := &pointGround{x: make([]float64, 0, len(rows)*x.Cols), d: x.Cols, distances: rowDistances[c.metric], p: c.p}
	for _, i := range rows {
		g.x = append(g.x, x.Row(i)...)
	}
	flat := make([]float64, 0, len(cols)*y.Cols)
	for _, j := range cols {
		flat = append(flat, y.Row(j)...)
	}
	if c.metric == Cosine {
		normalise(g.x, g.d)
		normalise(flat, g.d)
	}
	g.n, g.y = len(rows), kern.NewSoA(flat, len(cols), y.Cols)
	return g
}

func normalise(points []float64, d int) {
	for i := 0; i < len(points); i += d {
		p := points[i : i+d]
		s := 1 / math.Sqrt(kern.Dot(p, p))
		for k := range p {
			p[k] *= s
		}
	}
}

// all is 0…n−1.
func all(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// pointGround computes cost rows from points in structure-of-arrays layout.
type pointGround struct {
	n, d      int
	x         []float64
	y         *kern.SoA
	distances func(dst, x []float64, y *kern.SoA, j0 int)
	p         float64
}

func (g *pointGround) dims() (n, m int) { return g.n, g.y.N }

func (g *pointGround) costs(i, j0 int, dst []float64) {
	g.distances(dst, g.x[i*g.d:(i+1)*g.d], g.y, j0)
	switch g.p {
	case 1:
	case 2:
		for j, v := range dst {
			dst[j] = v * v
		}
	default:
		for j, v := range dst {
			dst[j] = math.Pow(v, g.p)
		}
	}
}

func (g *pointGround) maxRow(i int, pot []float64, invEps float64) float64 {
	var tile [512]float64
	best := math.Inf(-1)
	for j := 0; j < len(pot); j += len(tile) {
		c := tile[:min(len(tile), len(pot)-j)]
		g.costs(i, j, c)
		best = math.Max(best, kern.MaxRow(pot[j:j+len(c)], c, invEps))
	}
	return best
}

func (g *pointGround) planRow(dst []float64, i int, f float64, pot []float64, invEps float64) float64 {
	const tile = 1024
	sum := 0.0
	for j := 0; j < len(dst); j += tile {
		c := dst[j:min(j+tile, len(dst))]
		g.costs(i, j, c)
		sum += kern.PlanRow(c, f, pot[j:j+len(c)], c, invEps)
	}
	return sum
}

// sqGround is the squared Euclidean cost, fused into the exponential.
type sqGround struct{ *pointGround }

func (g *sqGround) point(i int) []float64 { return g.x[i*g.d : (i+1)*g.d] }

func (g *sqGround) maxRow(i int, pot []float64, invEps float64) float64 {
	return kern.MaxRowSq(g.point(i), g.y, 0, pot, invEps)
}

func (g *sqGround) planRow(dst []float64, i int, f float64, pot []float64, invEps float64) float64 {
	return kern.PlanRowSq(dst, f, g.point(i), g.y, 0, pot, invEps)
}

// rowDistances write metric(x, y_j0…) into dst.
var rowDistances = map[Metric]func(dst, x []float64, y *kern.SoA, j0 int){
	SqEuclidean: kern.SqDistRow,
	Euclidean: func(dst, x []float64, y *kern.SoA, j0 int) {
		kern.SqDistRow(dst, x, y, j0)
		for j, v := range dst {
			dst[j] = math.Sqrt(v)
		}
	},
	Cityblock: func(dst, x []float64, y *kern.SoA, j0 int) {
		clear(dst)
		for k, xk := range x {
			for j, v := range y.Coord[k][j0 : j0+len(dst)] {
				dst[j] += math.Abs(xk - v)
			}
		}
	},
	Chebyshev: func(dst, x []float64, y *kern.SoA, j0 int) {
		clear(dst)
		for k, xk := range x {
			for j, v := range y.Coord[k][j0 : j0+len(dst)] {
				dst[j] = max(dst[j], math.Abs(xk-v))
			}
		}
	},
	// Points are unit vectors here: 1 − xᵀy = |x−y|²/2 without cancellation.
	Cosine: func(dst, x []float64, y *kern.SoA, j0 int) {
		kern.SqDistRow(dst, x, y, j0)
		for j, v := range dst {
			dst[j] = v / 2
		}
	},
}
