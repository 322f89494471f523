package bcd

import (
	"math"

	"solve/internal/kern"
)

// hessian solves with the generalised Hessian of φ,
//
//	[I + XᵀSX  XᵀS1; 1ᵀSX  1ᵀS1],  S = σC on the free rows and 0 elsewhere,
//
// by the form of order p+1, by that of the number of free rows, or by
// conjugate gradients on the latter, whichever takes the least work.
type hessian struct {
	*svm
	sigma float64
	noCG  bool // conjugate gradients were too slow for this φ

	// The form of order p: outer = Σ C_i [x_i;1][x_i;1]ᵀ over the members,
	// without σ, so that it lasts from one φ to the next.
	outer   []float64
	member  []bool
	members []int32

	// The form of the free rows: Gram rows by the order in which rows came.
	place []int32 // 1 + number of a row in gram; 0 = none
	gram  [][]float64
	known []int32

	factor []float64
	work   []float64 // p, zero between calls
	a, b   []float64 // right sides, one entry a free row
	cg     [3][]float64
}

const (
	// largestFactor is the order up to which a dense matrix is factored.
	largestFactor = 3000
	// cgTolerance is the relative residual that conjugate gradients reach.
	cgTolerance = 1e-5
	cgSteps     = 500
	// interceptRidge keeps the system regular where no row is free.
	interceptRidge = 1e-10
)

// systemWork estimates the nanoseconds that one system takes, with free rows
// of so many entries.
func systemWork(free, p, entries float64) float64 {
	perRow := entries / max(1, free)
	columns := 0.1*p*p*p/3 + entries*perRow/2
	rows := 0.1*free*free*free/3 + free*entries/2
	if p > largestFactor {
		columns = math.Inf(1)
	}
	if free > largestFactor {
		rows = math.Inf(1)
	}
	return min(columns, rows, 30*(4*entries+p))
}

func (h *hessian) begin(sigma float64) { h.sigma, h.noCG = sigma, false }

func (h *hessian) order() int {
	if h.intercept {
		return h.rows.p + 1
	}
	return h.rows.p
}

// fits tells whether a dense matrix of order k may be made twice.
func (h *hessian) fits(k int) bool {
	return k <= largestFactor && 16*int64(k)*int64(k) <= h.opt.MemoryLimit()/4
}

// direction overwrites d = −∇_w φ with the Newton direction and returns that of
// x₀, rhs0 = −∂φ/∂x₀. A system that cannot be solved leaves the gradient.
func (h *hessian) direction(free []int32, d []float64, rhs0 float64) float64 {
	k, p := len(free), h.order()
	entries := 0
	for _, i := range free {
		entries += h.rows.nnz(int(i))
	}
	if k == 0 {
		if h.intercept {
			return rhs0
		}
		return 0
	}
	byColumns, byRows := math.Inf(1), math.Inf(1)
	if h.fits(p) {
		byColumns = 0.1*float64(p)*float64(p)*float64(p)/3 + h.pending(free)*float64(entries)/float64(k)/2
	}
	if h.fits(k) {
		byRows = 0.1*float64(k)*float64(k)*float64(k)/3 + h.unknown(free)*float64(entries)/2 + 2*float64(k)*float64(k)
	}
	direct := min(byColumns, byRows)
	oneStep := 4*float64(entries) + float64(p)
	if steps := int(min(cgSteps, direct/oneStep)); !h.noCG && steps >= 10 {
		if d0, ok := h.rowForm(free, d, rhs0, steps, math.IsInf(direct, 1)); ok {
			return d0
		}
		h.noCG = !math.IsInf(direct, 1)
	}
	switch {
	case math.IsInf(direct, 1):
		return rhs0
	case byColumns <= byRows:
		return h.columnForm(free, d, rhs0)
	}
	d0, ok := h.rowForm(free, d, rhs0, 0, false)
	if !ok {
		return rhs0
	}
	return d0
}

// pending counts the rows by which the members differ from free.
func (h *hessian) pending(free []int32) float64 {
	if h.member == nil {
		return float64(len(free))
	}
	same := 0
	for _, i := range free {
		if h.member[i] {
			same++
		}
	}
	return float64(min(len(free), len(free)+len(h.members)-2*same))
}

// unknown counts the rows that the Gram matrix lacks.
func (h *hessian) unknown(free []int32) float64 {
	if h.place == nil {
		return float64(len(free))
	}
	count := 0
	for _, i := range free {
		if h.place[i] == 0 {
			count++
		}
	}
	return float64(count)
}

// columnForm factors the matrix of order p+1.
func (h *hessian) columnForm(free []int32, d []float64, rhs0 float64) float64 {
	n := h.order()
	h.setMembers(free)
	h.factor = grow(h.factor, n*n)
	for i := range n {
		row, from := h.factor[i*n+i:(i+1)*n], h.outer[i*n+i:(i+1)*n]
		for j, v := range from {
			row[j] = h.sigma * v
		}
		row[0]++
	}
	if h.intercept {
		last := &h.factor[n*n-1]
		*last += interceptRidge*(1+*last) - 1
	}
	b := grow(h.a, n)
	h.a = b
	copy(b, d)
	if h.intercept {
		b[n-1] = rhs0
	}
	if !cholesky(n, h.factor, n, 1e-15) {
		return rhs0
	}
	choleskySolve(n, h.factor, n, b)
	copy(d, b)
	if h.intercept {
		return b[n-1]
	}
	return 0
}

// setMembers takes outer to the free rows: the rows that come and go, or all
// of them anew where those are more.
func (h *hessian) setMembers(free []int32) {
	n := h.order()
	if h.member == nil {
		h.member, h.outer = make([]bool, h.rows.n), make([]float64, n*n)
	}
	if changes := h.pending(free); changes >= float64(len(free)) {
		clear(h.outer)
		for _, i := range h.members {
			h.member[i] = false
		}
		h.members = h.members[:0]
		if len(h.rows.dense) > 0 {
			h.denseOuter(free)
			for _, i := range free {
				h.member[i] = true
			}
			h.members = append(h.members, free...)
			return
		}
	}
	stays := make([]bool, h.rows.n)
	for _, i := range free {
		stays[i] = true
		if !h.member[i] {
			h.addOuter(int(i), h.cost[i])
		}
	}
	for _, i := range h.members {
		if !stays[i] {
			h.addOuter(int(i), -h.cost[i])
		}
	}
	h.member, h.members = stays, append(h.members[:0], free...)
}

// addOuter adds c [x_i;1][x_i;1]ᵀ above the diagonal.
func (h *hessian) addOuter(i int, c float64) {
	n := h.order()
	cols, vals := h.rows.row(i)
	if cols == nil {
		for j, v := range vals {
			if v != 0 {
				kern.Axpy(c*v, vals[j:], h.outer[j*n+j:j*n+len(vals)])
			}
		}
	} else {
		for a, j := range cols {
			row, cv := h.outer[int(j)*n:(int(j)+1)*n], c*vals[a]
			for b := a; b < len(cols); b++ {
				row[cols[b]] += cv * vals[b]
			}
		}
	}
	if !h.intercept {
		return
	}
	for k, v := range vals {
		j := k
		if cols != nil {
			j = int(cols[k])
		}
		h.outer[j*n+n-1] += c * v
	}
	h.outer[n*n-1] += c
}

// denseOuter sums the outer products of dense rows in blocks.
func (h *hessian) denseOuter(free []int32) {
	const block = 64
	n := h.order()
	pack := make([]float64, block*n)
	for len(free) > 0 {
		k := min(block, len(free))
		for r, i := range free[:k] {
			row, root := pack[r*n:(r+1)*n], math.Sqrt(h.cost[i])
			_, vals := h.rows.row(int(i))
			for j, v := range vals {
				row[j] = root * v
			}
			if h.intercept {
				row[n-1] = root
			}
		}
		kern.SubTNUpper(n, k, pack, n, h.outer, n)
		free = free[k:]
	}
	for i := range h.outer {
		h.outer[i] = -h.outer[i]
	}
}

// rowForm solves with K = S⁻¹ + X_F X_Fᵀ: d ← d − X_Fᵀr, K r = X_F d + δ1, where
// δ = (rhs0 − 1ᵀK⁻¹X_F d)/1ᵀK⁻¹1 is the direction of x₀. With steps > 0 it
// takes at most so many conjugate gradient steps, and fails where they do not
// suffice unless anyhow is set.
func (h *hessian) rowForm(free []int32, d []float64, rhs0 float64, steps int, anyhow bool) (float64, bool) {
	k := len(free)
	h.a, h.b = grow(h.a, k), grow(h.b, k)
	h.work = grow(h.work, h.rows.p)
	for at, i := range free {
		h.a[at], h.b[at] = h.rows.dot(int(i), d), 1
	}
	right := [][]float64{h.a}
	if h.intercept {
		right = append(right, h.b)
	}
	if steps > 0 {
		for _, b := range right {
			if !h.conjugate(free, b, steps) && !anyhow {
				return 0, false
			}
		}
	} else if !h.factorRows(free, right) {
		return 0, false
	}
	d0 := 0.0
	if h.intercept {
		size := kern.Sum(h.b)
		d0 = (rhs0 - kern.Sum(h.a)) / (size + interceptRidge*(1+size))
		kern.Axpy(d0, h.b, h.a)
	}
	for at, i := range free {
		h.rows.axpy(-h.a[at], int(i), d)
	}
	return d0, true
}

// factorRows overwrites the right sides with the solutions of K.
func (h *hessian) factorRows(free []int32, right [][]float64) bool {
	h.extendGram(free)
	k := len(free)
	h.factor = grow(h.factor, k*k)
	for a, i := range free {
		s := int(h.place[i]) - 1
		row := h.factor[a*k : (a+1)*k]
		row[a] = h.gram[s][s] + 1/(h.sigma*h.cost[i])
		for b := a + 1; b < k; b++ {
			t := int(h.place[free[b]]) - 1
			row[b] = h.gram[max(s, t)][min(s, t)]
		}
	}
	if !cholesky(k, h.factor, k, 1e-15) {
		return false
	}
	for _, b := range right {
		choleskySolve(k, h.factor, k, b)
	}
	return true
}

// extendGram adds the rows that gram lacks; a cache that would outgrow its
// room starts anew.
func (h *hessian) extendGram(free []int32) {
	if h.place == nil {
		h.place = make([]int32, h.rows.n)
	}
	if fresh := int(h.unknown(free)); fresh > 0 && !h.fits(len(h.known)+fresh) {
		clear(h.place)
		h.gram, h.known = h.gram[:0], h.known[:0]
	}
	for _, i := range free {
		if h.place[i] != 0 {
			continue
		}
		h.known = append(h.known, i)
		h.place[i] = int32(len(h.known))
		line := make([]float64, len(h.known))
		h.rows.scatter(int(i), h.work)
		for s, k := range h.known {
			line[s] = h.rows.dot(int(k), h.work)
		}
		h.rows.unscatter(int(i), h.work)
		h.gram = append(h.gram, line)
	}
}

// conjugate overwrites b with K⁻¹b, the diagonal as preconditioner.
func (h *hessian) conjugate(free []int32, b []float64, steps int) bool {
	k := len(free)
	for v := range h.cg {
		h.cg[v] = grow(h.cg[v], k)
	}
	p, kp, x := h.cg[0], h.cg[1], h.cg[2]
	clear(x)
	r := b
	diagonal := func(at int) float64 {
		i := free[at]
		return h.rows.square[i] + 1/(h.sigma*h.cost[i])
	}
	rho := 0.0
	for at, v := range r {
		p[at] = v / diagonal(at)
		rho += v * p[at]
	}
	start := rho
	for step := 0; step < steps && rho > cgTolerance*cgTolerance*start; step++ {
		h.timesK(free, p, kp)
		alpha := rho / kern.Dot(p, kp)
		kern.Axpy(alpha, p, x)
		kern.Axpy(-alpha, kp, r)
		next := 0.0
		for at, v := range r {
			next += v * v / diagonal(at)
		}
		for at, v := range r {
			p[at] = v/diagonal(at) + next/rho*p[at]
		}
		rho = next
	}
	copy(b, x)
	return rho <= cgTolerance*cgTolerance*start
}

// timesK stores K p in kp.
func (h *hessian) timesK(free []int32, p, kp []float64) {
	for at, i := range free {
		h.rows.axpy(p[at], int(i), h.work)
	}
	for at, i := range free {
		kp[at] = h.rows.dot(int(i), h.work) + p[at]/(h.sigma*h.cost[i])
	}
	clear(h.work)
}
