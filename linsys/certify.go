package linsys

import (
	"math"

	"solve/internal/verify"
	"solve/matrix"
	"solve/solver"
)

// certify has every column judged by the independent checker.
func (r *running) certify() error {
	res := r.res
	right := r.b
	if r.opt.Project {
		right = r.target
	}
	if right.Cols == 0 {
		res.Verdict = solver.Verdict{Status: solver.Solved, Reason: solver.Tolerance} // there is nothing to solve
		return nil
	}
	found, err := r.certificates(right)
	if err != nil {
		return err
	}
	worstAt := -1.0
	for j, c := range found {
		col := Column{RelativeResidual: c.RelativeResidual, BackwardError: c.BackwardError, Componentwise: c.Componentwise, Optimality: c.Optimality}
		if j < len(r.ends) {
			col.Iterations, col.Reason = r.ends[j].iterations, r.ends[j].reason
		}
		res.Columns = append(res.Columns, col)
		certs := c.Certificates(r.opt.tol(), r.opt.AbsTol)
		measure := badness(certs)
		if measure > worstAt || math.IsNaN(measure) {
			worstAt, res.Certificates = measure, certs
			res.Stats.Reachable = c.Reachable
			if math.IsNaN(measure) {
				worstAt = math.Inf(1)
			}
		}
	}
	r.judge()
	return nil
}

// certificates are those of all columns.
func (r *running) certificates(right *matrix.Dense) ([]verify.LinearCertificate, error) {
	sys := verify.LinearSystem{Rows: r.m, Cols: r.n, A: r.rows(), LeastSquares: r.least, Damp: r.opt.Damp, Threads: r.opt.Threads}
	return verify.LinearColumns(sys, right, r.res.X)
}

// badness orders columns: the value of the certificate with a tolerance
// relative to that tolerance, which with AbsTol is not the same for all of
// them. It is above 1, or NaN, only for those that fail.
func badness(certs []solver.Certificate) float64 {
	for _, c := range certs {
		switch share := c.Value / c.Tol; {
		case math.IsNaN(c.Tol):
		case c.OK && !(share <= 1):
			return 1
		case !c.OK && share <= 1:
			return math.Nextafter(1, 2)
		default:
			return share
		}
	}
	return 0
}
