package linsys

import (
	"fmt"
	"math"
	"slices"

	"solve/internal/verify"
	"solve/matrix"
	"solve/solver"
)

// empty proves a system with an empty row to be inconsistent, or projects the
// right-hand side on the others.
func (r *running) empty() {
	r.target = r.b
	if r.least || r.analysis == nil || r.analysis.EmptyRows == 0 {
		return
	}
	for i := range r.m {
		_, vals := r.full.Row(i)
		if maxAbs(vals) != 0 {
			continue
		}
		for j := range r.b.Cols {
			v := r.b.Data[i*r.b.Cols+j]
			switch {
			case v == 0:
			case r.opt.Project:
				if r.target == r.b {
					r.target = &matrix.Dense{Rows: r.b.Rows, Cols: r.b.Cols, Data: slices.Clone(r.b.Data)}
				}
				r.target.Data[i*r.b.Cols+j] = 0
			default:
				r.res.NullVector = make([]float64, r.m)
				r.res.NullVector[i] = 1
				r.res.Verdict = solver.Verdict{Status: solver.Infeasible, Reason: solver.Inconsistent,
					Detail: fmt.Sprintf("row %d of the matrix is empty, but its right-hand side is %v", i+1, v)}
				r.res.X = zeros(r.n, r.b.Cols)
				return
			}
		}
	}
}

// project measures, and with Project removes, the part of b that A cannot
// reach.
func (r *running) project() {
	if len(r.kernel) > 0 && !r.least {
		r.projectKernel()
	} else if r.opt.Project && r.target == r.b {
		r.res.Warnings = append(r.res.Warnings, "no null vector is known, so b was not projected")
	}
	if !r.opt.Project || r.target == r.b {
		return
	}
	before, after := make([]float64, r.m), make([]float64, r.m)
	for j := range r.b.Cols {
		column(r.b, j, before)
		column(r.target, j, after)
		size := r.vec.norm(before)
		r.vec.axpy(-1, before, after)
		r.res.Projection = max(r.res.Projection, quotient(r.vec.norm(after), size))
	}
	if r.res.Projection > consistent {
		r.res.Warnings = append(r.res.Warnings, fmt.Sprintf("b was projected onto the range of the matrix: %.3g of it was removed", r.res.Projection))
	}
}

// projectKernel removes the part of b in the known kernel.
func (r *running) projectKernel() {
	projected := &matrix.Dense{Rows: r.b.Rows, Cols: r.b.Cols, Data: slices.Clone(r.target.Data)}
	v := make([]float64, r.m)
	r.defects = make([]float64, r.b.Cols)
	for j := range r.b.Cols {
		column(r.target, j, v)
		size, removed := r.vec.norm(v), 0.0
		for _, z := range r.kernel {
			d := r.vec.dot(z, v)
			removed = math.Hypot(removed, d)
			for i := range v {
				v[i] -= d * z[i]
			}
		}
		r.defects[j] = quotient(removed, size)
		if r.vec.norm(v) <= nothingLeft*size {
			clear(v) // what is left is rounding, which no iteration need resolve
		}
		setColumn(projected, j, v)
	}
	r.target = projected
}

// nothingLeft is the share of b beside the kernel that is rounding.
const nothingLeft = 1e-14

// consistent is the share of b along the kernel that rounding explains.
const consistent = 1e-10

// inconsistent proves, by a null vector that is known or that the method found,
// that there is no solution.
func (r *running) inconsistent() bool {
	if r.least {
		return false
	}
	for j := range r.b.Cols {
		if !r.opt.Project && j < len(r.defects) && r.defects[j] > consistent {
			v := make([]float64, r.m)
			column(r.b, j, v)
			if r.proves(j, r.kernelPart(v)) {
				return true
			}
		}
		if j < len(r.ends) && r.ends[j].null != nil && r.proves(j, r.spread(r.ends[j].null)) {
			return true
		}
	}
	return false
}

// proves has a null vector z examined, and reports it where it shows that there
// is no solution for column j.
func (r *running) proves(j int, z []float64) bool {
	right := r.b
	if r.opt.Project {
		right = r.target
	}
	sys := verify.LinearSystem{Rows: r.m, Cols: r.n, A: r.rows(), B: make([]float64, r.m), Threads: r.opt.Threads}
	column(right, j, sys.B)
	kernel, defect := verify.NullVector(sys, z)
	if !verify.Proves(kernel, defect) {
		return false
	}
	r.res.NullVector = z
	answer := "the answer is the least-squares one, with"
	switch {
	case len(r.ends) == 0:
		answer = "no method gave an answer: x = 0 has"
	case j < len(r.ends) && r.ends[j].reason != solver.Tolerance && r.ends[j].reason != solver.Inconsistent:
		answer = "the answer is the best one that was found, with"
	}
	r.res.Verdict = solver.Verdict{Status: solver.Infeasible, Reason: solver.Inconsistent, Detail: fmt.Sprintf(
		"a null vector z of the matrix has zᵀb = %.3g ‖z‖‖b‖; %s a relative residual of %.3g", defect, answer, r.res.Columns[j].RelativeResidual)}
	return true
}

// spread gives a vector of the methods the rows back that they don't see.
func (s *Solver) spread(v []float64) []float64 {
	return s.restore(&matrix.Dense{Rows: len(v), Cols: 1, Data: v}).Data
}

// kernelPart is the part of v in the known kernel.
func (r *running) kernelPart(v []float64) []float64 {
	z := make([]float64, len(v))
	for _, k := range r.kernel {
		d := r.vec.dot(k, v)
		for i := range z {
			z[i] += d * k[i]
		}
	}
	if scale := maxAbs(z); scale > 0 {
		for i := range z {
			z[i] /= scale
		}
	}
	return z
}
