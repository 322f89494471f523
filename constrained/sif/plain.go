package sif

import (
	"fmt"
	"maps"
	"slices"

	"solve/internal/verify"
	"solve/matrix"
	"solve/solver"
)

// Plain computes f, c and their first derivatives at x, of length N, by
// interpreting the cards one at a time: slow, but with nothing in common with
// Problem.Functions except the parsed file.
func (m *Model) Plain(x []float64) (verify.Values, error) {
	s := m.structure
	if len(x) != s.n {
		return verify.Values{}, fmt.Errorf("sif: %d values for %d variables: %w", len(x), s.n, solver.ErrDimension)
	}
	v := verify.Values{Gradient: make([]float64, s.n), Constraints: make([]float64, s.m)}
	jacobian := &matrix.CSR{Rows: s.m, Cols: s.n, RowPtr: make([]int64, 1, s.m+1)}
	for i := range s.groups {
		value, slopes, err := s.plainGroup(&s.groups[i], x)
		if err != nil {
			return verify.Values{}, fmt.Errorf("sif: group %s: %w", m.groupNames.name(s.groups[i].name), err)
		}
		if r := s.row[i]; r < 0 {
			v.Objective += value
			for j, d := range slopes {
				v.Gradient[j] += d
			}
			continue
		} else {
			v.Constraints[r] = value
		}
		for _, j := range slices.Sorted(maps.Keys(slopes)) {
			jacobian.Col = append(jacobian.Col, j)
			jacobian.Val = append(jacobian.Val, slopes[j])
		}
		jacobian.RowPtr = append(jacobian.RowPtr, int64(len(jacobian.Col)))
	}
	for _, t := range s.quadratic {
		i, j := t.group, t.variable
		if i == j {
			v.Objective += t.value * x[i] * x[i] / 2
			v.Gradient[i] += t.value * x[i]
			continue
		}
		v.Objective += t.value * x[i] * x[j]
		v.Gradient[i] += t.value * x[j]
		v.Gradient[j] += t.value * x[i]
	}
	if s.m > 0 {
		v.Jacobian = jacobian
	}
	return v, nil
}

// plainGroup is the value of a group and its derivatives by variable.
func (s *structure) plainGroup(g *group, x []float64) (float64, map[int32]float64, error) {
	slopes := map[int32]float64{}
	alpha := 0.0
	for _, t := range g.linear {
		alpha += t.value * x[t.variable]
		slopes[t.variable] += t.value
	}
	for _, u := range g.uses {
		e := &s.elements[u.element]
		value, err := s.plainElement(e, x, u.weight, slopes)
		if err != nil {
			return 0, nil, err
		}
		alpha += u.weight * value
	}
	alpha -= g.constant
	value, factor := alpha, 1.0
	if g.typ != nil {
		p := &interpreter{fn: g.typ.code, names: map[string]dual{g.typ.variable: {alpha, 1, 'R'}}}
		for k, name := range g.typ.constant {
			p.names[name] = dual{g.values[k], 0, 'R'}
		}
		if err := p.run(); err != nil {
			return 0, nil, err
		}
		value, factor = p.result.value, p.result.slope
	}
	for j := range slopes {
		slopes[j] *= factor / g.scale
	}
	return value / g.scale, slopes, nil
}

// plainElement is the value of an element; it adds weight times its derivatives
// to slopes.
func (s *structure) plainElement(e *element, x []float64, weight float64, slopes map[int32]float64) (float64, error) {
	names, w, err := e.typ.dense()
	if err != nil {
		return 0, err
	}
	value := 0.0
	for along := range max(1, len(names)) {
		p := &interpreter{fn: e.typ.code, names: map[string]dual{}}
		for k, name := range e.typ.constant {
			p.names[name] = dual{e.values[k], 0, 'R'}
		}
		for a, name := range names {
			u := dual{kind: 'R'}
			for b, coefficient := range w[a] {
				u.value += coefficient * x[e.variables[b]]
			}
			if a == along {
				u.slope = 1
			}
			p.names[name] = u
		}
		if err := p.run(); err != nil {
			return 0, err
		}
		value = p.result.value
		for b := range e.variables {
			if along < len(w) && w[along][b] != 0 {
				slopes[e.variables[b]] += weight * w[along][b] * p.result.slope
			}
		}
	}
	return value, nil
}

// dense is the matrix that makes internal out of elemental variables, and the
// names of the former.
func (t *elementType) dense() ([]string, [][]float64, error) {
	names := t.internal
	if len(names) == 0 {
		names = t.variables
	}
	w := make([][]float64, len(names))
	for a := range w {
		w[a] = make([]float64, len(t.variables))
		if len(t.internal) == 0 {
			w[a][a] = 1
		}
	}
	if len(t.internal) == 0 {
		return names, w, nil
	}
	for _, c := range t.code.transform {
		a, b := slices.Index(t.internal, c.internal), slices.Index(t.variables, c.elemental)
		if a < 0 || b < 0 {
			return nil, nil, lineError(c.line, "no internal variable %s or no variable %s", c.internal, c.elemental)
		}
		w[a][b] += c.value
	}
	return names, w, nil
}
