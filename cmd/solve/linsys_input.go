package main

import (
	"fmt"
	"math"

	"solve/internal/rng"
	"solve/linsys"
	"solve/matrix"
	"solve/matrix/matio"
	"solve/solver"
)

// system is a linear system as read.
type system struct {
	problem linsys.Problem
	known   []float64 // the solution, where the right-hand side was made of one
}

// readSystem reads the matrix and what goes with it.
func readSystem(o *linsysOptions) (*system, error) {
	in := o.in
	f, err := in.read("A", o.matrix, nil)
	if err != nil {
		return nil, err
	}
	s := &system{}
	if s.problem.A, s.problem.Dense, err = asMatrix(f); err != nil {
		return nil, err
	}
	m, n := f.Rows, f.Cols
	if s.problem.A != nil {
		in.con.say("A", "%s: sparse, %s × %s, %s entries", in.name("A", o.matrix), grouped(m), grouped(n), grouped(s.problem.A.NNZ()))
	} else {
		in.con.say("A", "%s: dense, %s × %s", in.name("A", o.matrix), grouped(m), grouped(n))
	}
	if err := s.readRight(o, f.Labels); err != nil {
		return nil, err
	}
	if s.problem.X0, err = readVectors(in, "x0", o.x0, n); err != nil {
		return nil, err
	}
	if s.problem.NearNull, err = readVectors(in, "near-null", o.nearNull, n); err != nil {
		return nil, err
	}
	if o.nullspace == "constant" {
		s.problem.Kernel = filled1(n)
		return s, nil
	}
	s.problem.Kernel, err = readVectors(in, "nullspace", o.nullspace, n)
	return s, err
}

func filled1(n int) *matrix.Dense {
	d := &matrix.Dense{Rows: n, Cols: 1, Data: make([]float64, n)}
	for i := range d.Data {
		d.Data[i] = 1
	}
	return d
}

// asMatrix takes a file as a matrix: one with the header i,j,value holds
// entries.
func asMatrix(f *matio.File) (*matrix.CSR, *matrix.Dense, error) {
	if f.Dense != nil && f.Cols == 3 && isTripletHeader(f.Header) {
		rows, cols := 0, 0
		for i := range f.Dense.Rows {
			r, c := f.Dense.At(i, 0), f.Dense.At(i, 1)
			if !(r >= 1 && c >= 1 && r <= math.MaxInt32 && c <= math.MaxInt32) {
				return nil, nil, fmt.Errorf("%s: entry %d has the place (%v, %v): %w", f.Name, i+1, r, c, solver.ErrFormat)
			}
			rows, cols = max(rows, int(r)), max(cols, int(c))
		}
		a, err := f.Triplets(rows, cols)
		f.Rows, f.Cols = rows, cols
		return a, nil, err
	}
	if f.Sparse != nil {
		return f.Sparse, nil, nil
	}
	return nil, f.Dense, nil
}

// readVectors reads columns of n numbers; a row of n numbers is a column, too.
func readVectors(in *inputs, role, path string, n int) (*matrix.Dense, error) {
	if path == "" {
		return nil, nil
	}
	f, err := in.read(role, path, nil)
	if err != nil {
		return nil, err
	}
	d, err := f.AsDense(in.options.MaxMemory)
	if err != nil {
		return nil, err
	}
	if d.Rows == 1 && d.Cols == n && n > 1 {
		d = &matrix.Dense{Rows: n, Cols: 1, Data: d.Data}
	}
	if d.Rows != n {
		return nil, fmt.Errorf("%s: %d rows, but %d are needed: %w", in.name(role, path), d.Rows, n, solver.ErrDimension)
	}
	return d, nil
}

// readRight reads or makes the right-hand side.
func (s *system) readRight(o *linsysOptions, labels []float64) error {
	m, n := sides(&s.problem)
	var err error
	switch {
	case o.b == "" && labels != nil:
		s.problem.B = column(labels...)
		o.in.con.say("b", "the labels of %s", o.in.name("A", o.matrix))
	case o.b == "" || o.b == "ones":
		s.problem.B = filled1(m)
	case o.b == "rand":
		s.problem.B = column(normals(m, o.settings.Seed)...)
	case o.b == "A*ones":
		s.known = filled1(n).Data
	case o.b == "A*rand":
		s.known = normals(n, o.settings.Seed)
	default:
		if s.problem.B, err = readVectors(o.in, "b", o.b, m); err != nil {
			return err
		}
		if s.problem.B.Cols == 0 {
			return inputError("a column for each right-hand side is needed", "%s has no columns", o.in.name("b", o.b))
		}
		o.in.con.say("b", "%s: %s", o.in.name("b", o.b), counted(s.problem.B.Cols, "right-hand side", "right-hand sides"))
		return nil
	}
	if s.known != nil {
		s.problem.B = column(product(&s.problem, s.known)...)
	}
	if o.b == "" {
		o.b = "ones"
	}
	o.in.con.say("b", "%s", o.b)
	return nil
}

func sides(p *linsys.Problem) (m, n int) {
	if p.A != nil {
		return p.A.Dims()
	}
	return p.Dense.Dims()
}

func product(p *linsys.Problem, x []float64) []float64 {
	m, _ := sides(p)
	y := make([]float64, m)
	if p.A != nil {
		p.A.MulVecTo(y, false, x)
	} else {
		p.Dense.MulVecTo(y, false, x)
	}
	return y
}

// normals are standard normal numbers.
func normals(n int, seed uint64) []float64 {
	s := rng.New(seed)
	x := make([]float64, n)
	for i := range x {
		x[i] = s.Normal()
	}
	return x
}
