package exact

import (
	"math"

	"solve/internal/rng"
	"solve/matrix"
)

// denseTestCost is a cost without any structure that the solver could use.
type denseTestCost struct{ c *matrix.Dense }

func (d denseTestCost) Dims() (n, m int)             { return d.c.Rows, d.c.Cols }
func (d denseTestCost) Row(i, j0 int, dst []float64) { copy(dst, d.c.Row(i)[j0:]) }

// storedTestCost is one that is read in place.
type storedTestCost struct{ denseTestCost }

func (d storedTestCost) Stored() *matrix.Dense { return d.c }

// pointTestCost is a cost with points.
type pointTestCost struct {
	denseTestCost
	x, y   *matrix.Dense
	metric string
	p      float64
}

func (c pointTestCost) Points() (x, y *matrix.Dense, metric string, p float64) {
	return c.x, c.y, c.metric, c.p
}

var testMetrics = map[string]func(x, y []float64) float64{
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
			s = max(s, math.Abs(x[k]-y[k]))
		}
		return s
	},
	// Half the squared distance of the directions does not cancel.
	"cosine": func(x, y []float64) float64 {
		var s, xx, yy float64
		for k := range x {
			xx, yy = xx+x[k]*x[k], yy+y[k]*y[k]
		}
		for k := range x {
			u := x[k]/math.Sqrt(xx) - y[k]/math.Sqrt(yy)
			s += u * u / 2
		}
		return s
	},
}

func newPointTest(x, y *matrix.Dense, metric string, p float64) pointTestCost {
	c := &matrix.Dense{Rows: x.Rows, Cols: y.Rows, Data: make([]float64, x.Rows*y.Rows)}
	for i := range x.Rows {
		for j := range y.Rows {
			v := testMetrics[metric](x.Row(i), y.Row(j))
			if p != 1 {
				v = math.Pow(v, p)
			}
			c.Row(i)[j] = v
		}
	}
	return pointTestCost{denseTestCost{c}, x, y, metric, p}
}

func randomPoints(r *rng.Stream, n, d int) *matrix.Dense {
	x := &matrix.Dense{Rows: n, Cols: d, Data: make([]float64, n*d)}
	for k := range x.Data {
		x.Data[k] = r.Float64()
	}
	return x
}

func normalPoints(r *rng.Stream, n, d int, shift float64) *matrix.Dense {
	x := &matrix.Dense{Rows: n, Cols: d, Data: make([]float64, n*d)}
	for k := range x.Data {
		x.Data[k] = r.Normal() + shift
	}
	return x
}

func randomMasses(r *rng.Stream, n int) []float64 {
	a, s := make([]float64, n), 0.0
	for i := range a {
		a[i] = 0.01 + r.Float64()
		s += a[i]
	}
	for i := range a {
		a[i] /= s
	}
	return a
}

func uniformMasses(n int) []float64 {
	a := make([]float64, n)
	for i := range a {
		a[i] = 1 / float64(n)
	}
	return a
}

// flowOracle is minimum-cost flow by successive shortest paths in integers
// (Bellman and Ford): slow, and nothing in common with a simplex method. It
// returns the cost and what cannot be shipped; costs of −1 << 40 and less are
// not expected; forbidden marks arcs that do not exist.
func flowOracle(a, b []int, c [][]int, forbidden func(i, j int) bool) (cost, left int) {
	n, m := len(a), len(b)
	flow := make([][]int, n)
	for i := range flow {
		flow[i] = make([]int, m)
	}
	a, b = append([]int(nil), a...), append([]int(nil), b...)
	const far = 1 << 60
	for {
		dist, from := make([]int, n+m), make([]int, n+m)
		for v := range dist {
			dist[v], from[v] = far, -1
			if v < n && a[v] > 0 {
				dist[v] = 0
			}
		}
		for changed := true; changed; {
			changed = false
			for i := range n {
				for j := range m {
					if forbidden(i, j) {
						continue
					}
					if dist[i] < far && dist[i]+c[i][j] < dist[n+j] {
						dist[n+j], from[n+j], changed = dist[i]+c[i][j], i, true
					}
					if flow[i][j] > 0 && dist[n+j] < far && dist[n+j]-c[i][j] < dist[i] {
						dist[i], from[i], changed = dist[n+j]-c[i][j], n+j, true
					}
				}
			}
		}
		best := -1
		for j := range m {
			if b[j] > 0 && dist[n+j] < far && (best < 0 || dist[n+j] < dist[n+best]) {
				best = j
			}
		}
		if best < 0 {
			break
		}
		path, q := []int{n + best}, b[best]
		for v := n + best; from[v] >= 0; v = from[v] {
			path = append(path, from[v])
			if v < n {
				q = min(q, flow[v][from[v]-n])
			}
		}
		source := path[len(path)-1]
		q = min(q, a[source])
		for k := 1; k < len(path); k++ {
			if v := path[k]; v < n {
				flow[v][path[k-1]-n] += q
			} else {
				flow[path[k-1]][v-n] -= q
			}
		}
		a[source] -= q
		b[best] -= q
	}
	for i := range n {
		left += a[i]
		for j := range m {
			if flow[i][j] > 0 {
				cost += flow[i][j] * c[i][j]
			}
		}
	}
	return cost, left
}
