package linsys

import (
	"math"

	"solve/internal/kern"
	"solve/internal/par"
)

// roundoff is the unit roundoff u of float64.
const roundoff = 0x1p-53

const (
	// chunkLength cuts vectors: a sum is taken over each chunk and the sums
	// are added pairwise, so that its bits don't depend on the threads.
	chunkLength = 8192
	// parallelFrom is the length from which more threads than one pay.
	parallelFrom = 4 * chunkLength
)

// vectors does the vector passes of the Krylov methods, on several threads
// where that pays. Each pass runs all its steps on one chunk, which stays in
// cache, before the next. It is not for concurrent use.
type vectors struct {
	threads int
	fn      func(int) // chunk, made once so that a pass allocates nothing

	op         pass
	n          int
	p, q, x, y []float64
	a, b, c    float64
	basis      [][]float64
	coef       []float64
	sums       []float64 // by chunk: width numbers each
	width      int
}

// pass says what is done to a chunk.
type pass int

const (
	passDot pass = iota
	passDot2
	passAxpy
	passAxpyNorm
	passXpby
	passAxpby
	passCGUpdate
	passResidual
	passDirection
	passShortStep
	passGolubKahan
	passProject
	passCombine
)

func (v *vectors) setThreads(threads int) {
	v.threads = par.Threads(threads)
	if v.fn == nil {
		v.fn = v.chunk
	}
}

func (v *vectors) run(op pass, n, width int) {
	v.op, v.n, v.width = op, n, width
	chunks := par.Chunks(n, chunkLength)
	if need := chunks * width; cap(v.sums) < need {
		v.sums = make([]float64, need)
	} else {
		v.sums = v.sums[:need]
	}
	if n < parallelFrom {
		for c := range chunks {
			v.chunk(c)
		}
		return
	}
	par.For(v.threads, chunks, v.fn)
}

func (v *vectors) chunk(c int) {
	lo, hi := par.Bounds(c, v.n, chunkLength)
	part := func(x []float64) []float64 { return x[lo:hi] }
	sum := v.sums[c*v.width:]
	switch v.op {
	case passDot:
		sum[0] = kern.Dot(part(v.x), part(v.y))
	case passDot2:
		sum[0], sum[1] = kern.Dot2(part(v.x), part(v.y), part(v.p))
	case passAxpy:
		kern.Axpy(v.a, part(v.x), part(v.y))
	case passAxpyNorm:
		y := part(v.y)
		kern.Axpy(v.a, part(v.x), y)
		sum[0] = kern.Dot(y, y)
	case passXpby:
		kern.Xpby(part(v.x), v.b, part(v.y))
	case passAxpby:
		y := part(v.y)
		axpby(v.a, part(v.x), v.b, y)
		sum[0] = kern.Dot(y, y)
	case passCGUpdate:
		sum[0] = kern.CGUpdate(v.a, part(v.p), part(v.q), part(v.x), part(v.y))
	case passResidual:
		y := part(v.y)
		kern.Xpby(part(v.x), -1, y)
		sum[0] = kern.Dot(y, y)
	case passDirection:
		kern.Axpy(v.a, part(v.q), part(v.p))
		kern.Xpby(part(v.x), v.b, part(v.p))
	case passShortStep:
		p := part(v.p)
		kern.Xpby(part(v.x), v.a, p)
		kern.Axpy(v.b, part(v.q), p)
		kern.Axpy(v.c, p, part(v.y))
	case passGolubKahan:
		kern.Xpby(part(v.p), v.a, part(v.q))
		kern.Axpy(v.b, part(v.q), part(v.x))
		kern.Xpby(part(v.y), v.c, part(v.p))
	case passProject:
		for j, e := range v.basis {
			sum[j] = kern.Dot(part(e), part(v.y))
		}
	case passCombine:
		combine(part(v.y), v.coef, v.basis, lo, hi)
	}
}

func axpby(a float64, x []float64, b float64, y []float64) {
	x = x[:len(y)]
	if b == 0 {
		for i, s := range x {
			y[i] = a * s
		}
		return
	}
	for i, s := range x {
		y[i] = a*s + b*y[i]
	}
}

// combine adds Σ coef_j basis_j[lo:hi] to y, four vectors a sweep.
func combine(y, coef []float64, basis [][]float64, lo, hi int) {
	var four [4][]float64
	for j := 0; j < len(coef); j += 4 {
		k := min(4, len(coef)-j)
		for i := range k {
			four[i] = basis[j+i][lo:hi]
		}
		kern.AccumRows(y, coef[j:j+k], four[:k])
	}
}

// total adds number j of every chunk, pairwise.
func (v *vectors) total(j int) float64 {
	n := len(v.sums) / v.width
	if n == 0 {
		return 0
	}
	s := v.sums
	for step := 1; step < n; step *= 2 {
		for i := 0; i+step < n; i += 2 * step {
			s[i*v.width+j] += s[(i+step)*v.width+j]
		}
	}
	return s[j]
}

// dot returns xᵀy.
func (v *vectors) dot(x, y []float64) float64 {
	v.x, v.y = x, y
	v.run(passDot, len(x), 1)
	return v.total(0)
}

// dot2 returns xᵀy and xᵀz.
func (v *vectors) dot2(x, y, z []float64) (xy, xz float64) {
	v.x, v.y, v.p = x, y, z
	v.run(passDot2, len(x), 2)
	return v.total(0), v.total(1)
}

// norm returns ‖x‖, also where its square is out of range.
func (v *vectors) norm(x []float64) float64 { return safeNorm(v.dot(x, x), x) }

// safeNorm returns √xx, where xx is xᵀx, or ‖x‖ by a scaled sum where xx has
// lost its digits.
func safeNorm(xx float64, x []float64) float64 {
	if xx > 1e-280 && xx < math.MaxFloat64 || xx != xx {
		return math.Sqrt(xx)
	}
	largest := maxAbs(x)
	if largest == 0 || math.IsInf(largest, 1) {
		return largest
	}
	s := 0.0
	for _, t := range x {
		t /= largest
		s += t * t
	}
	return largest * math.Sqrt(s)
}

// maxAbs returns ‖x‖∞; a NaN is passed over.
func maxAbs(x []float64) float64 {
	m := 0.0
	for _, t := range x {
		if t = math.Abs(t); t > m {
			m = t
		}
	}
	return m
}

func isZero(x []float64) bool {
	for _, t := range x {
		if t != 0 {
			return false
		}
	}
	return true
}

// axpy computes y += a x.
func (v *vectors) axpy(a float64, x, y []float64) {
	v.a, v.x, v.y = a, x, y
	v.run(passAxpy, len(x), 0)
}

// axpyNorm computes y += a x and returns ‖y‖².
func (v *vectors) axpyNorm(a float64, x, y []float64) float64 {
	v.a, v.x, v.y = a, x, y
	v.run(passAxpyNorm, len(x), 1)
	return v.total(0)
}

// xpby computes y = x + b y.
func (v *vectors) xpby(x []float64, b float64, y []float64) {
	v.x, v.b, v.y = x, b, y
	v.run(passXpby, len(x), 0)
}

// axpby computes y = a x + b y, y = a x for b = 0 whatever y holds, and
// returns ‖y‖². x may be y.
func (v *vectors) axpby(a float64, x []float64, b float64, y []float64) float64 {
	v.a, v.x, v.b, v.y = a, x, b, y
	v.run(passAxpby, len(x), 1)
	return v.total(0)
}

// cgUpdate computes x += a p, r −= a q and returns ‖r‖².
func (v *vectors) cgUpdate(a float64, p, q, x, r []float64) float64 {
	v.a, v.p, v.q, v.x, v.y = a, p, q, x, r
	v.run(passCGUpdate, len(p), 1)
	return v.total(0)
}

// residual computes r = b − r and returns ‖r‖².
func (v *vectors) residual(b, r []float64) float64 {
	v.x, v.y = b, r
	v.run(passResidual, len(b), 1)
	return v.total(0)
}

// direction computes p = r + b (p + a q).
func (v *vectors) direction(r []float64, b, a float64, q, p []float64) {
	v.x, v.b, v.a, v.q, v.p = r, b, a, q, p
	v.run(passDirection, len(p), 0)
}

// shortStep computes w = z + a w + b w₁ and x += c w.
func (v *vectors) shortStep(z []float64, a float64, w []float64, b float64, w1 []float64, c float64, x []float64) {
	v.x, v.a, v.p, v.b, v.q, v.c, v.y = z, a, w, b, w1, c, x
	v.run(passShortStep, len(w), 0)
}

// golubKahan computes h̄ = h + a h̄, x += b h̄ and h = z + c h.
func (v *vectors) golubKahan(h []float64, a float64, hbar []float64, b float64, x, z []float64, c float64) {
	v.p, v.a, v.q, v.b, v.x, v.y, v.c = h, a, hbar, b, x, z, c
	v.run(passGolubKahan, len(h), 0)
}

// project writes coef_j = basis_jᵀ y.
func (v *vectors) project(basis [][]float64, y, coef []float64) {
	if len(basis) == 0 {
		return
	}
	v.basis, v.y = basis, y
	v.run(passProject, len(y), len(basis))
	for j := range basis {
		coef[j] = v.total(j)
	}
}

// combine computes y += Σ coef_j basis_j.
func (v *vectors) combine(basis [][]float64, coef, y []float64) {
	v.basis, v.coef, v.y = basis, coef[:len(basis)], y
	v.run(passCombine, len(y), 0)
}
