package verify

import (
	"fmt"
	"math"

	"solve/matrix"
	"solve/solver"
)

// Cost gives rows of an n×m ground cost; safe for concurrent use.
type Cost interface {
	Dims() (n, m int)
	// Row returns the costs of row i, len m; dst, of that length, may back it.
	Row(i int, dst []float64) []float64
}

type denseCost struct{ c *matrix.Dense }

// DenseCost is a stored cost.
func DenseCost(c *matrix.Dense) Cost { return denseCost{c} }

func (d denseCost) Dims() (n, m int)                 { return d.c.Rows, d.c.Cols }
func (d denseCost) Row(i int, _ []float64) []float64 { return d.c.Row(i) }

type pointCost struct {
	x, y   *matrix.Dense
	metric func(x, y []float64) float64
	p      float64
}

// PointCost is metric(x_i, y_j)^p of the rows of x and y; metric is a name
// of --metric.
func PointCost(x, y *matrix.Dense, metric string, p float64) (Cost, error) {
	d, ok := metrics[metric]
	if !ok {
		return nil, fmt.Errorf("verify: unknown metric %q: %w", metric, solver.ErrOption)
	}
	if x.Cols != y.Cols {
		return nil, fmt.Errorf("verify: points in R^%d and R^%d: %w", x.Cols, y.Cols, solver.ErrDimension)
	}
	return pointCost{x, y, d, p}, nil
}

func (c pointCost) Dims() (n, m int) { return c.x.Rows, c.y.Rows }

func (c pointCost) Row(i int, dst []float64) []float64 {
	xi := c.x.Row(i)
	for j := range dst {
		d := c.metric(xi, c.y.Row(j))
		if c.p != 1 {
			d = math.Pow(d, c.p)
		}
		dst[j] = d
	}
	return dst
}

var metrics = map[string]func(x, y []float64) float64{
	"sqeuclidean": func(x, y []float64) float64 {
		s := 0.0
		for k := range x {
			s += (x[k] - y[k]) * (x[k] - y[k])
		}
		return s
	},
	"euclidean": func(x, y []float64) float64 {
		s := 0.0
		for k := range x {
			s = math.Hypot(s, x[k]-y[k])
		}
		return s
	},
	"cityblock": func(x, y []float64) float64 {
		s := 0.0
		for k := range x {
			s += math.Abs(x[k] - y[k])
		}
		return s
	},
	"chebyshev": func(x, y []float64) float64 {
		s := 0.0
		for k := range x {
			s = math.Max(s, math.Abs(x[k]-y[k]))
		}
		return s
	},
	// |x/|x| − y/|y||²/2 is 1 − cos, and does not turn negative by rounding.
	"cosine": func(x, y []float64) float64 {
		var xx, yy, s float64
		for k := range x {
			xx += x[k] * x[k]
			yy += y[k] * y[k]
		}
		xx, yy = math.Sqrt(xx), math.Sqrt(yy)
		for k := range x {
			d := x[k]/xx - y[k]/yy
			s += d * d
		}
		return s / 2
	},
}

// GridCost is metric^p between the integer points of a regular grid,
// enumerated row-major (the last axis runs fastest).
func GridCost(shape []int, metric string, p float64) (Cost, error) {
	n := 1
	for _, s := range shape {
		n *= s
	}
	points, err := matrix.NewDense(n, len(shape), nil)
	if err != nil {
		return nil, err
	}
	for i := range n {
		rest := i
		for k := len(shape) - 1; k >= 0; k-- {
			points.Data[i*len(shape)+k] = float64(rest % shape[k])
			rest /= shape[k]
		}
	}
	return PointCost(points, points, metric, p)
}
