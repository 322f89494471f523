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
	"solve/matrix/matio"
	"solve/solver"
)

// storedRun is a directory that a solver wrote with -o DIR/.
type storedRun struct {
	dir        string
	report     *report.Report
	mismatches []mismatch
}

func (run *storedRun) infeasible() bool { return run.report.Status == solver.Infeasible.String() }

// mismatch is a file that is not the one which the report speaks of.
type mismatch struct{ what, why string }

// findings lists the mismatches as failures.
func (run *storedRun) findings() []finding {
	var out []finding
	for _, m := range run.mismatches {
		out = append(out, finding{name: m.what, value: math.NaN(), stored: math.NaN(), tol: math.NaN(), note: m.why})
	}
	return out
}

// readStoredRun reads DIR/report.json.
func readStoredRun(in *inputs, dir string) (*storedRun, error) {
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
	return &storedRun{dir: dir, report: rep}, nil
}

// damaged is the error of a report that cannot have been written as it is.
func (run *storedRun) damaged(format string, args ...any) error {
	return withHint(fmt.Errorf("%s: %s: %w", filepath.Join(run.dir, "report.json"), fmt.Sprintf(format, args...), solver.ErrFormat), "solve again: the report is damaged")
}

// paths returns where the inputs of the run are, by role. Those that --input
// renames keep their old names: inputs.read looks them up.
func (run *storedRun) paths(in *inputs) (map[string]string, error) {
	var roles []string
	out := map[string]string{}
	for _, x := range run.report.Inputs {
		roles = append(roles, x.Role)
		if x.Path == "" {
			return nil, run.damaged("the input %s has no path", x.Role)
		}
		if x.Path == "-" && in.renamed[x.Role] == "" {
			return nil, inputError("name it with --input "+x.Role+"=FILE", "the input %s came from stdin", x.Role)
		}
		out[x.Role] = x.Path
	}
	for _, role := range slices.Sorted(maps.Keys(in.renamed)) {
		if !slices.Contains(roles, role) {
			return nil, usageError("its inputs are "+strings.Join(roles, ", "), "--input %s=…: the stored run has no such input", role)
		}
	}
	return out, nil
}

// readAs takes the flags that tell how the inputs are read from the report,
// unless they are given.
func (run *storedRun) readAs(in *inputs) {
	opts := run.report.Method.Options
	if f := opts.Text("format"); f != "" && in.options.Format == "" {
		in.options.Format = matio.Format(f)
	}
	if in.options.Sep == 0 {
		if sep, err := parseSeparator(opts.Text("sep")); err == nil {
			in.options.Sep = sep
		}
	}
	in.options.ZeroBased = in.options.ZeroBased || opts.Text("zero_based") == "true"
	in.options.Hash = true
}

// moved adds what to try where the inputs of a stored run cannot be read.
func moved(err error) error {
	return withHint(err, "run from where the solve ran, or name moved files with --input ROLE=FILE")
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

// answerPath is where a part of the answer lies; "" where the report names
// none. A hash that differs is noted.
func (run *storedRun) answerPath(name string) (string, error) {
	a, ok := run.report.Answers[name]
	if !ok {
		run.mismatches = append(run.mismatches, mismatch{"answer " + name, "not in the report"})
		return "", nil
	}
	path := filepath.Join(run.dir, a.Path)
	hash, err := report.FileHash(path)
	if err != nil {
		return "", err
	}
	if hash != a.SHA256 {
		run.mismatches = append(run.mismatches, mismatch{"answer " + name, "sha256 differs"})
	}
	return path, nil
}

// answer opens a part of the answer; nil where the report names none.
func (run *storedRun) answer(in *inputs, name string) (*matio.File, error) {
	path, err := run.answerPath(name)
	if path == "" {
		return nil, err
	}
	return in.openAnswer(name, path)
}

// openAnswer reads a part of an answer. Its format is the file's own: --format
// is about the inputs.
func (in *inputs) openAnswer(name, path string) (*matio.File, error) {
	opt := in.options
	opt.Format, opt.Sep, opt.Hash = "", 0, false
	return in.open(name, path, &opt)
}

// optionNumber is an option that was recorded as it was typed.
func optionNumber(opts report.Fields, name string) float64 {
	x, err := parsePositive(opts.Text(name))
	if err != nil {
		return 0
	}
	return x
}
