package constrained

import "math"

// jet is a number with its gradient and Hessian, for problems written as formulas.
type jet struct {
	v float64
	g []float64
	h [][]float64
}

func constant(n int, v float64) jet {
	j := jet{v: v, g: make([]float64, n), h: make([][]float64, n)}
	for i := range j.h {
		j.h[i] = make([]float64, n)
	}
	return j
}

// chain is φ(a) with φ, φ', φ” at a.
func (a jet) chain(v, d, dd float64) jet {
	r := constant(len(a.g), v)
	for i := range a.g {
		r.g[i] = d * a.g[i]
		for k := range a.g {
			r.h[i][k] = d*a.h[i][k] + dd*a.g[i]*a.g[k]
		}
	}
	return r
}

func (a jet) add(bs ...jet) jet {
	r := a.chain(a.v, 1, 0)
	for _, b := range bs {
		r.v += b.v
		for i := range a.g {
			r.g[i] += b.g[i]
			for k := range a.g {
				r.h[i][k] += b.h[i][k]
			}
		}
	}
	return r
}

func (a jet) mul(bs ...jet) jet {
	r := a
	for _, b := range bs {
		s := constant(len(a.g), r.v*b.v)
		for i := range a.g {
			s.g[i] = r.v*b.g[i] + b.v*r.g[i]
			for k := range a.g {
				s.h[i][k] = r.v*b.h[i][k] + b.v*r.h[i][k] + r.g[i]*b.g[k] + b.g[i]*r.g[k]
			}
		}
		r = s
	}
	return r
}

func (a jet) plus(c float64) jet  { return a.chain(a.v+c, 1, 0) }
func (a jet) times(c float64) jet { return a.chain(a.v*c, c, 0) }
func (a jet) sub(b jet) jet       { return a.add(b.times(-1)) }
func (a jet) sq() jet             { return a.pow(2) }
func (a jet) log() jet            { return a.chain(math.Log(a.v), 1/a.v, -1/(a.v*a.v)) }
func (a jet) sin() jet            { s, c := math.Sincos(a.v); return a.chain(s, c, -s) }

func (a jet) pow(p float64) jet {
	at := func(c, e float64) float64 {
		if c == 0 {
			return 0
		}
		return c * math.Pow(a.v, e)
	}
	return a.chain(math.Pow(a.v, p), at(p, p-1), at(p*(p-1), p-2))
}

// formula gives Functions with dense patterns by jets.
type formula struct {
	n, m int
	at   func(x []jet) (f jet, c []jet)
}

func (t formula) jets(x []float64) (jet, []jet) {
	v := make([]jet, t.n)
	for i := range v {
		v[i] = constant(t.n, x[i])
		v[i].g[i] = 1
	}
	return t.at(v)
}

func (t formula) Values(x, c []float64) float64 {
	f, rows := t.jets(x)
	for i, r := range rows {
		c[i] = r.v
	}
	return f.v
}

func (t formula) First(x, c, gradient, jacobian []float64) float64 {
	f, rows := t.jets(x)
	copy(gradient, f.g)
	for i, r := range rows {
		c[i] = r.v
		copy(jacobian[i*t.n:], r.g)
	}
	return f.v
}

func (t formula) Hessian(x []float64, sigma float64, y, hessian []float64) {
	f, rows := t.jets(x)
	at := 0
	for i := range t.n {
		for k := range i + 1 {
			hessian[at] = sigma * f.h[i][k]
			for l, r := range rows {
				hessian[at] += y[l] * r.h[i][k]
			}
			at++
		}
	}
}

func (t formula) JacobianPattern() (start []int64, column []int32) {
	start = []int64{0}
	for range t.m {
		for j := range t.n {
			column = append(column, int32(j))
		}
		start = append(start, int64(len(column)))
	}
	return start, column
}

func (t formula) HessianPattern() (start []int64, column []int32) {
	start = []int64{0}
	for i := range t.n {
		for j := range i + 1 {
			column = append(column, int32(j))
		}
		start = append(start, int64(len(column)))
	}
	return start, column
}

var inf = math.Inf(1)

// write makes a Problem of a formula: limits of constraints, bounds (nil = none).
func write(name string, x0 []float64, cl, cu, lo, hi []float64, at func(x []jet) (jet, []jet)) *Problem {
	return &Problem{
		Name: name, N: len(x0), M: len(cl), X0: x0, CLower: cl, CUpper: cu, Lower: lo, Upper: hi,
		Functions: formula{len(x0), len(cl), at},
	}
}

func zeros(n int) []float64 { return make([]float64, n) }

func filled(n int, v float64) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = v
	}
	return x
}

// known is a problem with its optimal value.
type known struct {
	p *Problem
	f float64
	x []float64 // nil = not unique or not known
}

// equations are problems of Hock and Schittkowski, and others, with equations only.
func equations() []known {
	return []known{
		{write("HS6", []float64{-1.2, 1}, zeros(1), zeros(1), nil, nil, func(x []jet) (jet, []jet) {
			return x[0].times(-1).plus(1).sq(), []jet{x[1].sub(x[0].sq()).times(10)}
		}), 0, []float64{1, 1}},
		{write("HS7", []float64{2, 2}, filled(1, 4), filled(1, 4), nil, nil, func(x []jet) (jet, []jet) {
			return x[0].sq().plus(1).log().sub(x[1]), []jet{x[0].sq().plus(1).sq().add(x[1].sq())}
		}), -math.Sqrt(3), []float64{0, math.Sqrt(3)}},
		{write("HS26", []float64{-2.6, 2, 2}, zeros(1), zeros(1), nil, nil, func(x []jet) (jet, []jet) {
			return x[0].sub(x[1]).sq().add(x[1].sub(x[2]).pow(4)), []jet{x[0].mul(x[1].sq().plus(1)).add(x[2].pow(4)).plus(-3)}
		}), 0, nil},
		{write("HS27", []float64{2, 2, 2}, zeros(1), zeros(1), nil, nil, func(x []jet) (jet, []jet) {
			return x[0].plus(-1).sq().times(0.01).add(x[1].sub(x[0].sq()).sq()), []jet{x[0].add(x[2].sq()).plus(1)}
		}), 0.04, nil},
		{write("HS28", []float64{-4, 1, 1}, zeros(1), zeros(1), nil, nil, func(x []jet) (jet, []jet) {
			return x[0].add(x[1]).sq().add(x[1].add(x[2]).sq()), []jet{x[0].add(x[1].times(2), x[2].times(3)).plus(-1)}
		}), 0, []float64{0.5, -0.5, 0.5}},
		{write("HS39", []float64{2, 2, 2, 2}, zeros(2), zeros(2), nil, nil, func(x []jet) (jet, []jet) {
			return x[0].times(-1), []jet{x[1].sub(x[0].pow(3)).sub(x[2].sq()), x[0].sq().sub(x[1]).sub(x[3].sq())}
		}), -1, []float64{1, 1, 0, 0}},
		{write("HS40", filled(4, 0.8), zeros(3), zeros(3), nil, nil, func(x []jet) (jet, []jet) {
			return x[0].mul(x[1], x[2], x[3]).times(-1), []jet{
				x[0].pow(3).add(x[1].sq()).plus(-1), x[0].sq().mul(x[3]).sub(x[2]), x[3].sq().sub(x[1]),
			}
		}), -0.25, nil},
		{write("HS42", filled(4, 1), zeros(2), zeros(2), nil, nil, func(x []jet) (jet, []jet) {
			f := x[0].plus(-1).sq()
			for i := 1; i < 4; i++ {
				f = f.add(x[i].plus(-float64(i + 1)).sq())
			}
			return f, []jet{x[0].plus(-2), x[2].sq().add(x[3].sq()).plus(-2)}
		}), 28 - 10*math.Sqrt2, nil},
		{write("HS48", []float64{3, 5, -3, 2, -2}, zeros(2), zeros(2), nil, nil, func(x []jet) (jet, []jet) {
			return x[0].plus(-1).sq().add(x[1].sub(x[2]).sq(), x[3].sub(x[4]).sq()), []jet{
				x[0].add(x[1], x[2], x[3], x[4]).plus(-5), x[2].sub(x[3].add(x[4]).times(2)).plus(3),
			}
		}), 0, filled(5, 1)},
		{write("HS51", []float64{2.5, 0.5, 2, -1, 0.5}, zeros(3), zeros(3), nil, nil, func(x []jet) (jet, []jet) {
			return x[0].sub(x[1]).sq().add(x[1].add(x[2]).plus(-2).sq(), x[3].plus(-1).sq(), x[4].plus(-1).sq()), []jet{
				x[0].add(x[1].times(3)).plus(-4), x[2].add(x[3]).sub(x[4].times(2)), x[1].sub(x[4]),
			}
		}), 0, filled(5, 1)},
		{write("HS52", filled(5, 2), zeros(3), zeros(3), nil, nil, func(x []jet) (jet, []jet) {
			return x[0].times(4).sub(x[1]).sq().add(x[1].add(x[2]).plus(-2).sq(), x[3].plus(-1).sq(), x[4].plus(-1).sq()), []jet{
				x[0].add(x[1].times(3)), x[2].add(x[3]).sub(x[4].times(2)), x[1].sub(x[4]),
			}
		}), 1859.0 / 349, nil},
		{write("BT3", filled(5, 20), zeros(3), zeros(3), nil, nil, func(x []jet) (jet, []jet) {
			return x[0].sub(x[1]).sq().add(x[1].add(x[2]).plus(-2).sq(), x[3].plus(-1).sq(), x[4].plus(-1).sq()), []jet{
				x[0].add(x[1].times(3)), x[2].add(x[3]).sub(x[4].times(2)), x[1].sub(x[4]),
			}
		}), 176.0 / 43, nil},
		{write("HS77", filled(5, 2), zeros(2), zeros(2), nil, nil, func(x []jet) (jet, []jet) {
			return x[0].plus(-1).sq().add(x[0].sub(x[1]).sq(), x[2].plus(-1).sq(), x[3].plus(-1).pow(4), x[4].plus(-1).pow(6)), []jet{
				x[0].sq().mul(x[3]).add(x[3].sub(x[4]).sin()).plus(-2 * math.Sqrt2),
				x[1].add(x[2].pow(4).mul(x[3].sq())).plus(-8 - math.Sqrt2),
			}
		}), 0.24150512879, nil},
		{write("BT1", []float64{0.08, 0.06}, zeros(1), zeros(1), nil, nil, func(x []jet) (jet, []jet) {
			r := x[0].sq().add(x[1].sq()).plus(-1)
			return r.times(100).sub(x[0]), []jet{r}
		}), -1, []float64{1, 0}},
		{write("MARATOS", []float64{1.1, 0.1}, zeros(1), zeros(1), nil, nil, func(x []jet) (jet, []jet) {
			r := x[0].sq().add(x[1].sq()).plus(-1)
			return r.times(1e-6).sub(x[0]), []jet{r}
		}), -1, []float64{1, 0}},
		{write("HS100LNP", []float64{1, 2, 0, 4, 0, 1, 1}, zeros(2), zeros(2), nil, nil, func(x []jet) (jet, []jet) {
			return hs100(x), []jet{
				x[0].sq().times(2).add(x[1].pow(4).times(3), x[2], x[3].sq().times(4), x[4].times(5)).plus(-127),
				x[0].sq().times(4).add(x[1].sq(), x[0].mul(x[1]).times(-3), x[2].sq().times(2), x[5].times(5), x[6].times(-11)),
			}
		}), 680.6300573744, nil},
	}
}

func hs100(x []jet) jet {
	return x[0].plus(-10).sq().add(
		x[1].plus(-12).sq().times(5), x[2].pow(4), x[3].plus(-11).sq().times(3), x[4].pow(6).times(10),
		x[5].sq().times(7), x[6].pow(4), x[5].mul(x[6]).times(-4), x[5].times(-10), x[6].times(-8))
}

// inequalities are problems with inequalities and bounds.
func inequalities() []known {
	return []known{
		{write("HS71", []float64{1, 5, 5, 1}, []float64{25, 40}, []float64{inf, 40}, filled(4, 1), filled(4, 5), func(x []jet) (jet, []jet) {
			return x[0].mul(x[3], x[0].add(x[1], x[2])).add(x[2]), []jet{
				x[0].mul(x[1], x[2], x[3]), x[0].sq().add(x[1].sq(), x[2].sq(), x[3].sq()),
			}
		}), 17.0140172891520, nil},
		{write("HS35", filled(3, 0.5), []float64{-inf}, []float64{3}, zeros(3), nil, func(x []jet) (jet, []jet) {
			f := x[0].times(-8).plus(9).add(x[1].times(-6), x[2].times(-4), x[0].sq().times(2), x[1].sq().times(2), x[2].sq(), x[0].mul(x[1]).times(2), x[0].mul(x[2]).times(2))
			return f, []jet{x[0].add(x[1], x[2].times(2))}
		}), 1.0 / 9, nil},
		{write("HS76", filled(4, 0.5), []float64{-inf, -inf, 1.5}, []float64{5, 4, inf}, zeros(4), nil, func(x []jet) (jet, []jet) {
			f := x[0].sq().add(x[1].sq().times(0.5), x[2].sq(), x[3].sq().times(0.5), x[0].mul(x[2]).times(-1), x[2].mul(x[3]),
				x[0].times(-1), x[1].times(-3), x[2], x[3].times(-1))
			return f, []jet{
				x[0].add(x[1].times(2), x[2], x[3]), x[0].times(3).add(x[1], x[2].times(2), x[3].times(-1)), x[1].add(x[2].times(4)),
			}
		}), -103.0 / 22, nil},
		{write("HS43", zeros(4), filled(3, -inf), []float64{8, 10, 5}, nil, nil, func(x []jet) (jet, []jet) {
			f := x[0].sq().add(x[1].sq(), x[2].sq().times(2), x[3].sq(), x[0].times(-5), x[1].times(-5), x[2].times(-21), x[3].times(7))
			return f, []jet{
				x[0].sq().add(x[1].sq(), x[2].sq(), x[3].sq(), x[0], x[1].times(-1), x[2], x[3].times(-1)),
				x[0].sq().add(x[1].sq().times(2), x[2].sq(), x[3].sq().times(2), x[0].times(-1), x[3].times(-1)),
				x[0].sq().times(2).add(x[1].sq(), x[2].sq(), x[0].times(2), x[1].times(-1), x[3].times(-1)),
			}
		}), -44, []float64{0, 1, 2, -1}},
		{write("HS21", []float64{-1, -1}, []float64{10}, []float64{inf}, []float64{2, -50}, []float64{50, 50}, func(x []jet) (jet, []jet) {
			return x[0].sq().times(0.01).add(x[1].sq()).plus(-100), []jet{x[0].times(10).sub(x[1])}
		}), -99.96, []float64{2, 0}},
		{write("HS11", []float64{4.9, 0.1}, []float64{0}, []float64{inf}, nil, nil, func(x []jet) (jet, []jet) {
			return x[0].plus(-5).sq().add(x[1].sq()).plus(-25), []jet{x[1].sub(x[0].sq())}
		}), -8.49846423, nil},
	}
}
