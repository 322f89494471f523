package kern

import "math"

func maxRowGo(g, c []float64, invEps float64) float64 {
	c = c[:len(g)]
	m0, m1 := math.Inf(-1), math.Inf(-1)
	j := 0
	for ; j+2 <= len(g); j += 2 {
		if z := g[j] - c[j]*invEps; z > m0 {
			m0 = z
		}
		if z := g[j+1] - c[j+1]*invEps; z > m1 {
			m1 = z
		}
	}
	if j < len(g) {
		if z := g[j] - c[j]*invEps; z > m0 {
			m0 = z
		}
	}
	if m1 > m0 {
		return m1
	}
	return m0
}

// expBlock is the number of exponents that the Go kernels gather before they
// call the vector exponential.
const expBlock = 256

func planRowGo(dst []float64, f float64, g, c []float64, invEps float64) (sum float64) {
	for j := 0; j < len(dst); j += expBlock {
		e := min(j+expBlock, len(dst))
		sum += planBlockGo(dst[j:e], f, g[j:e], c[j:e], invEps)
	}
	return sum
}

func planRowSumGo(f float64, g, c []float64, invEps float64) (sum float64) {
	var buf [expBlock]float64
	for j := 0; j < len(g); j += expBlock {
		e := min(j+expBlock, len(g))
		sum += planBlockGo(buf[:e-j], f, g[j:e], c[j:e], invEps)
	}
	return sum
}

func planBlockGo(dst []float64, f float64, g, c []float64, invEps float64) (sum float64) {
	g, c = g[:len(dst)], c[:len(dst)]
	for j := range dst {
		dst[j] = (f + g[j]) - c[j]*invEps
	}
	expGo(dst, dst)
	return sumGo(dst)
}

func minUpdateGo(dst, c []float64, f float64) {
	c = c[:len(dst)]
	for j, v := range dst {
		if z := c[j] - f; z < v {
			dst[j] = z
		}
	}
}

func minRowGo(g, c []float64) float64 {
	c = c[:len(g)]
	m := math.Inf(1)
	for j, v := range g {
		if z := c[j] - v; z < m {
			m = z
		}
	}
	return m
}

func selectPlanGo(octCol []int32, octVal []float64, col []int32, val, e []float64, scale, rowThr float64, thr []float64, j0 int32) (octets, singles int) {
	thr = thr[:len(e)]
	for j := 0; j < len(e); j += octet {
		end := min(j+octet, len(e))
		from := singles
		for k, v := range e[j:end] {
			if w := scale * v; w >= rowThr || w >= thr[j+k] {
				col[singles], val[singles] = j0+int32(j+k), w
				singles++
			}
		}
		if singles-from >= octetLeast && end-j == octet {
			singles = from
			octCol[octets] = j0 + int32(j)
			for k, v := range e[j:end] {
				octVal[octets*octet+k] = scale * v
			}
			octets++
		}
	}
	return octets, singles
}
