package kern

import "math"

// The Go kernels: the fallback on every CPU and the oracle of the tests. The
// reductions keep four accumulators, so that additions overlap.

func dotGo(x, y []float64) float64 {
	y = y[:len(x)]
	var s0, s1, s2, s3 float64
	i := 0
	for ; i+4 <= len(x); i += 4 {
		s0 += x[i] * y[i]
		s1 += x[i+1] * y[i+1]
		s2 += x[i+2] * y[i+2]
		s3 += x[i+3] * y[i+3]
	}
	for ; i < len(x); i++ {
		s0 += x[i] * y[i]
	}
	return (s0 + s1) + (s2 + s3)
}

func dot2Go(x, y, z []float64) (xy, xz float64) {
	y, z = y[:len(x)], z[:len(x)]
	var a0, a1, b0, b1 float64
	i := 0
	for ; i+2 <= len(x); i += 2 {
		a0 += x[i] * y[i]
		b0 += x[i] * z[i]
		a1 += x[i+1] * y[i+1]
		b1 += x[i+1] * z[i+1]
	}
	if i < len(x) {
		a0 += x[i] * y[i]
		b0 += x[i] * z[i]
	}
	return a0 + a1, b0 + b1
}

func sumGo(x []float64) float64 {
	var s0, s1, s2, s3 float64
	i := 0
	for ; i+4 <= len(x); i += 4 {
		s0 += x[i]
		s1 += x[i+1]
		s2 += x[i+2]
		s3 += x[i+3]
	}
	for ; i < len(x); i++ {
		s0 += x[i]
	}
	return (s0 + s1) + (s2 + s3)
}

func axpyGo(a float64, x, y []float64) {
	y = y[:len(x)]
	for i, v := range x {
		y[i] += a * v
	}
}

func xpbyGo(x []float64, b float64, y []float64) {
	y = y[:len(x)]
	for i, v := range x {
		y[i] = v + b*y[i]
	}
}

func cgUpdateGo(a float64, p, q, x, r []float64) float64 {
	q, x, r = q[:len(p)], x[:len(p)], r[:len(p)]
	var s0, s1 float64
	i := 0
	for ; i+2 <= len(p); i += 2 {
		x[i] += a * p[i]
		x[i+1] += a * p[i+1]
		r0 := r[i] - a*q[i]
		r1 := r[i+1] - a*q[i+1]
		r[i], r[i+1] = r0, r1
		s0 += r0 * r0
		s1 += r1 * r1
	}
	if i < len(p) {
		x[i] += a * p[i]
		r0 := r[i] - a*q[i]
		r[i] = r0
		s0 += r0 * r0
	}
	return s0 + s1
}

func accum2Go(c []float64, w0, w1 float64, e0, e1 []float64) {
	e0, e1 = e0[:len(c)], e1[:len(c)]
	for j := range c {
		c[j] += w0*e0[j] + w1*e1[j]
	}
}

func accum4Go(c []float64, w0, w1, w2, w3 float64, e0, e1, e2, e3 []float64) {
	e0, e1, e2, e3 = e0[:len(c)], e1[:len(c)], e2[:len(c)], e3[:len(c)]
	for j := range c {
		c[j] += (w0*e0[j] + w1*e1[j]) + (w2*e2[j] + w3*e3[j])
	}
}

func softThresholdGo(dst, x []float64, t float64) {
	dst = dst[:len(x)]
	for i, v := range x {
		dst[i] = math.Copysign(max(math.Abs(v)-t, 0), v)
	}
}
