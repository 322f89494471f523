package linsys

import (
	"math"

	"solve/internal/par"
	"solve/internal/verify"
	"solve/matrix"
	"solve/solver"
)

// certifyColumns is how many columns are taken out of row-major matrices
// together, a cache line of each row.
const certifyColumns = 8

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

// certificates are those of all columns: where these are many each has one
// thread, and all threads have one where they are few.
func (r *running) certificates(right *matrix.Dense) ([]verify.LinearCertificate, error) {
	columns := right.Cols
	found, failed := make([]verify.LinearCertificate, columns), make([]error, columns)
	across, within := r.opt.Threads, 1
	if columns <= certifyColumns {
		across, within = 1, r.opt.Threads
	}
	par.For(across, par.Chunks(columns, certifyColumns), func(chunk int) {
		lo, hi := par.Bounds(chunk, columns, certifyColumns)
		b, x := columnsOf(right, lo, hi), columnsOf(r.res.X, lo, hi)
		for j := lo; j < hi; j++ {
			sys := verify.LinearSystem{Rows: r.m, Cols: r.n, A: r.rows(), B: b[j-lo], LeastSquares: r.least, Damp: r.opt.Damp, Threads: within}
			found[j], failed[j] = verify.Linear(sys, x[j-lo])
		}
	})
	for _, err := range failed {
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

// columnsOf are columns lo … hi−1 of d; that of a single column is not copied.
func columnsOf(d *matrix.Dense, lo, hi int) [][]float64 {
	if d.Cols == 1 {
		return [][]float64{d.Data}
	}
	out := make([][]float64, hi-lo)
	data := make([]float64, len(out)*d.Rows)
	for q := range out {
		out[q] = data[q*d.Rows:][:d.Rows]
	}
	for i := range d.Rows {
		for q, t := range d.Data[i*d.Cols+lo : i*d.Cols+hi] {
			out[q][i] = t
		}
	}
	return out
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
