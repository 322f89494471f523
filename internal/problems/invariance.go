package problems

import "solve/matrix"

// The maps below take a problem to another one whose answer follows from the
// first one's. They copy what they change.

// Scaled multiplies cost and ε by s > 0: the plan stays.
func (e Entropic) Scaled(s float64) Entropic {
	cost := clone(e.Cost)
	for k := range cost.Data {
		cost.Data[k] *= s
	}
	e.Name, e.Cost, e.Reg, e.TransportCost = e.Name+", scaled", cost, e.Reg*s, e.TransportCost*s
	return e
}

// Shifted adds u_i + v_j to the cost: the plan stays, ⟨C,P⟩ gains
// ⟨a,u⟩ + ⟨b,v⟩.
func (e Entropic) Shifted(u, v []float64) Entropic {
	cost := clone(e.Cost)
	for i := range cost.Rows {
		for j := range cost.Row(i) {
			cost.Row(i)[j] += u[i] + v[j]
		}
	}
	for i, ai := range e.A {
		e.TransportCost += ai * u[i]
	}
	for j, bj := range e.B {
		e.TransportCost += bj * v[j]
	}
	e.Name, e.Cost = e.Name+", shifted", cost
	return e
}

// Transposed swaps the sides.
func (e Entropic) Transposed() Entropic {
	e.Name, e.A, e.B = e.Name+", transposed", e.B, e.A
	e.Cost = transpose(e.Cost)
	if e.Plan != nil {
		e.Plan = transpose(e.Plan)
	}
	return e
}

// RowsPicked makes row k the old row rows[k]: a permutation when each row is
// picked once. A row picked c times is a point split into c equal parts, each
// with a c-th of its mass and of its plan; then KL(P | abᵀ) and ⟨C,P⟩ stay.
func (e Entropic) RowsPicked(rows []int) Entropic {
	times := make([]float64, len(e.A))
	for _, i := range rows {
		times[i]++
	}
	a := make([]float64, len(rows))
	cost := dense(len(rows), e.Cost.Cols)
	var plan *matrix.Dense
	if e.Plan != nil {
		plan = dense(len(rows), e.Cost.Cols)
	}
	for k, i := range rows {
		a[k] = e.A[i] / times[i]
		copy(cost.Row(k), e.Cost.Row(i))
		if plan == nil {
			continue
		}
		for j, p := range e.Plan.Row(i) {
			plan.Row(k)[j] = p / times[i]
		}
	}
	e.Name, e.A, e.Cost, e.Plan = e.Name+", rows picked", a, cost, plan
	return e
}

func clone(d *matrix.Dense) *matrix.Dense {
	return &matrix.Dense{Rows: d.Rows, Cols: d.Cols, Data: append([]float64(nil), d.Data...)}
}

func transpose(d *matrix.Dense) *matrix.Dense {
	t := dense(d.Cols, d.Rows)
	for i := range d.Rows {
		for j, v := range d.Row(i) {
			t.Row(j)[i] = v
		}
	}
	return t
}
