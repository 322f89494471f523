package sif

import (
	"math"
	"path/filepath"
	"testing"
)

// moved is the start, moved a little in every variable.
func moved(m *Model) []float64 {
	x := make([]float64, m.Problem.N)
	for j := range x {
		v := m.Problem.X0[j]
		x[j] = v + 0.1*math.Max(1, math.Abs(v))*math.Sin(1.7*float64(j)+0.6)
	}
	return x
}

// plainGap is the largest relative difference between the two ways to evaluate.
func plainGap(t testing.TB, m *Model, x []float64) float64 {
	t.Helper()
	v := at(m, x)
	w, err := m.Plain(x)
	if err != nil {
		t.Fatal(err)
	}
	gap := apart(v.f, w.Objective)
	for j := range v.g {
		gap = math.Max(gap, apart(v.g[j], w.Gradient[j]))
	}
	start, columns := m.Problem.JacobianPattern()
	for i := range m.Problem.M {
		gap = math.Max(gap, apart(v.c[i], w.Constraints[i]))
		row := map[int32]float64{}
		cols, vals := w.Jacobian.Row(i)
		for k, j := range cols {
			row[j] = vals[k]
		}
		for k := start[i]; k < start[i+1]; k++ {
			gap = math.Max(gap, apart(v.jac[k], row[columns[k]]))
			delete(row, columns[k])
		}
		for _, rest := range row {
			gap = math.Max(gap, apart(rest, 0))
		}
	}
	c := make([]float64, m.Problem.M)
	f := m.Problem.Values(x, c)
	gap = math.Max(gap, apart(f, v.f))
	for i := range c {
		gap = math.Max(gap, apart(c[i], v.c[i]))
	}
	return gap
}

// hessianGap compares the Hessian of σf + yᵀc with central differences of its
// gradient, along one direction.
func hessianGap(m *Model, x []float64) float64 {
	p := m.Problem
	const sigma = 0.7
	y := make([]float64, p.M)
	for i := range y {
		y[i] = math.Cos(float64(i) + 0.3)
	}
	lagrangian := func(x []float64) []float64 {
		v := at(m, x)
		start, columns := p.JacobianPattern()
		g := make([]float64, p.N)
		for j := range g {
			g[j] = sigma * v.g[j]
		}
		for i := range p.M {
			for k := start[i]; k < start[i+1]; k++ {
				g[columns[k]] += y[i] * v.jac[k]
			}
		}
		return g
	}
	start, columns := p.HessianPattern()
	h := make([]float64, start[p.N])
	p.Hessian(x, sigma, y, h)
	direction, product := make([]float64, p.N), make([]float64, p.N)
	for j := range direction {
		direction[j] = math.Cos(3*float64(j) + 1)
	}
	size := 1.0
	for i := range p.N {
		for k := start[i]; k < start[i+1]; k++ {
			j := columns[k]
			product[i] += h[k] * direction[j]
			if int(j) != i {
				product[j] += h[k] * direction[i]
			}
			size = math.Max(size, math.Abs(h[k]))
		}
	}
	const step = 1e-5
	ahead, behind := make([]float64, p.N), make([]float64, p.N)
	for j := range x {
		ahead[j], behind[j] = x[j]+step*direction[j], x[j]-step*direction[j]
	}
	g1, g0 := lagrangian(ahead), lagrangian(behind)
	gap := 0.0
	for j := range x {
		size = math.Max(size, math.Max(math.Abs(g1[j]), math.Abs(g0[j])))
	}
	for j := range x {
		gap = math.Max(gap, math.Abs((g1[j]-g0[j])/(2*step)-product[j])/size)
	}
	return gap
}

// TestDerivatives holds the functions of all files of the collection against the
// interpreter, against differences and against the cards of the files.
func TestDerivatives(t *testing.T) {
	for _, file := range sharedFiles(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			m := readFile(t, file, nil)
			start, _ := m.Problem.JacobianPattern()
			here, there := at(m, m.Problem.X0), at(m, moved(m))
			for i, linear := range m.Problem.Linear {
				for k := start[i]; linear && k < start[i+1]; k++ {
					if here.jac[k] != there.jac[k] {
						t.Errorf("constraint %d is called linear, but a derivative changes from %v to %v", i, here.jac[k], there.jac[k])
					}
				}
			}
			for _, x := range [][]float64{m.Problem.X0, moved(m)} {
				if gap := plainGap(t, m, x); gap > 1e-12 {
					t.Errorf("the interpreter differs by %.1e", gap)
				}
				if gap := hessianGap(m, x); !(gap <= 1e-7) {
					t.Errorf("the Hessian differs from differences by %.1e", gap)
				}
				differences, err := m.CheckDerivatives(x)
				if err != nil {
					t.Error(err)
				}
				for _, d := range differences {
					t.Errorf("%+v", d)
				}
			}
		})
	}
}
