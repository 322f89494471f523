package problems

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"solve/matrix"
	"solve/solver"
)

// Param is one parameter of a generator.
type Param struct {
	Name    string // as the command line spells it, without dashes
	Kind    string // "int", "float" or "string"
	Default string
	Help    string // one line
}

// NamedData is one output of a generator: the file stem and its content,
// exactly one of the two.
type NamedData struct {
	Name   string
	Dense  *matrix.Dense
	Sparse *matrix.CSR
}

// Instance is a generated problem.
type Instance struct {
	Files []NamedData // the first is the main one
	Notes []string    // what a reader should know about it, one line each
}

// Generator makes one family of problems. The same values and seed give the
// same bytes on every machine, but for the last bit of numbers that went
// through a transcendental function (see package rng).
type Generator struct {
	Name    string
	Summary string // one line
	Area    string // the subcommand that solves it
	Params  []Param

	// Generate makes an instance. Parameters absent from v have their
	// defaults. It wraps solver.ErrOption for unknown or impossible values
	// and solver.ErrTooLarge when the instance would need more than
	// maxMemory bytes (0 = solver.DefaultMaxMemory), before allocating.
	Generate func(v Values, seed uint64, maxMemory int64) (*Instance, error)
}

// Generators returns every generator, by area and then in the order of help.
func Generators() []Generator {
	return append([]Generator{
		assignmentGenerator(), cloudsGenerator(), imagesGenerator(),
		poissonGenerator(2), poissonGenerator(3), anisotropicGenerator(), jumpsGenerator(), obstaclesGenerator(),
		randomSPDGenerator(), convectionGenerator(), saddleGenerator(),
		correlatedGenerator(), tfidfGenerator(),
	}, PaperBCD()...)
}

// Find returns the generator of that name.
func Find(name string) (Generator, bool) {
	all := Generators()
	i := slices.IndexFunc(all, func(g Generator) bool { return g.Name == name })
	if i < 0 {
		return Generator{}, false
	}
	return all[i], true
}

// generator builds a Generator whose make function may rely on every
// parameter being present and on a positive memory limit.
func generator(g Generator, generate func(v Values, seed uint64, maxMemory int64) (*Instance, error)) Generator {
	g.Generate = func(v Values, seed uint64, maxMemory int64) (*Instance, error) {
		full, err := v.complete(g.Params)
		if err != nil {
			return nil, err
		}
		if maxMemory <= 0 {
			maxMemory = solver.DefaultMaxMemory
		}
		return generate(full, seed, maxMemory)
	}
	return g
}

// Values are parameter values as text. Its accessors return
// *solver.OptionError.
type Values map[string]string

// complete adds the defaults and refuses names that params lacks.
func (v Values) complete(params []Param) (Values, error) {
	full := Values{}
	names := make([]string, len(params))
	for i, p := range params {
		full[p.Name] = p.Default
		names[i] = p.Name
	}
	for name, text := range v {
		if _, known := full[name]; !known {
			return nil, &solver.OptionError{Name: name, Value: text, Want: "one of the parameters " + strings.Join(names, ", ")}
		}
		full[name] = text
	}
	return full, nil
}

// Int returns an integer of lo…hi.
func (v Values) Int(name string, lo, hi int) (int, error) {
	x, err := strconv.Atoi(v[name])
	if err != nil || x < lo || x > hi {
		want := fmt.Sprintf("an integer of %d…%d", lo, hi)
		if hi == math.MaxInt {
			want = fmt.Sprintf("an integer of at least %d", lo)
		}
		return 0, &solver.OptionError{Name: name, Value: quoteEmpty(v[name]), Want: want}
	}
	return x, nil
}

// Float returns a finite number of at least lo.
func (v Values) Float(name string, lo float64) (float64, error) {
	x, err := strconv.ParseFloat(v[name], 64)
	if err != nil || math.IsInf(x, 0) || !(x >= lo) {
		return 0, &solver.OptionError{Name: name, Value: quoteEmpty(v[name]), Want: fmt.Sprintf("a number of at least %g", lo)}
	}
	return x, nil
}

// Choice returns the value if it is one of the words.
func (v Values) Choice(name string, words ...string) (string, error) {
	if slices.Contains(words, v[name]) {
		return v[name], nil
	}
	return "", &solver.OptionError{Name: name, Value: quoteEmpty(v[name]), Want: strings.Join(words, ", ")}
}

func quoteEmpty(s string) string {
	if s == "" {
		return `""`
	}
	return s
}

// fits refuses an instance of that many float64 in all before anything is
// allocated. The count is a float64 so that it cannot overflow.
func fits(what string, count float64, maxMemory int64) error {
	if need := 8 * count; need > float64(maxMemory) {
		return &solver.TooLargeError{What: what, Need: int64(math.Min(need, 1<<62)), Have: maxMemory}
	}
	return nil
}

// column wraps values as an n×1 matrix.
func column(values []float64) *matrix.Dense {
	return &matrix.Dense{Rows: len(values), Cols: 1, Data: values}
}

// uniform returns n equal masses of total 1.
func uniform(n int) []float64 {
	w := make([]float64, n)
	for i := range w {
		w[i] = 1 / float64(n)
	}
	return w
}
