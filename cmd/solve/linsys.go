package main

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"solve/internal/report"
	"solve/linsys"
	"solve/matrix/matio"
	"solve/solver"
)

func newLinsysCommand() *subcommand {
	return &subcommand{
		name:    "linsys",
		purpose: "solve A x = b: any real matrix, with the method that suits it and a residual recomputed",
		synopsis: []string{
			"solve linsys [flags] A [--b FILE]         x on stdout",
			"solve linsys compare [flags] A [--b FILE] a table of methods",
		},
		examples: []example{
			{"a sparse matrix and its right-hand side",
				"solve linsys testdata/grid.mtx --b testdata/grid_b.csv"},
			{"without a right-hand side at hand: one whose solution is known, and the report",
				"solve linsys testdata/grid.mtx --b A*ones --json"},
			{"least squares, because the matrix is not square",
				"solve linsys testdata/fit.csv --b testdata/fit_b.csv"},
			{"which method is best",
				"solve linsys compare testdata/grid.mtx --b ones"},
			{"from a generator through a pipe",
				"solve gen poisson2d --n 30 --emit A -q | solve linsys - --b ones -o x.npy"},
		},
		options: joined(linsysInputOptions(), readingOptions(), linsysMethodOptions(), []option{
			{name: "emit", group: groupOutput, value: "WHAT", words: []string{"x"}, usage: "what to print or write (x)"},
			toOption("format on stdout and of the parts in a directory (csv)"),
			outputOption("write x into FILE, or with a trailing / the report and x into a directory"),
			jsonOption(),
		}, solverOptions("1e-8")),
		notes: []string{
			"--tol bounds the true relative residual ‖b−Ax‖/‖b‖ of every right-hand side, recomputed from A as given; for least squares ‖Aᵀr‖/(‖A‖_F‖r‖).",
			"--b takes a file with one or more columns, or ones, rand (standard normal numbers from --seed), A*ones, A*rand: of the last two the solution is known, and the error is told.",
			"--method auto looks at the matrix: a grid behind it, symmetry, signs, dominance, what a factorisation would cost. What it chose, why, and what it fell back to is said and reported.",
			"A symmetric singular matrix whose rows sum to zero has known null vectors; --nullspace gives others. A right-hand side that they rule out is exit 5 with the proof, or, with --project, replaced by its part in the range of A.",
		},
		seeAlso: []string{"solve check", "solve info", "solve gen", "solve help methods"},
		words:   []string{"compare"},
		run: func(ctx context.Context, v *values, con *console) error {
			args := v.c.Args().Slice()
			if len(args) > 0 && args[0] == "compare" {
				return runLinsysCompare(ctx, args[1:], v, con)
			}
			o, err := parseLinsysOptions(v, args, con)
			if err != nil {
				return err
			}
			return runLinsys(ctx, o, con)
		},
	}
}

func linsysInputOptions() []option {
	return []option{
		{name: "A", group: groupInput, value: "FILE", usage: "the matrix (or the first argument)"},
		{name: "b", group: groupInput, value: "FILE|WORD", usage: "right-hand sides, a column each; or ones, rand, A*ones, A*rand (ones)"},
		{name: "x0", group: groupInput, value: "FILE", usage: "where iterations start (0)"},
		{name: "nullspace", group: groupInput, value: "FILE", usage: "null vectors of a singular symmetric matrix, a column each; or the word constant"},
		{name: "near-null", group: groupInput, value: "FILE", usage: "sa-amg: vectors that A nearly annihilates, as rigid-body modes (the constant)"},
		{name: "grid", group: groupInput, value: "SHAPE", usage: "sides of the box of cells behind the matrix, as 64x64x64, slowest first (detected)"},
	}
}

// laterLinsysMethods are on the way: known words, so not misspelt ones.
var (
	laterLinsysMethods         = []string{"fft", "dcdm"}
	laterLinsysPreconditioners = []string{"fwmg-learned", "lmn"}
)

func namesOf(methods []solver.Method) []string {
	var out []string
	for _, m := range methods {
		out = append(out, m.Name)
	}
	return out
}

func linsysMethodOptions() []option {
	return []option{
		{name: "method", group: groupMethod, value: "NAME", words: namesOf(linsys.Methods()), usage: "method (auto)"},
		{name: "precond", group: groupMethod, value: "NAME", words: namesOf(linsys.Preconditioners()), usage: "preconditioner of cg, fcg, minres, gmres, bicgstab (chosen)"},
		{name: "damp", group: groupMethod, value: "L", usage: "least squares: min ‖Ax−b‖² + L²‖x‖² (0)"},
		{name: "project", group: groupMethod, usage: "singular symmetric A: replace b by its part in the range of A"},
		{name: "restart", group: groupMethod, value: "M", usage: "gmres: vectors of a cycle (50)"},
		{name: "directions", group: groupMethod, value: "J", usage: "fcg: earlier directions kept conjugate (1)"},
		{name: "deflate", group: groupMethod, value: "K", usage: "dpcg: Ritz vectors (16)"},
		{name: "abs-tol", group: groupStopping, value: "T", usage: "solved as well where ‖b−Ax‖ is at most this (0)"},
	}
}

// linsysOptions is the command line of `linsys`.
type linsysOptions struct {
	matrix, b, x0, nullspace, nearNull string
	in                                 *inputs
	chosen                             string
	settings                           linsys.Options
	emit                               emission
	files                              outputFlags
	json                               bool
	recorded                           report.Fields
}

// linsysEmission are the parts that -o DIR/ writes.
var linsysEmission = []partFormat{{"x", matio.FormatCSV}}

func parseLinsysOptions(v *values, args []string, con *console) (*linsysOptions, error) {
	o := &linsysOptions{
		matrix: v.text("A"), b: v.text("b"), x0: v.text("x0"), nullspace: v.text("nullspace"), nearNull: v.text("near-null"),
		in: newInputs(con, v), json: con.json,
	}
	if err := o.takeMatrix(args); err != nil {
		return nil, err
	}
	if err := o.parseMethod(v, con); err != nil {
		return nil, err
	}
	var err error
	if o.emit, err = parseEmission(v, "x", linsysEmission); err != nil {
		return nil, err
	}
	if o.files, err = parseOutputFlags(v, o.emit, o.inputFiles()); err != nil {
		return nil, err
	}
	o.in.options.Hash = o.json || o.emit.to.dir
	return o, v.err
}

// takeMatrix takes the matrix from the arguments.
func (o *linsysOptions) takeMatrix(args []string) error {
	switch {
	case len(args) > 1:
		return usageError("the right-hand side is --b FILE", "one matrix is needed, not %d files", len(args))
	case len(args) == 1 && o.matrix != "":
		return usageError("leave one of them out", "%s and --A %s are both the matrix", args[0], o.matrix)
	case len(args) == 1:
		o.matrix = args[0]
	case o.matrix == "":
		return usageError("solve linsys A.mtx --b b.csv", "the matrix is missing")
	}
	return nil
}

func refuseLaterWord(flag, word string, later []string) error {
	if slices.Contains(later, word) {
		return usageError("`solve linsys --help` lists what is", "--%s %s is not available yet", flag, word)
	}
	return nil
}

func (o *linsysOptions) parseMethod(v *values, con *console) error {
	if err := refuseLaterWord("method", v.text("method"), laterLinsysMethods); err != nil {
		return err
	}
	if err := refuseLaterWord("precond", v.text("precond"), laterLinsysPreconditioners); err != nil {
		return err
	}
	o.chosen = v.word("method", linsys.Auto)
	s := &o.settings
	s.Settings = solver.Settings{
		Tol: v.positive("tol", linsys.DefaultTol), MaxIter: v.count("max-iter", 0), TimeLimit: v.duration("time-limit"),
		Threads: v.count("threads", 0), Seed: v.unsigned("seed", 1),
		MaxMemory: v.size("max-memory", solver.DefaultMaxMemory), Logger: con.logger(),
	}
	if s.Tol >= 1 {
		v.refuse("tol", v.text("tol"), "a number below 1")
	}
	s.Method, s.Preconditioner = o.chosen, v.word("precond", "")
	s.AbsTol, s.Damp, s.Project = v.positive("abs-tol", 0), v.nonNegative("damp", 0), v.flag("project")
	s.Restart, s.Directions, s.Deflate = v.count("restart", 0), v.count("directions", 0), v.count("deflate", 0)
	for _, f := range []struct{ flag, method string }{{"restart", linsys.GMRES}, {"directions", linsys.FCG}, {"deflate", linsys.DPCG}} {
		if v.given(f.flag) && o.chosen != f.method && v.err == nil {
			return usageError("add --method "+f.method, "--%s belongs to --method %s, not to %s", f.flag, f.method, o.chosen)
		}
	}
	if v.given("grid") {
		shape, err := parseShape(v.text("grid"))
		if err != nil {
			v.refuse("grid", v.text("grid"), "sides such as 64x64x64")
		}
		s.Grid = shape
	}
	for _, name := range []string{"precond", "damp", "project", "restart", "directions", "deflate", "abs-tol", "grid", "nullspace", "max-iter", "time-limit", "max-memory", "format", "sep", "zero-based"} {
		if v.given(name) {
			text := v.text(name)
			if o, _ := findOption(v.spec.options, name); o.boolean() {
				text = strconv.FormatBool(v.flag(name))
			}
			o.recorded.Add(strings.ReplaceAll(name, "-", "_"), text)
		}
	}
	return v.err
}

// madeRight are the right-hand sides that need no file.
var madeRight = []string{"ones", "rand", "A*ones", "A*rand"}

func (o *linsysOptions) bFile() bool { return o.b != "" && !slices.Contains(madeRight, o.b) }

// inputFiles lists the files that are read.
func (o *linsysOptions) inputFiles() []string {
	out := []string{o.matrix}
	if o.bFile() {
		out = append(out, o.b)
	}
	for _, f := range []string{o.x0, o.nearNull, o.nullspace} {
		if f != "" && f != "constant" {
			out = append(out, f)
		}
	}
	return out
}
