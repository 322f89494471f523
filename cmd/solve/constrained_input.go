package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"solve/constrained"
	"solve/constrained/models"
	"solve/constrained/nl"
	"solve/constrained/sif"
	"solve/internal/report"
	"solve/internal/verify"
	"solve/matrix/matio"
	"solve/solver"
)

// modelSource says where a nonlinear program comes from. `constrained` fills it
// from flags, `check` from a report.
type modelSource struct {
	path, gen string // one of them
	x0, y0    string
	params    [][2]string
	relaxInt  bool
	sets      map[string]string // of sifSets that were chosen
}

// sifSets are the flags that choose a set of a SIF file.
var sifSets = []string{"bounds-set", "ranges-set", "constants-set", "start-set"}

func parseModelSource(v *values, args []string) (modelSource, error) {
	s := modelSource{gen: v.text("gen"), relaxInt: v.flag("relax-int"), sets: map[string]string{}}
	switch {
	case len(args) > 1:
		return s, usageError("solve constrained MODEL.SIF", "one model is needed, not %d files", len(args))
	case len(args) == 1 && v.given("gen"):
		return s, usageError("leave one of them out", "%s and --gen %s are both the model", args[0], s.gen)
	case len(args) == 1:
		s.path = args[0]
	case !v.given("gen"):
		return s, usageError("solve constrained MODEL.SIF, MODEL.nl or --gen pde:10", "the model is missing")
	default:
		v.refuseWith("--gen", append([]string{"param", "relax-int"}, sifSets...)...)
		if _, _, err := parseGenerated(s.gen); err != nil {
			return s, err
		}
	}
	for _, name := range sifSets {
		if v.given(name) {
			s.sets[name] = v.text(name)
		}
	}
	var err error
	s.params, err = pairs(v, "param")
	return s, err
}

// files lists what is read.
func (s *modelSource) files() []string {
	var out []string
	for _, f := range []string{s.path, s.x0, s.y0} {
		if f != "" {
			out = append(out, f)
		}
	}
	return out
}

// record states the model for the report.
func (s *modelSource) record(opts *report.Fields) {
	if s.gen != "" {
		opts.Add("gen", s.gen)
	}
	if len(s.params) > 0 {
		var list []string
		for _, p := range s.params {
			list = append(list, p[0]+"="+p[1])
		}
		opts.Add("param", list)
	}
	for _, name := range sifSets {
		if set, ok := s.sets[name]; ok {
			opts.Add(strings.ReplaceAll(name, "-", "_"), set)
		}
	}
	if s.relaxInt {
		opts.Add("relax_int", "true")
	}
}

// model is a nonlinear program as read or made, with the evaluator that `check`
// uses.
type model struct {
	kind    string
	problem *constrained.Problem
	plain   func(x []float64) (verify.Values, error)
	sif     *sif.Model // of a SIF file
	nl      *nl.Model  // of an .nl file
}

const (
	kindSIF       = "SIF"
	kindNL        = "AMPL .nl"
	kindGenerated = "generated"
)

// readProgram reads or makes the program.
func readProgram(ctx context.Context, in *inputs, s *modelSource) (*model, error) {
	if s.gen != "" {
		return generatedModel(s.gen, in.options.MaxMemory)
	}
	data, err := in.readBytes("model", s.path)
	if err != nil {
		return nil, err
	}
	name := in.name("model", s.path)
	m := &model{kind: kindSIF}
	if isNL(data) {
		m.kind = kindNL
	}
	if err := s.suits(m.kind, name); err != nil {
		return nil, err
	}
	var warnings []string
	if m.kind == kindNL {
		m.nl, err = nl.Read(ctx, name, bytes.NewReader(data), &nl.Options{MaxMemory: in.options.MaxMemory, RelaxIntegers: s.relaxInt})
		if err == nil {
			m.problem, m.plain, warnings = m.nl.Problem, minimising(m.nl), m.nl.Warnings
			err = readNames(m.nl, s.path)
		}
	} else {
		m.sif, err = sif.Read(ctx, name, bytes.NewReader(data), s.sifOptions(in.options.MaxMemory))
		if err == nil {
			m.problem, m.plain, warnings = m.sif.Problem, m.sif.Plain, m.sif.Warnings
		}
	}
	if err != nil {
		return nil, wordModelError(err)
	}
	for _, w := range warnings {
		in.con.warn("%s: %s", name, w)
	}
	p := m.problem
	in.list[len(in.list)-1].Rows, in.list[len(in.list)-1].Cols = p.M, p.N
	_, column := p.JacobianPattern()
	in.list[len(in.list)-1].NNZ = int64(len(column))
	return m, nil
}

// minimising is the second evaluator of an .nl file for the program as it is
// solved: what is maximised changes its sign.
func minimising(m *nl.Model) func(x []float64) (verify.Values, error) {
	if !m.Problem.Maximize {
		return m.Plain
	}
	return func(x []float64) (verify.Values, error) {
		v, err := m.Plain(x)
		v.Objective = -v.Objective
		for j, g := range v.Gradient {
			v.Gradient[j] = -g
		}
		return v, err
	}
}

// isNL tells an .nl file from a SIF file: its first line is g or b and a number.
func isNL(data []byte) bool {
	return len(data) > 1 && (data[0] == 'g' || data[0] == 'b') && data[1] >= '0' && data[1] <= '9'
}

// suits refuses flags that this kind of file knows nothing of.
func (s *modelSource) suits(kind, name string) error {
	if kind == kindSIF {
		return nil
	}
	for _, flag := range sifSets {
		if _, ok := s.sets[flag]; ok {
			return inputError("leave it out", "--%s belongs to SIF files, but %s is an .nl file", flag, name)
		}
	}
	if len(s.params) > 0 {
		return inputError("leave it out", "--param belongs to SIF files, but %s is an .nl file", name)
	}
	return nil
}

func (s *modelSource) sifOptions(maxMemory int64) *sif.Options {
	o := &sif.Options{
		BoundsSet: s.sets["bounds-set"], RangesSet: s.sets["ranges-set"], ConstantsSet: s.sets["constants-set"], StartSet: s.sets["start-set"],
		MaxMemory: maxMemory, RelaxIntegers: s.relaxInt,
	}
	for _, p := range s.params {
		if o.Parameters == nil {
			o.Parameters = map[string]string{}
		}
		o.Parameters[p[0]] = p[1]
	}
	return o
}

// wordModelError adds what to try to the refusals of a reader.
func wordModelError(err error) error {
	var parsed *sif.Error
	if errors.As(err, &parsed) {
		err = &matio.SyntaxError{File: parsed.File, Line: parsed.Line, Msg: parsed.Msg, Err: parsed.Unwrap()}
	}
	var option *solver.OptionError
	switch text := err.Error(); {
	case errors.Is(err, solver.ErrTooLarge):
		return err
	case errors.As(err, &option): // another file may well have such a parameter
		return inputError("--show-params lists the parameters of a SIF file", "--%s %s: want %s", strings.ReplaceAll(option.Name, " ", "-"), strings.Trim(option.Value, `"`), option.Want)
	case errors.Is(err, solver.ErrUnsupported) && (strings.Contains(text, "whole variables") || strings.Contains(text, "integer variables")):
		return withHint(err, "--relax-int takes integer variables as real ones")
	case errors.Is(err, solver.ErrUnsupported):
		return withHint(err, "state the model without it")
	}
	return withHint(err, "is the model complete, and in SIF or in AMPL's .nl format?")
}

// parseGenerated reads --gen.
func parseGenerated(gen string) (name string, numbers []int, err error) {
	name, list, _ := strings.Cut(gen, ":")
	for _, word := range strings.Split(list, ",") {
		n, bad := strconv.Atoi(strings.TrimSpace(word))
		if bad != nil || n < 1 {
			return "", nil, genError(gen)
		}
		numbers = append(numbers, n)
	}
	if name == "pde" && len(numbers) == 1 || name == "logreg" && len(numbers) == 3 {
		return name, numbers, nil
	}
	return "", nil, genError(gen)
}

func genError(gen string) error {
	err := &solver.OptionError{Name: "--gen", Value: strconv.Quote(gen), Want: "pde:N (a grid of N×N) or logreg:N,D,SEED (N samples, D features)"}
	return withHint(err, "%s", strings.TrimSuffix(didYouMean(innerName(gen), []string{"pde", "logreg"}), "\n"))
}

// generatedModel makes a built-in problem.
func generatedModel(gen string, maxMemory int64) (*model, error) {
	name, k, err := parseGenerated(gen)
	if err != nil {
		return nil, err
	}
	const number = 8
	need := number * 40 * math.Pow(float64(k[0]), 2) // of a control problem: patterns, values, vectors
	if name == "logreg" {
		n, d := float64(k[0]), float64(k[1])
		need = number * (n*d + 2*d*d + 4*n)
	}
	if need > float64(maxMemory) {
		return nil, &solver.TooLargeError{What: "--gen " + gen, Need: int64(math.Min(need, math.MaxInt64/2)), Have: maxMemory}
	}
	var p *constrained.Problem
	if name == "pde" {
		p, err = models.Control(k[0])
	} else {
		p, err = models.GenerateLogistic(k[0], k[1], uint64(k[2]))
	}
	if err != nil {
		return nil, err
	}
	plain, ok := p.Functions.(models.Plain)
	if !ok {
		return nil, fmt.Errorf("--gen %s: the problem has no second evaluator: %w", gen, solver.ErrUnsupported)
	}
	return &model{kind: kindGenerated, problem: p, plain: plain.Plain}, nil
}

// limits are the limits of the program with ±Inf for none, as the checker takes
// them.
func (m *model) limits() verify.Program {
	p := m.problem
	side := func(from []float64, n int, none float64) []float64 {
		out := make([]float64, n)
		for i := range out {
			if out[i] = none; from != nil && math.Abs(from[i]) < constrained.Infinity {
				out[i] = from[i]
			}
		}
		return out
	}
	lo, hi := math.Inf(-1), math.Inf(1)
	return verify.Program{Lower: side(p.Lower, p.N, lo), Upper: side(p.Upper, p.N, hi), CLower: side(p.CLower, p.M, lo), CUpper: side(p.CUpper, p.M, hi)}
}

// variableNames and multiplierNames name what is written; nil = numbers alone do.
func (m *model) variableNames() []string {
	if m.problem.VariableNames == nil {
		return nil
	}
	out := make([]string, m.problem.N)
	for j := range out {
		out[j] = m.problem.VariableName(j)
	}
	return out
}

func (m *model) constraintNames() []string {
	if m.problem.ConstraintNames == nil && m.problem.VariableNames == nil {
		return nil
	}
	out := make([]string, m.problem.M)
	for i := range out {
		out[i] = m.problem.ConstraintName(i)
	}
	return out
}

// multiplierNames are those of the constraints, then those of the variables.
func (m *model) multiplierNames() []string {
	rows := m.constraintNames()
	if rows == nil {
		return nil
	}
	out := slices.Clone(rows)
	for j := range m.problem.N {
		out = append(out, m.problem.VariableName(j))
	}
	return out
}

// readNumbersOf reads a number for each name: name,value lines in any order, or
// numbers in the order of the model. names may be nil: they are numbers from 1 then.
func readNumbersOf(in *inputs, role, path string, names []string, n int) ([]float64, error) {
	x, err := readByName(in, role, path, names)
	if x == nil && err == nil {
		var f *matio.File
		if f, err = in.open(role, path, &matio.ReadOptions{MaxMemory: in.options.MaxMemory, Threads: in.options.Threads, Hash: in.options.Hash}); err != nil {
			return nil, err
		}
		x, err = f.Vector()
		in.list = append(in.list, report.Input{Role: role, Path: path, SHA256: f.SHA256, Rows: f.Rows, Cols: f.Cols, NNZ: f.NNZ})
	}
	if err != nil {
		return nil, err
	}
	if len(x) != n {
		return nil, fmt.Errorf("%s: %s, but %d are needed: %w", in.name(role, path), counted(len(x), "number", "numbers"), n, solver.ErrDimension)
	}
	for i, v := range x {
		if v-v != 0 {
			return nil, fmt.Errorf("%s: %w", in.name(role, path), &solver.EntryError{What: role, Row: i + 1, Value: v, Err: solver.ErrNonFinite})
		}
	}
	return x, nil
}

// readByName reads name,value lines; nil where the file is no such table.
func readByName(in *inputs, role, path string, names []string) ([]float64, error) {
	if path == "-" {
		return nil, nil
	}
	t, err := matio.ReadTable(path)
	if err != nil || len(t.Columns) != 1 {
		return nil, nil // numbers alone, or the other reader says what is wrong
	}
	hash := ""
	if in.options.Hash || in.con.reportTo != "" {
		if hash, err = report.FileHash(path); err != nil {
			return nil, err
		}
	}
	values := t.Columns[0]
	in.list = append(in.list, report.Input{Role: role, Path: path, SHA256: hash, Rows: len(values), Cols: 1, NNZ: int64(len(values))})
	if names == nil {
		names = make([]string, len(values))
		for k := range names {
			names[k] = strconv.Itoa(k + 1)
		}
	}
	if slices.Equal(names, t.Names) || len(values) != len(names) {
		return values, nil
	}
	at := make(map[string]int, len(names))
	for k, name := range names {
		if _, twice := at[name]; twice {
			return nil, inputError("give the numbers alone, in the order of the model", "%s: the model has two things named %q", path, name)
		}
		at[name] = k
	}
	out, seen := make([]float64, len(names)), make([]bool, len(names))
	for i, name := range t.Names {
		k, ok := at[name]
		if !ok || seen[k] {
			what := "is none of the model"
			if ok {
				what = "is there twice"
			}
			return nil, inputError(didYouMean(name, names), "%s: the name %q %s", path, name, what)
		}
		out[k], seen[k] = values[i], true
	}
	return out, nil
}

// start replaces the start of the model by --x0 and --y0.
func (m *model) start(in *inputs, s *modelSource) error {
	p := *m.problem
	var err error
	if s.x0 != "" {
		if p.X0, err = readNumbersOf(in, "x0", s.x0, m.variableNames(), p.N); err != nil {
			return err
		}
	}
	if s.y0 != "" {
		if p.Y0, err = readNumbersOf(in, "y0", s.y0, m.constraintNames(), p.M); err != nil {
			return err
		}
	}
	m.problem = &p
	return nil
}
