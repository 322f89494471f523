package verify

import "solve/matrix"

type densePlan struct{ p *matrix.Dense }

// DensePlan gives the rows of a stored dense plan.
func DensePlan(p *matrix.Dense) PlanRows { return densePlan{p} }

func (d densePlan) Row(i int, _ []float64) ([]int32, []float64) { return nil, d.p.Row(i) }

type sparsePlan struct{ p *matrix.CSR }

// SparsePlan gives the rows of a stored sparse plan.
func SparsePlan(p *matrix.CSR) PlanRows { return sparsePlan{p} }

func (s sparsePlan) Row(i int, _ []float64) ([]int32, []float64) {
	lo, hi := s.p.RowPtr[i], s.p.RowPtr[i+1]
	return s.p.Col[lo:hi:hi], s.p.Val[lo:hi:hi]
}
