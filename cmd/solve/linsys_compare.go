package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"solve/internal/report"
	"solve/linsys"
	"solve/solver"
)

// compared are the methods that `linsys compare` tries where the matrix lets
// it: for symmetric, for square and for other matrices.
var (
	comparedSymmetric = [][2]string{
		{linsys.Auto, ""}, {linsys.CG, linsys.None}, {linsys.CG, linsys.Jacobi}, {linsys.CG, linsys.SSOR}, {linsys.CG, linsys.IC0},
		{linsys.CG, linsys.MIC0}, {linsys.CG, linsys.ICT}, {linsys.CG, linsys.Cheb}, {linsys.DPCG, ""}, {linsys.CG, linsys.SAAMG},
		{linsys.CG, linsys.RSAMG}, {linsys.CG, linsys.FWMG}, {linsys.MINRES, linsys.Jacobi}, {linsys.Cholesky, ""}, {linsys.LDLT, ""},
	}
	comparedSquare = [][2]string{
		{linsys.Auto, ""}, {linsys.GMRES, linsys.ILU0}, {linsys.GMRES, linsys.ILUT}, {linsys.BiCGSTAB, linsys.ILU0}, {linsys.BiCGSTAB, linsys.ILUT}, {linsys.LU, ""},
	}
	comparedLeast = [][2]string{{linsys.Auto, ""}, {linsys.LSMR, ""}, {linsys.LSQR, ""}}
)

// comparison is one row of the table.
type comparison struct {
	method, preconditioner string
	result                 *linsys.Result
	err                    error
}

func runLinsysCompare(ctx context.Context, args []string, v *values, con *console) error {
	for _, f := range []string{"method", "precond", "output", "plot", "history", "emit", "to"} {
		v.refuseWith("compare", f)
	}
	if v.err != nil {
		return v.err
	}
	o, err := parseLinsysOptions(v, args, con)
	if err != nil {
		return err
	}
	sys, err := readSystem(o)
	if err != nil {
		return err
	}
	var rows []comparison
	for _, c := range comparedFor(sys) {
		opt := o.settings
		opt.Method, opt.Preconditioner = c[0], c[1]
		row := fastest(ctx, &sys.problem, &opt)
		if ctx.Err() != nil {
			break
		}
		rows = append(rows, row)
	}
	if err := printComparison(con, o, rows); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return bestOutcome(rows)
}

// fastest runs a method, a short one several times: the first run of a program
// is slower than those after it, which would be held against the first method.
func fastest(ctx context.Context, p *linsys.Problem, opt *linsys.Options) comparison {
	row := comparison{method: opt.Method, preconditioner: opt.Preconditioner}
	start := time.Now()
	for run := 0; ; run++ {
		res, err := linsys.Solve(ctx, p, opt)
		if run == 0 || err == nil && row.err == nil && seconds(res) < seconds(row.result) {
			row.result, row.err = res, err
		}
		if err != nil || time.Since(start) > comparedTime || ctx.Err() != nil {
			break
		}
	}
	return row
}

// comparedTime is how long a method is repeated.
const comparedTime = 50 * time.Millisecond

func seconds(r *linsys.Result) float64 { return r.Stats.Setup + r.Stats.Solve }

func comparedFor(sys *system) [][2]string {
	m, n := sides(&sys.problem)
	symmetric := false
	if sys.problem.A != nil {
		symmetric = m == n && sys.problem.A.CheckSymmetric() == nil
	} else {
		symmetric = m == n && sys.problem.Dense.CheckSymmetric() == nil
	}
	switch {
	case m != n:
		return comparedLeast
	case symmetric:
		return comparedSymmetric
	}
	return comparedSquare
}

// bestOutcome is nil where some method solved the system.
func bestOutcome(rows []comparison) error {
	var first error
	for _, r := range rows {
		if r.err == nil {
			return nil
		}
		if first == nil {
			first = r.err
		}
	}
	return first
}

func printComparison(con *console, o *linsysOptions, rows []comparison) error {
	if con.reports() {
		rep := newReport(con, "linsys compare", o.in)
		rep.Method.Name, rep.Method.Chosen = "compare", "compare"
		var list []report.Fields
		for _, r := range rows {
			list = append(list, r.fields())
		}
		rep.Stats.Add("methods", list)
		if err := con.report(rep); err != nil || con.json {
			return err
		}
	}
	header := []string{"method", "precond", "status", "iterations", "setup s", "solve s", "residual"}
	var cells [][]string
	for _, r := range rows {
		cells = append(cells, r.cells())
	}
	return con.print(func(w io.Writer) error { return report.Table(w, header, cells) })
}

// status is how the method ended, in a few words.
func (r comparison) status() string {
	switch {
	case r.result != nil && r.result.Status == solver.Solved:
		return "solved"
	case r.result != nil:
		return r.result.Status.String() + ", " + string(r.result.Reason)
	case errors.Is(r.err, solver.ErrTooLarge):
		return "too large"
	}
	return "not for this matrix"
}

func (r comparison) cells() []string {
	if r.result == nil {
		return []string{r.method, dash(r.preconditioner), r.status(), "-", "-", "-", "-"}
	}
	method, preconditioner := r.method, r.preconditioner
	if r.method == linsys.Auto {
		method, preconditioner = "auto: "+r.result.Method, r.result.Preconditioner
	}
	s := r.result.Stats
	return []string{method, dash(preconditioner), r.status(), fmt.Sprint(s.Iterations), fmt.Sprintf("%.3g", s.Setup), fmt.Sprintf("%.3g", s.Solve), fmt.Sprintf("%.2e", r.residual())}
}

func (r comparison) residual() float64 {
	worst := 0.0
	for _, c := range r.result.Columns {
		worst = max(worst, c.RelativeResidual)
	}
	return worst
}

func (r comparison) fields() report.Fields {
	var f report.Fields
	f.Add("method", r.method)
	f.Add("preconditioner", r.preconditioner)
	f.Add("outcome", r.status())
	if r.result == nil {
		return f
	}
	f.Add("ran", r.result.Method)
	f.Add("ran_preconditioner", r.result.Preconditioner)
	f.Add("iterations", r.result.Stats.Iterations)
	f.Add("setup_s", r.result.Stats.Setup)
	f.Add("solve_s", r.result.Stats.Solve)
	f.Add("relative_residual", r.residual())
	return f
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
