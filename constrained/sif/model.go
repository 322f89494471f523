package sif

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"

	"solve/constrained"
	"solve/solver"
)

// Options choose among the variants that a file holds. The zero value (or nil)
// means defaults.
type Options struct {
	// Parameters replaces values of the parameters that the file marks with
	// $-PARAMETER, by name.
	Parameters map[string]string
	// Names of the sets of bounds, ranges, constants and starts; "" = the first.
	BoundsSet, RangesSet, ConstantsSet, StartSet string
	MaxMemory                                    int64 // bytes; 0 = solver.DefaultMaxMemory
	RelaxIntegers                                bool  // treat whole variables as real ones
}

func (o *Options) memory() int64 {
	if o.MaxMemory > 0 {
		return o.MaxMemory
	}
	return solver.DefaultMaxMemory
}

// Model is a problem with what its file says about it.
type Model struct {
	Problem        *constrained.Problem
	Classification string    // in the words of the collection, such as "OOR2-AN-3-1"; "" = none
	Known          []float64 // optimal values that stand in comments: not to be trusted
	Parameters     []Parameter
	Integers       []string   // names of whole variables
	ObjectBounds   [2]float64 // limits of the objective that the file promises, ±Inf = none
	LinearCount    int        // of constraints that are known to be linear
	Warnings       []string

	structure    *structure
	groupNames   *names
	elementNames *names
}

// Read decodes a problem in Standard Input Format. Errors name file and line, and
// wrap solver.ErrFormat, solver.ErrUnsupported (functions outside the file, whole
// variables, free format), solver.ErrOption, solver.ErrTooLarge, solver.ErrInput
// (no variables) or the error of ctx.
func Read(ctx context.Context, name string, r io.Reader, o *Options) (*Model, error) {
	if o == nil {
		o = &Options{}
	}
	m, err := read(ctx, r, o)
	var e *Error
	if errors.As(err, &e) {
		e.File = name
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return m, nil
}

func read(ctx context.Context, r io.Reader, o *Options) (*Model, error) {
	limit := o.memory()
	var text bytes.Buffer
	if n, err := text.ReadFrom(io.LimitReader(r, limit/2+1)); err != nil {
		return nil, err
	} else if n > limit/2 {
		return nil, &solver.TooLargeError{What: "the text of the problem", Need: 2 * n, Have: limit}
	}
	f, err := scan(ctx, text.String(), limit)
	if err != nil {
		return nil, err
	}
	if err := f.override(o.Parameters); err != nil {
		return nil, err
	}
	d := newDecoder(ctx, f, o)
	d.need = int64(len(f.text)) + bytesPerCard*int64(f.cards)
	if err := d.decode(); err != nil {
		return nil, err
	}
	if err := d.attachCode(); err != nil {
		return nil, err
	}
	s, err := d.structure()
	if err != nil {
		return nil, err
	}
	if s.n == 0 {
		return nil, &Error{Msg: "the problem has no variables", Err: solver.ErrInput}
	}
	e, err := newEvaluator(s, limit)
	if err != nil {
		return nil, err
	}
	return d.model(s, e)
}

func (d *decoder) model(s *structure, e *evaluator) (*Model, error) {
	f := d.file
	p := &constrained.Problem{
		Name: f.name, N: s.n, M: s.m, Functions: e,
		X0: d.start, Lower: d.lower, Upper: d.upper,
		Y0: make([]float64, s.m), CLower: make([]float64, s.m), CUpper: make([]float64, s.m),
		Linear: make([]bool, s.m), VariableNames: d.variables.all(), ConstraintNames: make([]string, 0, s.m),
	}
	m := &Model{
		Problem: p, Classification: f.classification, Known: f.known, Parameters: f.parameters,
		ObjectBounds: d.objectBounds, structure: s, groupNames: d.groups, elementNames: d.elements,
	}
	crossed := false
	for j := range p.X0 {
		if math.IsNaN(p.X0[j]) {
			p.X0[j] = d.defaultStart
		}
		if !d.bounded[j] {
			p.Lower[j], p.Upper[j] = d.defaultLower, d.defaultUpper
		}
		if p.Lower[j] > p.Upper[j] && !crossed {
			crossed = true
			f.warn(fmt.Sprintf("variable %s has the bounds %v and %v, which nothing meets", p.VariableNames[j], p.Lower[j], p.Upper[j]))
		}
		if d.integral[j] {
			m.Integers = append(m.Integers, p.VariableNames[j])
		}
	}
	if n := len(m.Integers); n > 0 && !d.options.RelaxIntegers {
		return nil, &Error{Msg: fmt.Sprintf("whole variables are not supported, and the problem has %d, %s first", n, m.Integers[0]), Err: solver.ErrUnsupported}
	}
	given := d.defaults.multiplier != 0
	for i := range s.groups {
		r := s.row[i]
		if r < 0 {
			continue
		}
		p.ConstraintNames = append(p.ConstraintNames, d.groups.name(int32(i)))
		p.CLower[r], p.CUpper[r] = d.limits(i)
		p.Y0[r] = d.defaults.multiplier
		if y := d.group[i].multiplier; !math.IsNaN(y) {
			p.Y0[r], given = y, true
		}
		if p.Linear[r] = e.isLinear(i); p.Linear[r] {
			m.LinearCount++
		}
	}
	if !given {
		p.Y0 = nil
	}
	m.Warnings = f.warnings
	return m, nil
}

// limits are those of the constraint that group i is.
func (d *decoder) limits(i int) (lower, upper float64) {
	g := &d.group[i]
	size := math.Inf(1)
	if r := g.rng; !math.IsNaN(r) {
		size = math.Abs(bound(r))
	} else if r := d.defaults.rng; !math.IsNaN(r) {
		size = math.Abs(bound(r))
	}
	switch g.kind {
	case 'G':
		return 0, size
	case 'L':
		return -size, 0
	}
	return 0, 0
}

// isLinear tells whether group i is certainly a linear function.
func (f *evaluator) isLinear(i int) bool {
	if f.groupKernelOf[i] >= 0 {
		return false
	}
	for _, u := range f.groups[i].uses {
		if len(f.kernels[f.kernelOf[u.element]].hessian) > 0 {
			return false
		}
	}
	return true
}
