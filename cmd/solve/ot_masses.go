package main

import (
	"fmt"
	"math"
	"strings"

	"solve/matrix/matio"
	"solve/solver"
)

func uniformMasses(n int) []float64 {
	w := make([]float64, n)
	for i := range w {
		w[i] = 1 / float64(n)
	}
	return w
}

// readMasses reads a vector of masses.
func readMasses(in *inputs, role, path string) ([]float64, error) {
	f, err := in.read(role, path, nil)
	if err != nil {
		return nil, err
	}
	return masses(in, role, path, f)
}

// masses returns the vector that a file holds, checked.
func masses(in *inputs, role, path string, f *matio.File) ([]float64, error) {
	name := in.name(role, path)
	if f.Rows != 1 && f.Cols != 1 {
		hint := "a weight file has one number a line"
		if role == "a" || role == "b" {
			hint = fmt.Sprintf("--grid %dx%d reads a matrix as a histogram", f.Rows, f.Cols)
		}
		return nil, withHint(fmt.Errorf("%s: masses need one column, not a %d×%d matrix: %w", name, f.Rows, f.Cols, solver.ErrDimension), "%s", hint)
	}
	w, err := f.Vector()
	if err != nil {
		return nil, err
	}
	in.con.say(role, "%s: read as %s", name, counted(len(w), "mass", "masses"))
	return w, checkMasses(name, w)
}

// readCostMasses reads the masses that go with the rows or columns of a
// stored cost: a vector, or with --as weights also a matrix that holds as
// many numbers, row by row.
func readCostMasses(in *inputs, role, path string, size int, as string) ([]float64, error) {
	f, err := in.read(role, path, nil)
	if err != nil {
		return nil, err
	}
	if f.Rows == 1 || f.Cols == 1 {
		return masses(in, role, path, f)
	}
	name := in.name(role, path)
	if f.Rows*f.Cols != size || as != "weights" {
		hint := fmt.Sprintf("points are given without --cost; with it --%s is a column of %d masses", role, size)
		if f.Rows*f.Cols == size {
			hint = fmt.Sprintf("--as weights reads its %d numbers row by row", size)
		}
		return nil, withHint(fmt.Errorf("%s: masses need one column, not a %d×%d matrix: %w", name, f.Rows, f.Cols, solver.ErrDimension), "%s", hint)
	}
	d, err := f.AsDense(in.options.MaxMemory)
	if err != nil {
		return nil, err
	}
	in.con.say(role, "%s: read as %s, row by row", name, counted(size, "mass", "masses"))
	return d.Data, checkMasses(name, d.Data)
}

// readHistogram reads masses on a grid: a vector, or a matrix of the grid's
// shape.
func readHistogram(in *inputs, role, path string, shape []int) ([]float64, error) {
	f, err := in.read(role, path, nil)
	if err != nil {
		return nil, err
	}
	total := 1
	for _, n := range shape {
		total *= n
	}
	vector := f.Rows == 1 || f.Cols == 1
	name := in.name(role, path)
	if f.Rows*f.Cols != total || (!vector && len(shape) == 2 && f.Rows != shape[0]) {
		hint := fmt.Sprintf("--grid %dx%d is this file's shape", f.Rows, f.Cols)
		if vector {
			hint = fmt.Sprintf("the sizes have to multiply to %d", f.Rows*f.Cols)
		}
		return nil, withHint(fmt.Errorf("%s: %d×%d values do not fill a %s grid: %w", name, f.Rows, f.Cols, shapeText(shape), solver.ErrDimension), "%s", hint)
	}
	d, err := f.AsDense(in.options.MaxMemory)
	if err != nil {
		return nil, err
	}
	in.con.say(role, "%s: read as a %s histogram", name, strings.ReplaceAll(shapeText(shape), "x", "×"))
	return d.Data, checkMasses(name, d.Data)
}

// checkMasses refuses negative and all-zero masses, naming the entry.
func checkMasses(path string, w []float64) error {
	for i, v := range w {
		err := solver.ErrNegative
		if math.IsNaN(v) || math.IsInf(v, 0) {
			err = solver.ErrNonFinite
		} else if v >= 0 {
			continue
		}
		return withHint(&solver.EntryError{What: path, Row: i + 1, Value: v, Err: err}, "masses have to be finite and ≥ 0")
	}
	if total(w) == 0 {
		return inputError("give at least one positive mass", "%s: all masses are zero", path)
	}
	return nil
}

// total is the compensated sum of masses.
func total(w []float64) float64 {
	var sum, lost float64
	for _, v := range w {
		next := sum + v
		if math.Abs(sum) >= math.Abs(v) {
			lost += (sum - next) + v
		} else {
			lost += (v - next) + sum
		}
		sum = next
	}
	return sum + lost
}

const (
	nearlyEqual = 1e-6   // relative difference of sums that is repaired
	unremarked  = 1e-12  // one that rounding explains
	leastTotal  = 1e-290 // products of smaller masses lose digits
)

// balance makes the sums of both masses equal, or refuses. Slices that came
// from files are replaced, not changed.
func (t *transport) balance(con *console, normalize bool) error {
	sa, sb := total(t.a), total(t.b)
	if math.IsNaN(sa) || math.IsNaN(sb) {
		return inputError("scale the masses down", "the sum of the masses overflows")
	}
	if normalize {
		t.a, t.b = divided(t.a, sa), divided(t.b, sb)
		con.say("masses", "scaled to 1 from %v and %v", sa, sb)
		return nil
	}
	apart := math.Abs(sa-sb) / math.Max(sa, sb)
	switch {
	case math.Max(sa, sb) < leastTotal:
		return inputError("scale them up, or give --normalize", "masses are too small for double precision: a sums to %v, b to %v", sa, sb)
	case apart == 0:
		return nil
	case apart >= nearlyEqual:
		return inputError("--normalize scales both to 1", "masses are unequal: a sums to %v, b to %v", sa, sb)
	case apart > unremarked:
		con.warn("a sums to %v, b to %v: b was scaled to a's sum", sa, sb)
	}
	t.b = scaled(t.b, sa/sb)
	return nil
}

// assign gives every row and column a mass of 1, which is what masses that are
// all alike mean to an assignment.
func (t *transport) assign(con *console) error {
	for side, w := range [2][]float64{t.a, t.b} {
		for i, v := range w {
			if v != w[0] {
				return inputError("--method exact moves any masses", "an assignment needs equal masses, but of %s the first is %v and number %d is %v", [2]string{"a", "b"}[side], w[0], i+1, v)
			}
		}
	}
	n, m := len(t.a), len(t.b)
	if n > m {
		return inputError("exchange --a and --b, or transpose the cost", "%d rows cannot all have one of %d columns", n, m)
	}
	t.a, t.b, t.spare = ones(n), ones(m), n < m
	con.say("masses", "1 each: every row gets a column of its own")
	return nil
}

func ones(n int) []float64 {
	w := make([]float64, n)
	for i := range w {
		w[i] = 1
	}
	return w
}

// divided is w/s: 1/s would overflow for a tiny s.
func divided(w []float64, s float64) []float64 {
	out := make([]float64, len(w))
	for i, v := range w {
		out[i] = v / s
	}
	return out
}

func scaled(w []float64, s float64) []float64 {
	out := make([]float64, len(w))
	for i, v := range w {
		out[i] = s * v
	}
	return out
}
