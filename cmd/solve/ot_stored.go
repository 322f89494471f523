package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"solve/internal/report"
	"solve/internal/verify"
	"solve/matrix"
	"solve/matrix/matio"
	"solve/ot"
	"solve/solver"
)

// transportAnswer is an answer to a transport problem that lies in files.
type transportAnswer struct {
	problem *transport
	plan    *matio.File // nil = not given; Sparse or Dense
	f, g    []float64   // nil = not given
}

// transportParts are the parts of an answer.
var transportParts = []string{"plan", "potentials"}

// storedRun is a directory that `solve ot -o DIR/` wrote.
type storedRun struct {
	report     *report.Report
	answer     transportAnswer
	violating  []int // rows, from 0, of a run that ended as infeasible
	mismatches []mismatch
}

func (run *storedRun) infeasible() bool { return run.report.Status == solver.Infeasible.String() }

// readViolation takes the violating set of rows from the report.
func (run *storedRun) readViolation(dir string) error {
	malformed := withHint(fmt.Errorf("%s: the report has no usable violating_rows: %w", dir, solver.ErrFormat), "solve again: the report is damaged")
	v, _ := run.report.Stats.Get("violating_rows")
	rows, ok := v.([]any)
	if !ok || len(rows) == 0 {
		return malformed
	}
	seen := map[int]bool{}
	for _, x := range rows {
		i, ok := x.(float64)
		at := int(i) - 1
		if !ok || float64(at+1) != i || at < 0 || at >= len(run.answer.problem.a) || seen[at] {
			return malformed
		}
		seen[at] = true
		run.violating = append(run.violating, at)
	}
	return nil
}

// mismatch is a file that is not the one which the report speaks of.
type mismatch struct{ what, why string }

// readReport reads DIR/report.json.
func readReport(in *inputs, dir string) (*report.Report, error) {
	path := filepath.Join(dir, "report.json")
	f, err := in.readStored(path)
	if errors.Is(err, fs.ErrNotExist) {
		err = withHint(err, "`solve ot … -o DIR/` writes a directory with a report")
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	rep, err := report.Read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return rep, nil
}

// readStoredRun reads a stored run of `ot` with its inputs.
func readStoredRun(in *inputs, dir string) (*storedRun, error) {
	rep, err := readReport(in, dir)
	if err != nil {
		return nil, err
	}
	if rep.Command != "ot" {
		return nil, fmt.Errorf("%s: a report of %q cannot be read here: %w", dir, rep.Command, solver.ErrUnsupported)
	}
	run := &storedRun{report: rep}
	source, err := storedSource(in, rep)
	if err != nil {
		return nil, err
	}
	in.options.Hash = true
	if run.answer.problem, err = readTransport(in, source); err != nil {
		return nil, withHint(err, "run from where the solve ran, or name moved files with --input ROLE=FILE")
	}
	run.compareInputs(in)
	if run.infeasible() {
		return run, run.readViolation(dir)
	}
	return run, run.readAnswers(in, dir)
}

// storedSource turns a report's inputs and options back into a source.
func storedSource(in *inputs, rep *report.Report) (*transportSource, error) {
	opts := rep.Method.Options
	s := &transportSource{as: opts.Text("as"), metric: opts.Text("metric")}
	if err := checkRoles(in, rep); err != nil {
		return nil, err
	}
	s.p, _ = opts.Float("p")
	if v, ok := opts.Get("normalize"); ok {
		s.normalize, _ = v.(bool)
	}
	if text := opts.Text("grid"); text != "" {
		var err error
		if s.grid, err = parseShape(text); err != nil {
			return nil, fmt.Errorf("report: grid %q: %w", text, solver.ErrFormat)
		}
	}
	if f := opts.Text("format"); f != "" && in.options.Format == "" {
		in.options.Format = matio.Format(f)
	}
	if in.options.Sep == 0 {
		in.options.Sep = storedSeparator(opts.Text("sep"))
	}
	for _, x := range rep.Inputs {
		if x.Path == "-" && in.renamed[x.Role] == "" {
			return nil, inputError("name it with --input "+x.Role+"=FILE", "the input %s came from stdin", x.Role)
		}
		switch x.Role {
		case "a":
			s.a = x.Path
		case "b":
			s.b = x.Path
		case "wa":
			s.wa = x.Path
		case "wb":
			s.wb = x.Path
		case "cost":
			s.cost = x.Path
		}
	}
	return s, s.checkStored()
}

// checkStored refuses what a report cannot have said.
func (s *transportSource) checkStored() error {
	malformed := func(format string, args ...any) error {
		return withHint(fmt.Errorf("report.json: %s: %w", fmt.Sprintf(format, args...), solver.ErrFormat), "solve again: the report is damaged")
	}
	if s.cost != "" {
		return nil
	}
	switch {
	case s.a == "" || s.b == "":
		return malformed("it names neither a cost nor both of a and b")
	case !slices.Contains(ot.Metrics(), ot.Metric(s.metric)):
		return malformed("its metric is %q", s.metric)
	case !(s.p > 0) || math.IsInf(s.p, 0):
		return malformed("its p is %v", s.p)
	}
	return nil
}

// checkRoles refuses an --input that the stored run does not have.
func checkRoles(in *inputs, rep *report.Report) error {
	var roles []string
	for _, x := range rep.Inputs {
		roles = append(roles, x.Role)
	}
	for _, role := range slices.Sorted(maps.Keys(in.renamed)) {
		if !slices.Contains(roles, role) {
			return usageError("its inputs are "+strings.Join(roles, ", "), "--input %s=…: the stored run has no such input", role)
		}
	}
	return nil
}

func storedSeparator(text string) byte {
	sep, err := parseSeparator(text)
	if err != nil {
		return 0
	}
	return sep
}

// compareInputs notes the inputs that have changed since.
func (run *storedRun) compareInputs(in *inputs) {
	for _, now := range in.list {
		for _, then := range run.report.Inputs {
			if then.Role == now.Role && then.SHA256 != now.SHA256 {
				run.mismatches = append(run.mismatches, mismatch{"input " + then.Role, "sha256 differs"})
			}
		}
	}
}

// readAnswers reads the plan and the potentials that a report names.
func (run *storedRun) readAnswers(in *inputs, dir string) error {
	for _, name := range transportParts {
		a, ok := run.report.Answers[name]
		if !ok {
			run.mismatches = append(run.mismatches, mismatch{"answer " + name, "not in the report"})
			continue
		}
		path := filepath.Join(dir, a.Path)
		hash, err := fileHash(path)
		if err != nil {
			return err
		}
		if hash != a.SHA256 {
			run.mismatches = append(run.mismatches, mismatch{"answer " + name, "sha256 differs"})
		}
		if err := run.answer.read(in, name, path); err != nil {
			return err
		}
	}
	if run.answer.plan == nil && run.answer.f == nil {
		return inputError("`solve ot … -o DIR/` stores both", "%s holds neither a plan nor potentials", dir)
	}
	return nil
}

// read reads one part of an answer. Its format is the file's own: --format
// is about the inputs.
func (a *transportAnswer) read(in *inputs, name, path string) error {
	opt := in.options
	opt.Format, opt.Sep, opt.Hash = "", 0, false
	f, err := in.open(name, path, &opt)
	if err != nil {
		return err
	}
	n, m := len(a.problem.a), len(a.problem.b)
	if name == "plan" {
		a.plan, err = asPlan(f, n, m)
		return err
	}
	a.f, a.g, err = asPotentials(f, n, m)
	return err
}

// asPlan accepts an n×m matrix, or lines of i, j, mass.
func asPlan(f *matio.File, n, m int) (*matio.File, error) {
	if f.Dense != nil && f.Cols == 3 && isTripletHeader(f.Header) {
		csr, err := f.Triplets(n, m)
		if err != nil {
			return nil, err
		}
		return &matio.File{Name: f.Name, Rows: n, Cols: m, Sparse: csr}, nil
	}
	if f.Rows != n || f.Cols != m {
		return nil, withHint(fmt.Errorf("%s: the plan is %d×%d, but the problem %d×%d: %w", f.Name, f.Rows, f.Cols, n, m, solver.ErrDimension),
			"lines of entries need the header i,j,mass")
	}
	return f, nil
}

func isTripletHeader(h []string) bool {
	return len(h) == 3 && strings.EqualFold(h[0], "i") && strings.EqualFold(h[1], "j")
}

// asPotentials accepts f, then g, as n+m numbers, or as two columns when
// n = m.
func asPotentials(file *matio.File, n, m int) (f, g []float64, err error) {
	d, err := file.AsDense(0)
	if err != nil {
		return nil, nil, err
	}
	switch {
	case (d.Rows == 1 || d.Cols == 1) && len(d.Data) == n+m:
		return d.Data[:n], d.Data[n:], nil
	case d.Cols == 2 && d.Rows == n && n == m:
		for i := range n {
			f, g = append(f, d.At(i, 0)), append(g, d.At(i, 1))
		}
		return f, g, nil
	}
	return nil, nil, fmt.Errorf("%s: potentials are f (%d numbers), then g (%d) in one column, not a %d×%d matrix: %w", file.Name, n, m, d.Rows, d.Cols, solver.ErrDimension)
}

// rows gives the plan to the checker; nil when there is none.
func (a *transportAnswer) rows() verify.Rows {
	switch {
	case a.plan == nil:
		return nil
	case a.plan.Sparse != nil:
		return verify.SparseRows(a.plan.Sparse)
	}
	return verify.DenseRows(a.plan.Dense)
}

// row gives the plan to a plot.
func (a *transportAnswer) row(i int, dst []float64) {
	if a.plan.Sparse == nil {
		copy(dst, a.plan.Dense.Row(i))
		return
	}
	scatter(a.plan.Sparse, i, dst)
}

func scatter(a *matrix.CSR, i int, dst []float64) {
	clear(dst)
	cols, vals := a.Row(i)
	for k, j := range cols {
		dst[j] = vals[k]
	}
}

// certify recomputes the certificates of the answer.
func (a *transportAnswer) certify(reg float64, threads int) (verify.TransportCertificate, error) {
	cost, err := a.problem.checkedCost()
	if err != nil {
		return verify.TransportCertificate{}, err
	}
	t := verify.Transport{A: a.problem.a, B: a.problem.b, Cost: cost, Reg: reg, Threads: threads}
	return verify.Entropic(t, a.rows(), a.f, a.g)
}
