package nl

import (
	"context"
	"fmt"

	"solve/constrained"
)

// Values implements constrained.Functions.
func (p *program) Values(x, c []float64) float64 {
	p.forward(x, false)
	return p.values(x, c)
}

// First implements constrained.Functions.
func (p *program) First(x, c, gradient, jacobian []float64) float64 {
	p.forward(x, true)
	p.first(gradient, jacobian)
	return p.values(x, c)
}

// Hessian implements constrained.Functions.
func (p *program) Hessian(x []float64, sigma float64, y, hessian []float64) {
	p.forward(x, true)
	p.second(sigma, y, hessian)
}

// JacobianPattern implements constrained.Functions.
func (p *program) JacobianPattern() (start []int64, column []int32) { return p.start, p.column }

// HessianPattern implements constrained.Functions.
func (p *program) HessianPattern() (start []int64, column []int32) { return p.hstart, p.hcolumn }

// values sums the functions after forward.
func (p *program) values(x, c []float64) float64 {
	objective := 0.0
	for i := range p.functions {
		f := &p.functions[i]
		v := f.constant
		column, value := p.linear.row(int32(i))
		for k, j := range column {
			v += value[k] * x[j]
		}
		for e := f.first; e < f.last; e++ {
			v += p.coef[e] * p.value[p.term[e]]
		}
		if i == 0 {
			objective = v
		} else {
			c[i-1] = v
		}
	}
	return objective
}

// finish compiles what was read and makes the problem.
func (m *Model) finish(ctx context.Context, d *reader) error {
	h := &m.Header
	need := m.bytes()
	if d.tooLarge(need) {
		return d.err
	}
	objective := rootOf{root: -1, sign: 1}
	name := h.Title
	if name == "" || name == "unknown" {
		name = d.name
	}
	pr := &constrained.Problem{Name: name, N: h.Variables, M: h.Constraints, Lower: d.lower, Upper: d.upper, CLower: d.cLower, CUpper: d.cUpper}
	if len(m.objectives) > 0 {
		o := &m.objectives[0]
		pr.Maximize = o.maximize
		objective.root = o.root
		if o.maximize {
			objective.sign = -1
		}
		objective.column, objective.value = o.linear.row(o.row)
	}
	if len(m.objectives) > 1 {
		m.Warnings = append(m.Warnings, fmt.Sprintf("%d objectives: the first one counts", len(m.objectives)))
	}
	roots := []rootOf{objective}
	for _, b := range m.constraints {
		column, value := m.jacobian.row(b.row)
		roots = append(roots, rootOf{b.root, 1, column, value})
	}
	c, err := compile(ctx, &m.graph, h.Variables, roots)
	if err != nil {
		return err
	}
	budget := memory{name: d.name, used: need, limit: d.limit}
	if err := c.buildGradients(ctx, budget); err != nil {
		return err
	}
	budget.used += 8*int64(len(c.partial)) + 12*int64(len(c.steps)) + 12*int64(len(c.column))
	if err := c.buildHessian(ctx, budget); err != nil {
		return err
	}
	p := c.program
	p.value = make([]float64, p.n+len(p.nodes))
	pr.Functions = p
	pr.Linear = make([]bool, pr.M)
	for i := range pr.Linear {
		pr.Linear[i] = p.functions[i+1].affine
	}
	pr.X0 = m.x0
	if pr.X0 == nil {
		pr.X0 = make([]float64, pr.N)
	}
	if m.y0 != nil {
		pr.Y0 = make([]float64, pr.M)
		for i, v := range m.y0 {
			pr.Y0[i] = m.dual(v)
		}
	}
	m.Problem = pr
	return nil
}

// dual turns the multiplier of this module into one of a file, and back: files
// have the derivative of the objective, as the model states it, by the limit.
func (m *Model) dual(y float64) float64 {
	if len(m.objectives) > 0 && m.objectives[0].maximize {
		return y
	}
	return 0 - y
}
