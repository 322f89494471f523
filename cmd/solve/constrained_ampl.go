package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"solve/constrained"
	"solve/internal/report"
	"solve/solver"
)

// amplName is the name under which this program speaks as AMPL's solvers do.
const amplName = "solve-ampl"

// isAmpl tells whether the program was called by that name.
func isAmpl(program string) bool {
	return strings.TrimSuffix(filepath.Base(program), ".exe") == amplName
}

// runAmplLink makes DIR/solve-ampl, a link to this program.
func runAmplLink(args []string, con *console) error {
	if len(args) != 1 {
		return usageError("solve constrained ampl-link ~/bin", "ampl-link takes a directory, not %s", counted(len(args), "argument", "arguments"))
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	link := filepath.Join(args[0], amplName)
	if runtime.GOOS == "windows" {
		link += ".exe"
	}
	if err := os.MkdirAll(args[0], 0o777); err != nil {
		return &outputError{args[0], err}
	}
	if info, err := os.Lstat(link); err == nil && info.Mode()&fs.ModeSymlink != 0 {
		if err := os.Remove(link); err != nil {
			return &outputError{link, err}
		}
	}
	if err := os.Symlink(program, link); err != nil {
		return &outputError{link, err}
	}
	con.say("made", "%s: in AMPL, option solver '%s'; in Pyomo, SolverFactory('asl:solve-ampl', executable='%s')", link, link, link)
	if !con.reports() {
		return nil
	}
	return con.report(newReport(con, "constrained", nil))
}

// amplRun is a call as AMPL and Pyomo make it.
type amplRun struct {
	stub     string // without .nl
	settings constrained.Options
	relaxInt bool
	level    int // of what is said: 0 = nothing but errors
	wantsol  int // sum of wantFile, wantPrimals, wantDuals, wantSilence
	notes    []string
}

// What wantsol asks for.
const (
	wantFile = 1 << iota
	wantPrimals
	wantDuals
	wantSilence
)

// runAmpl is main for that name: PROGRAM STUB -AMPL key=value…. It ends with 0
// wherever it leaves an answer file: the code in there tells the outcome.
func runAmpl(args []string, con *console) (code int) {
	con.command = amplName
	defer recovered(con, &code)
	ctx, stop := withSignals(context.Background(), con)
	defer stop()
	err := amplCommand(ctx, args, con)
	if err == nil {
		return exitSolved
	}
	code = exitCode(ctx, err)
	con.fail(err, code)
	return code
}

func amplCommand(ctx context.Context, args []string, con *console) error {
	switch {
	case slices.Contains(args, "-v") || slices.Contains(args, "--version"):
		return con.printText(amplVersion())
	case slices.Contains(args, "-="):
		return con.printText(amplKeywords())
	case len(args) == 0 || slices.Contains(args, "-?") || slices.Contains(args, "--help"):
		return con.printText("usage: " + amplName + " STUB [-AMPL] [KEY=VALUE…]\n\n" + amplKeywords())
	}
	r, err := parseAmpl(args, os.Getenv)
	if err != nil {
		return err
	}
	return r.solve(ctx, con)
}

// amplVersion answers the probe: whoever asks looks for a number with dots.
func amplVersion() string {
	v := strings.TrimPrefix(version(), "v")
	if !strings.Contains(v, ".") {
		v = "0.0.0-" + v
	}
	return fmt.Sprintf("%s %s (%s/%s), ASL(20241202)\n", amplName, v, runtime.GOOS, runtime.GOARCH)
}

// amplKeyword is an option of the dialect.
type amplKeyword struct {
	name, help string
	set        func(r *amplRun, value string) error
}

// amplKeywords lists them, most under the names of Ipopt.
func amplKeywordList() []amplKeyword {
	return []amplKeyword{
		{"hessian_approximation", "exact; nothing else is there", func(_ *amplRun, v string) error {
			return wanted(v == "exact", "exact")
		}},
		{"max_cpu_time", "seconds at most", func(r *amplRun, v string) error {
			s, err := parsePositive(v)
			r.settings.TimeLimit = time.Duration(s * float64(time.Second))
			return wanted(err == nil && s < 1e9, "seconds")
		}},
		{"max_iter", "iterations at most", func(r *amplRun, v string) error { return amplCount(v, 1, &r.settings.MaxIter) }},
		{"method", "auto, galm, ipm, l1, l1adap or al", func(r *amplRun, v string) error {
			r.settings.Method = v
			return wanted(slices.Contains(namesOf(constrained.Methods()), v), "a method")
		}},
		{"outlev", "0 = quiet", func(r *amplRun, v string) error { return amplCount(v, 0, &r.level) }},
		{"print_level", "0 = quiet", func(r *amplRun, v string) error { return amplCount(v, 0, &r.level) }},
		{"relax_int", "1 = take integer variables as real ones", func(r *amplRun, v string) error {
			r.relaxInt = v == "1"
			return wanted(v == "0" || v == "1", "0 or 1")
		}},
		{"restarts", "further starts, the best answer is kept", func(r *amplRun, v string) error { return amplCount(v, 0, &r.settings.Restarts) }},
		{"seed", "of random starts", func(r *amplRun, v string) (err error) {
			r.settings.Seed, err = strconv.ParseUint(v, 10, 64)
			return wanted(err == nil, "an integer ≥ 0")
		}},
		{"threads", "threads to use", func(r *amplRun, v string) error { return amplCount(v, 1, &r.settings.Threads) }},
		{"tol", "tolerance of the KKT conditions, as solve constrained --tol", func(r *amplRun, v string) error {
			tol, err := parsePositive(v)
			r.settings.Tol = tol
			return wanted(err == nil && tol < 1, "a number between 0 and 1")
		}},
		{"wantsol", "sum of 1 (write STUB.sol without -AMPL), 2 (print x), 4 (print duals), 8 (no message)", func(r *amplRun, v string) error {
			return amplCount(v, 0, &r.wantsol)
		}},
	}
}

// amplIgnored are options of Ipopt that mean nothing here; naming them is no
// reason to stop.
var amplIgnored = []string{"mu_strategy", "linear_solver", "print_timing_statistics", "halt_on_ampl_error", "output_file", "file_print_level", "sb"}

func wanted(ok bool, want string) error {
	if ok {
		return nil
	}
	return errors.New(want)
}

func amplCount(v string, least int, to *int) error {
	n, err := strconv.Atoi(v)
	*to = n
	return wanted(err == nil && n >= least && n <= 1<<30, fmt.Sprintf("an integer ≥ %d", least))
}

func amplKeywords() string {
	var b strings.Builder
	b.WriteString("Keywords, as KEY=VALUE:\n")
	for _, k := range amplKeywordList() {
		fmt.Fprintf(&b, "  %-22s %s\n", k.name, k.help)
	}
	fmt.Fprintf(&b, "Taken note of: %s\n", strings.Join(amplIgnored, ", "))
	return b.String()
}

// parseAmpl reads the command line; what it says wins over the environment.
func parseAmpl(args []string, env func(string) string) (*amplRun, error) {
	called := 0 // what -AMPL and -s ask for, whatever wantsol says
	r := &amplRun{level: 1, settings: constrained.Options{Settings: solver.Settings{Seed: 1}}}
	for _, name := range []string{"solve_options", "solve_ampl_options", amplName + "_options"} {
		for _, word := range strings.Fields(env(name)) {
			if err := r.take(word); err != nil {
				return nil, err
			}
		}
	}
	for _, arg := range args {
		switch {
		case arg == "-AMPL":
			called |= wantFile | wantSilence
		case arg == "-s":
			called |= wantFile
		case strings.HasPrefix(arg, "-"):
			return nil, usageError(amplName+" -? explains them", "unknown flag %s", arg)
		case r.stub == "" && !strings.Contains(filepath.Base(arg), "="):
			r.stub = arg
		default:
			if err := r.take(arg); err != nil {
				return nil, err
			}
		}
	}
	r.wantsol |= called
	if r.stub == "" {
		return nil, usageError(amplName+" STUB -AMPL", "the model is missing")
	}
	if stub, ok := strings.CutSuffix(r.stub, ".nl"); ok {
		r.stub = stub
	}
	r.settings.SetDefaults()
	return r, r.settings.Validate()
}

// take reads key=value; the value may be in quotes.
func (r *amplRun) take(word string) error {
	key, value, ok := strings.Cut(word, "=")
	list := amplKeywordList()
	names := append([]string{}, amplIgnored...)
	for _, k := range list {
		names = append(names, k.name)
	}
	value = unquoted(value)
	switch i := slices.IndexFunc(list, func(k amplKeyword) bool { return k.name == key }); {
	case !ok || !slices.Contains(names, key):
		return usageError(didYouMean(key, names), "unknown option %s", word)
	case i < 0:
		r.notes = append(r.notes, key+" is not used")
		return nil
	default:
		if want := list[i].set(r, value); want != nil {
			return &solver.OptionError{Name: "-" + key, Value: strconv.Quote(value), Want: want.Error()}
		}
	}
	return nil
}

func unquoted(s string) string {
	if n := len(s); n >= 2 && (s[0] == '"' || s[0] == '\'') && s[n-1] == s[0] {
		return s[1 : n-1]
	}
	return s
}

// solve answers the model. What went wrong after it was read is in the answer.
func (r *amplRun) solve(ctx context.Context, con *console) error {
	con.quiet = true
	in := &inputs{con: con}
	in.options.MaxMemory = solver.DefaultMaxMemory
	m, err := readProgram(ctx, in, &modelSource{path: r.stub + ".nl", relaxInt: r.relaxInt})
	if err != nil {
		return err
	}
	if m.nl == nil {
		return inputError("solve constrained takes SIF files", "%s.nl is no .nl model", r.stub)
	}
	res, err := constrained.Solve(ctx, m.problem, &r.settings)
	if res == nil {
		return wordConstrainedError(err)
	}
	message := solMessage(res)
	for _, n := range r.notes {
		message += "\nnote: " + n
	}
	if r.wantsol&wantFile != 0 {
		if err := r.writeSol(m, res, message); err != nil {
			return err
		}
	}
	return con.print(func(w io.Writer) error { return r.say(w, m, res, message) })
}

func (r *amplRun) writeSol(m *model, res *constrained.Result, message string) error {
	var out outputs
	defer out.abort()
	err := out.write(r.stub+".sol", func(w io.Writer) error {
		return m.nl.WriteSol(w, message, res.Y, res.X, solCode(res.Verdict))
	})
	if err != nil {
		return err
	}
	return out.commit()
}

// say prints what wantsol and outlev ask for.
func (r *amplRun) say(w io.Writer, m *model, res *constrained.Result, message string) error {
	if r.wantsol&wantSilence == 0 && r.level > 0 {
		if _, err := fmt.Fprintln(w, message); err != nil {
			return err
		}
	}
	for _, x := range []struct {
		bit    int
		names  []string
		values []float64
	}{{wantPrimals, m.variableNames(), res.X}, {wantDuals, m.constraintNames(), res.Y}} {
		if r.wantsol&x.bit == 0 {
			continue
		}
		var rows [][]string
		for k, v := range x.values {
			name := strconv.Itoa(k + 1)
			if x.names != nil {
				name = x.names[k]
			}
			rows = append(rows, []string{name, strconv.FormatFloat(v, 'g', -1, 64)})
		}
		if err := report.Table(w, nil, rows); err != nil {
			return err
		}
	}
	return nil
}

// solMessage tells in one line how a run ended.
func solMessage(res *constrained.Result) string {
	s := fmt.Sprintf("%s: %s, %s", amplName, res.Status, strings.ReplaceAll(string(res.Reason), "_", " "))
	if res.Detail != "" && res.Status != solver.Solved {
		s += ": " + res.Detail
	}
	if res.X != nil {
		s += fmt.Sprintf("; objective %.12g, %s, %d iterations", res.Objective, res.Method, res.Stats.Iterations)
	}
	return s
}

// solCode is the number that AMPL knows an outcome by.
func solCode(v solver.Verdict) int {
	switch {
	case v.Status == solver.Solved:
		return 0
	case v.Status == solver.Infeasible:
		return 200
	case v.Reason == solver.LocallyInfeasible:
		return 201
	case v.Status == solver.Unbounded:
		return 300
	case v.Reason == solver.Acceptable, v.Reason == solver.AtRoundoff:
		return 100
	case v.Reason == solver.IterationLimit:
		return 400
	case v.Reason == solver.TimeLimit:
		return 401
	case v.Reason == solver.Interrupted:
		return 402
	}
	return 500
}
