package constrained

import "math"

// The exact augmented Lagrangian of equations c = 0,
//
//	M(x,y) = f + yᵀc + (ε₁/2)‖c‖² + (ε₂/2)‖∇ₓL‖²,  L = f + yᵀc,
//
//	∂M/∂x = ∇ₓL + ε₂ H∇ₓL + ε₁ ∇cᵀc,  ∂M/∂y = c + ε₂ ∇c∇ₓL,  H = ∇²ₓₓL.
//
// For ε₁ large and ε₂ small its local minima are those of the program with their
// multipliers, and the Newton step of the conditions of Karush, Kuhn and Tucker
// descends (Hong, Na, Mahoney & Kolar 2023; Zavala & Anitescu, Scalable nonlinear
// programming via exact differentiable penalty functions and trust-region Newton
// methods, SIAM J. Optim. 24, 2014).
type merit struct{ e1, e2 float64 }

// value is M; gl is ∇ₓL. Numbers that are not finite give +Inf.
func (m merit) value(f float64, y, c, gl []float64) float64 {
	v := f + dot(y, c) + m.e1/2*dot(c, c) + m.e2/2*dot(gl, gl)
	if math.IsNaN(v) {
		return math.Inf(1)
	}
	return v
}

// rounding is how much of M may be rounding.
func (m merit) rounding(f float64, y, c, gl []float64) float64 {
	sum := math.Abs(f) + m.e1/2*dot(c, c) + m.e2/2*dot(gl, gl)
	for i, v := range y {
		sum += math.Abs(v * c[i])
	}
	const ulp = 0x1p-52
	return 10 * ulp * sum
}

// slopes holds what the directional derivative of M is made of, so that it is known
// for every ε₁ and ε₂: M′(d) = lagrangian + ε₁ feasibility + ε₂ curvature.
type slopes struct{ lagrangian, feasibility, curvature float64 }

func (m merit) slope(s slopes) float64 {
	return s.lagrangian + m.e1*s.feasibility + m.e2*s.curvature
}

// meritTerms are the vectors of the gradient of M.
type meritTerms struct {
	gl, c    []float64 // ∇ₓL and c
	hgl, jtc []float64 // H∇ₓL and ∇cᵀc
	jgl      []float64 // ∇c∇ₓL
}

func newMeritTerms(q *program, gl []float64) *meritTerms {
	return &meritTerms{
		gl: gl, hgl: make([]float64, q.n), jtc: make([]float64, q.n), jgl: make([]float64, q.m),
	}
}

// lagrangianGradient writes ∇f + ∇cᵀy.
func (q *program) lagrangianGradient(gl []float64, pt *point, y []float64) {
	copy(gl, pt.g)
	q.addJacobianTrans(gl, pt.jac, y)
}

// at takes the terms at pt and y, h being the Hessian of the Lagrangian there, and
// gl set already.
func (t *meritTerms) at(q *program, pt *point, h []float64) {
	t.c = pt.c
	q.mulHessian(t.hgl, h, t.gl)
	clear(t.jtc)
	q.addJacobianTrans(t.jtc, pt.jac, pt.c)
	q.mulJacobian(t.jgl, pt.jac, t.gl)
}

// along gives the parts of the derivative along d = (p,q).
func (t *meritTerms) along(d []float64) slopes {
	p, q := d[:len(t.gl)], d[len(t.gl):]
	return slopes{
		lagrangian:  dot(t.gl, p) + dot(t.c, q),
		feasibility: dot(t.jtc, p),
		curvature:   dot(t.hgl, p) + dot(t.jgl, q),
	}
}
