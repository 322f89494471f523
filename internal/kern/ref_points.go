package kern

import "math"

func sqDistRowGo(dst []float64, x []float64, y *SoA, j0 int) {
	switch n := len(dst); y.D {
	case 1:
		y0, x0 := y.Coord[0][j0:j0+n], x[0]
		for j := range dst {
			d0 := x0 - y0[j]
			dst[j] = d0 * d0
		}
	case 2:
		y0, y1 := y.Coord[0][j0:j0+n], y.Coord[1][j0:j0+n]
		x0, x1 := x[0], x[1]
		for j := range dst {
			d0, d1 := x0-y0[j], x1-y1[j]
			dst[j] = d0*d0 + d1*d1
		}
	case 3:
		y0, y1, y2 := y.Coord[0][j0:j0+n], y.Coord[1][j0:j0+n], y.Coord[2][j0:j0+n]
		x0, x1, x2 := x[0], x[1], x[2]
		for j := range dst {
			d0, d1, d2 := x0-y0[j], x1-y1[j], x2-y2[j]
			dst[j] = d0*d0 + d1*d1 + d2*d2
		}
	default:
		clear(dst)
		for k, xk := range x {
			yk := y.Coord[k][j0 : j0+n]
			for j := range dst {
				d := xk - yk[j]
				dst[j] += d * d
			}
		}
	}
}

func maxRowSqGo(x []float64, y *SoA, j0 int, g []float64, invEps float64) float64 {
	var buf [sqTile]float64
	m := math.Inf(-1)
	for j := 0; j < len(g); j += sqTile {
		e := min(j+sqTile, len(g))
		c := buf[:e-j]
		sqDistRowGo(c, x, y, j0+j)
		m = max(m, maxRowGo(g[j:e], c, invEps))
	}
	return m
}

func planRowSqGo(dst []float64, f float64, x []float64, y *SoA, j0 int, g []float64, invEps float64) (sum float64) {
	for j := 0; j < len(dst); j += sqTile {
		c := dst[j:min(j+sqTile, len(dst))]
		sqDistRowGo(c, x, y, j0+j)
		sum += planBlockGo(c, f, g[j:j+len(c)], c, invEps)
	}
	return sum
}

func planRowSqSumGo(f float64, x []float64, y *SoA, j0 int, g []float64, invEps float64) (sum float64) {
	var buf [sqTile]float64
	for j := 0; j < len(g); j += sqTile {
		e := min(j+sqTile, len(g))
		sum += planRowSqGo(buf[:e-j], f, x, y, j0+j, g[j:e], invEps)
	}
	return sum
}

// finishSqDistGo turns −2x·y_j in c into the squared distance of x and y_j.
func finishSqDistGo(c, ny []float64, nx float64) {
	ny = ny[:len(c)]
	for j, v := range c {
		if v += nx + ny[j]; v < 0 {
			v = 0
		}
		c[j] = v
	}
}
