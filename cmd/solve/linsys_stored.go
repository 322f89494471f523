package main

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"

	"solve/internal/report"
	"solve/internal/verify"
	"solve/linsys"
	"solve/matrix"
	"solve/solver"
)

// storedSystem states the problem of a stored run of `linsys` again.
func storedSystem(in *inputs, rep *report.Report) (*linsysOptions, error) {
	if err := checkRoles(in, rep); err != nil {
		return nil, err
	}
	opts := rep.Method.Options
	o := &linsysOptions{in: in, b: opts.Text("b"), chosen: rep.Method.Chosen}
	o.settings.Seed = rep.Seed
	if opts.Text("nullspace") == "constant" {
		o.nullspace = "constant"
	}
	// A run without null vectors had nothing to project onto.
	_, projected := rep.Stats.Get("projected_away")
	o.settings.Project = projected && opts.Text("project") == "true"
	o.settings.Damp = optionNumber(opts, "damp")
	o.settings.AbsTol = optionNumber(opts, "abs_tol")
	o.settings.Tol, _ = opts.Float("tol")
	if !(o.settings.Tol > 0) {
		return nil, withHint(fmt.Errorf("report.json: tol is %v: %w", o.settings.Tol, solver.ErrFormat), "solve again: the report is damaged")
	}
	for _, x := range rep.Inputs {
		if x.Path == "" {
			return nil, withHint(fmt.Errorf("report.json: the input %s has no path: %w", x.Role, solver.ErrFormat), "solve again: the report is damaged")
		}
		if x.Path == "-" && in.renamed[x.Role] == "" {
			return nil, inputError("name it with --input "+x.Role+"=FILE", "the input %s came from stdin", x.Role)
		}
		switch x.Role {
		case "A":
			o.matrix = x.Path
		case "b":
			o.b = x.Path
		case "nullspace":
			o.nullspace = x.Path
		}
	}
	if o.matrix == "" {
		return nil, withHint(fmt.Errorf("report.json: it names no matrix: %w", solver.ErrFormat), "solve again: the report is damaged")
	}
	return o, nil
}

// optionNumber is an option that was recorded as it was typed.
func optionNumber(opts report.Fields, name string) float64 {
	x, err := parsePositive(opts.Text(name))
	if err != nil {
		return 0
	}
	return x
}

// checkStoredSystem judges what `solve linsys -o DIR/` wrote.
func checkStoredSystem(o *checkOptions, rep *report.Report) ([]finding, error) {
	in := o.in
	lo, err := storedSystem(in, rep)
	if err != nil {
		return nil, err
	}
	in.options.Hash = true
	sys, err := readSystem(lo)
	if err != nil {
		return nil, withHint(err, "run from where the solve ran, or name moved files with --input ROLE=FILE")
	}
	run := &storedRun{report: rep}
	run.compareInputs(in)
	var out []finding
	x, err := run.readPart(in, o.dir, "x")
	if err != nil {
		return nil, err
	}
	for _, m := range run.mismatches {
		out = append(out, finding{name: m.what, value: math.NaN(), stored: math.NaN(), tol: math.NaN(), note: m.why})
	}
	if run.infeasible() {
		proof, err := nullVectorFinding(sys, rep)
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
		stored := storedCertificate(rep, now)
		if run.infeasible() {
			// No x could meet the tolerance: only the numbers are compared.
			now.OK = true
		}
		out = append(out, judged(now, stored, 1))
	}
	return out, nil
}

// readPart reads a part of a stored answer as a dense matrix.
func (run *storedRun) readPart(in *inputs, dir, name string) (*matrix.Dense, error) {
	a, ok := run.report.Answers[name]
	if !ok {
		return nil, inputError("`solve … -o DIR/` stores it", "%s: the report names no %s", dir, name)
	}
	path := filepath.Join(dir, a.Path)
	hash, err := fileHash(path)
	if err != nil {
		return nil, err
	}
	if hash != a.SHA256 {
		run.mismatches = append(run.mismatches, mismatch{"answer " + name, "sha256 differs"})
	}
	opt := in.options
	opt.Format, opt.Sep, opt.Hash = "", 0, false
	f, err := in.open(name, path, &opt)
	if err != nil {
		return nil, err
	}
	return f.AsDense(0)
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
	var worst []solver.Certificate
	for j := range p.B.Cols {
		ls.B = columnOf(p.B, j)
		if o.settings.Project {
			projectRight(&ls, p.Kernel)
		}
		c, err := verify.Linear(ls, columnOf(x, j))
		if err != nil {
			return nil, err
		}
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

// projectRight removes from the right-hand side what the given null vectors,
// or the constants, rule out.
func projectRight(ls *verify.LinearSystem, kernel *matrix.Dense) {
	if kernel == nil {
		ls.ProjectConstants(ls.B)
		return
	}
	var basis [][]float64
	for j := range kernel.Cols {
		basis = append(basis, columnOf(kernel, j))
	}
	verify.ProjectOut(ls.B, basis)
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
func nullVectorFinding(sys *system, rep *report.Report) (finding, error) {
	out := finding{name: "null_vector", value: math.NaN(), stored: math.NaN(), tol: math.NaN()}
	v, _ := rep.Stats.Get("null_vector")
	list, ok := v.([]any)
	m, n := sides(&sys.problem)
	if !ok || len(list) != m {
		return out, withHint(fmt.Errorf("the report has no usable null_vector: %w", solver.ErrFormat), "solve again: the report is damaged")
	}
	z := make([]float64, m)
	for i, x := range list {
		if z[i], ok = x.(float64); !ok {
			return out, withHint(fmt.Errorf("entry %d of null_vector is no number: %w", i+1, solver.ErrFormat), "solve again: the report is damaged")
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
func checkSystem(o *checkOptions, v *values, args []string, con *console) ([]finding, error) {
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
