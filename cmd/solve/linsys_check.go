package main

import (
	"fmt"
	"math"
	"slices"

	"solve/internal/verify"
	"solve/linsys"
	"solve/matrix"
	"solve/solver"
)

// storedSystem states the problem of a stored run of `linsys` again.
func storedSystem(in *inputs, run *storedRun) (*linsysOptions, error) {
	paths, err := run.paths(in)
	if err != nil {
		return nil, err
	}
	run.readAs(in)
	rep := run.report
	opts := rep.Method.Options
	o := &linsysOptions{in: in, matrix: paths["A"], b: opts.Text("b"), nullspace: paths["nullspace"], chosen: rep.Method.Chosen}
	if path := paths["b"]; path != "" {
		o.b = path
	}
	if opts.Text("nullspace") == "constant" {
		o.nullspace = "constant"
	}
	o.settings.Seed = rep.Seed
	// A run without null vectors had nothing to project onto.
	_, projected := rep.Stats.Get("projected_away")
	o.settings.Project = projected && opts.Text("project") == "true"
	o.settings.Damp = optionNumber(opts, "damp")
	o.settings.AbsTol = optionNumber(opts, "abs_tol")
	o.settings.Tol, _ = opts.Float("tol")
	switch {
	case !(o.settings.Tol > 0):
		return nil, run.damaged("tol is %v", o.settings.Tol)
	case o.matrix == "":
		return nil, run.damaged("it names no matrix")
	}
	return o, nil
}

// checkStoredSystem judges what `solve linsys -o DIR/` wrote.
func checkStoredSystem(o *checkOptions, run *storedRun, _ *console) ([]finding, error) {
	in := o.in
	lo, err := storedSystem(in, run)
	if err != nil {
		return nil, err
	}
	sys, err := readSystem(lo)
	if err != nil {
		return nil, moved(err)
	}
	run.compareInputs(in)
	f, err := run.answer(in, "x")
	if err != nil {
		return nil, err
	}
	if f == nil {
		return nil, inputError("`solve linsys … -o DIR/` stores it", "%s: the report names no x", o.dir)
	}
	x, err := f.AsDense(in.options.MaxMemory)
	if err != nil {
		return nil, err
	}
	out := run.findings()
	if run.infeasible() {
		proof, err := nullVectorFinding(sys, run)
		if err != nil {
			return nil, err
		}
		out = append(out, proof)
	}
	certs, err := certifySystem(sys, lo, x, o.threads)
	if err != nil {
		return nil, err
	}
	for _, now := range certs {
		stored := storedCertificate(run.report, now)
		if run.infeasible() {
			// No x could meet the tolerance: only the numbers are compared.
			now.OK = true
		}
		out = append(out, judged(now, stored, 1))
	}
	return out, nil
}

// certifySystem recomputes the certificates of the worst right-hand side.
func certifySystem(sys *system, o *linsysOptions, x *matrix.Dense, threads int) ([]solver.Certificate, error) {
	p := &sys.problem
	m, n := sides(p)
	least := m != n || o.chosen == linsys.LSMR || o.chosen == linsys.LSQR
	ls := verify.LinearSystem{Rows: m, Cols: n, A: linearRows(p), LeastSquares: least, Damp: o.settings.Damp, Threads: threads}
	if x.Rows == 1 && n > 1 && x.Cols == n {
		x = &matrix.Dense{Rows: n, Cols: 1, Data: x.Data}
	}
	if x.Rows != n || x.Cols != p.B.Cols {
		return nil, fmt.Errorf("x is %d×%d, but the problem needs %d×%d: %w", x.Rows, x.Cols, n, p.B.Cols, solver.ErrDimension)
	}
	b := p.B
	if o.settings.Project {
		b = projectedRight(&ls, b, p.Kernel)
	}
	found, err := verify.LinearColumns(ls, b, x)
	if err != nil {
		return nil, err
	}
	var worst []solver.Certificate
	for _, c := range found {
		certs := c.Certificates(o.settings.Tol, o.settings.AbsTol)
		if b := bounded(certs); worst == nil || math.IsNaN(b) || b > bounded(worst) {
			worst = certs
		}
	}
	return worst, nil
}

// bounded is the value of the certificate that has a tolerance, relative to
// it: above 1, or NaN, only where it fails.
func bounded(certs []solver.Certificate) float64 {
	i := slices.IndexFunc(certs, func(c solver.Certificate) bool { return !math.IsNaN(c.Tol) })
	if i < 0 {
		return 0
	}
	share := certs[i].Value / certs[i].Tol
	switch {
	case certs[i].OK && !(share <= 1):
		return 1
	case !certs[i].OK && share <= 1:
		return math.Nextafter(1, 2)
	}
	return share
}

// projectedRight is b without what the given null vectors, or the constants,
// rule out.
func projectedRight(ls *verify.LinearSystem, b, kernel *matrix.Dense) *matrix.Dense {
	var basis [][]float64
	if kernel != nil {
		for j := range kernel.Cols {
			basis = append(basis, columnOf(kernel, j))
		}
	}
	out := &matrix.Dense{Rows: b.Rows, Cols: b.Cols, Data: make([]float64, len(b.Data))}
	for j := range b.Cols {
		column := columnOf(b, j)
		if kernel == nil {
			ls.ProjectConstants(column)
		} else {
			verify.ProjectOut(column, basis)
		}
		for i, v := range column {
			out.Data[i*out.Cols+j] = v
		}
	}
	return out
}

func linearRows(p *linsys.Problem) verify.Rows {
	if p.A != nil {
		return verify.SparseRows(p.A)
	}
	return verify.DenseRows(p.Dense)
}

func columnOf(d *matrix.Dense, j int) []float64 {
	v := make([]float64, d.Rows)
	for i := range v {
		v[i] = d.At(i, j)
	}
	return v
}

// nullVectorFinding recomputes the proof that a stored system has no
// solution.
func nullVectorFinding(sys *system, run *storedRun) (finding, error) {
	out := finding{name: "null_vector", value: math.NaN(), stored: math.NaN(), tol: math.NaN()}
	v, _ := run.report.Stats.Get("null_vector")
	list, ok := v.([]any)
	m, n := sides(&sys.problem)
	if !ok || len(list) != m {
		return out, run.damaged("it has no usable null_vector")
	}
	z := make([]float64, m)
	for i, x := range list {
		if z[i], ok = x.(float64); !ok {
			return out, run.damaged("entry %d of null_vector is no number", i+1)
		}
	}
	for j := range sys.problem.B.Cols {
		ls := verify.LinearSystem{Rows: m, Cols: n, A: linearRows(&sys.problem), B: columnOf(sys.problem.B, j)}
		if kernel, defect := verify.NullVector(ls, z); verify.Proves(kernel, defect) {
			out.value, out.ok = defect, true
			return out, nil
		}
	}
	out.note = "the vector proves nothing"
	return out, nil
}

// checkSystem judges anybody's answer to a linear system.
func checkSystem(o *checkOptions, v *values, args []string, _ *console) ([]finding, error) {
	lo := &linsysOptions{in: o.in, matrix: v.text("A"), b: v.text("b"), chosen: linsys.Auto}
	if v.flag("least-squares") {
		lo.chosen = linsys.LSMR
	}
	lo.settings.Tol, lo.settings.Damp, lo.settings.Seed = v.positive("tol", linsys.DefaultTol), v.nonNegative("damp", 0), v.unsigned("seed", 1)
	if v.err != nil {
		return nil, v.err
	}
	if err := lo.takeMatrix(args); err != nil {
		return nil, err
	}
	sys, err := readSystem(lo)
	if err != nil {
		return nil, err
	}
	var x *matrix.Dense
	for _, p := range o.answers {
		_, n := sides(&sys.problem)
		if x, err = readVectors(o.in, p[0], p[1], n); err != nil {
			return nil, err
		}
	}
	certs, err := certifySystem(sys, lo, x, o.threads)
	if err != nil {
		return nil, err
	}
	var out []finding
	for _, c := range certs {
		out = append(out, finding{name: c.Name, value: c.Value, stored: math.NaN(), tol: c.Tol, ok: c.OK})
	}
	return out, nil
}
