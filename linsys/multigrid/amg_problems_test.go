package multigrid

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"solve/internal/kern"
	"solve/internal/rng"
	"solve/matrix"
	"solve/matrix/matio"
)

const sharedMatrices = "../../../shared/data/linsys"

// sharedMatrix reads a matrix of the collection with known answers.
func sharedMatrix(t testing.TB, name string) *matrix.CSR {
	t.Helper()
	for _, ext := range []string{".mtx", ".mtx.gz"} {
		path := filepath.Join(sharedMatrices, name+ext)
		if _, err := os.Stat(path); err != nil {
			continue
		}
		f, err := matio.ReadFile(path, nil)
		if err != nil {
			t.Fatal(err)
		}
		return f.Sparse
	}
	t.Skipf("%s is not in %s", name, sharedMatrices)
	return nil
}

func poisson(t testing.TB, nx, ny, nz int) *matrix.CSR {
	t.Helper()
	s := &matrix.Stencil{Nx: nx, Ny: ny, Nz: nz, X: -1, Y: -1, Z: -1}
	for _, n := range []int{nx, ny, nz} {
		if n > 1 {
			s.Centre += 2
		}
	}
	a, err := s.ToCSR()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// stencil9 is the matrix of a 3×3 stencil on an n×n grid with zeros around.
func stencil9(t testing.TB, n int, w [3][3]float64) *matrix.CSR {
	t.Helper()
	b, err := matrix.NewCOO(n*n, n*n, 9*n*n)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		for j := range n {
			for di := -1; di <= 1; di++ {
				for dj := -1; dj <= 1; dj++ {
					if ii, jj := i+di, j+dj; ii >= 0 && ii < n && jj >= 0 && jj < n && w[di+1][dj+1] != 0 {
						_ = b.Append(i*n+j, ii*n+jj, w[di+1][dj+1])
					}
				}
			}
		}
	}
	return toCSR(t, b)
}

// rotated is the bilinear finite-element matrix of −div(Q diag(1,ε) Qᵀ ∇u) on
// a square grid, rotated by the angle.
func rotated(t testing.TB, n int, eps, angle float64) *matrix.CSR {
	c, s := math.Cos(angle), math.Sin(angle)
	cc, ss, cs := c*c, s*s, c*s
	a := (-1*eps-1)*cc + (-1*eps-1)*ss + (3*eps-3)*cs
	b := (2*eps-4)*cc + (-4*eps+2)*ss
	d := (-1*eps-1)*cc + (-1*eps-1)*ss + (-3*eps+3)*cs
	e := (-4*eps+2)*cc + (2*eps-4)*ss
	f := (8*eps+8)*cc + (8*eps+8)*ss
	return stencil9(t, n, [3][3]float64{{a / 6, b / 6, d / 6}, {e / 6, f / 6, e / 6}, {d / 6, b / 6, a / 6}})
}

func toCSR(t testing.TB, b *matrix.COO) *matrix.CSR {
	t.Helper()
	a, _, err := b.ToCSR()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// laplacian is D − W of weighted links, plus shift on the diagonal.
func laplacian(t testing.TB, n int, links [][2]int, weight func(k int) float64, shift float64) *matrix.CSR {
	t.Helper()
	b, err := matrix.NewCOO(n, n, 4*len(links)+n)
	if err != nil {
		t.Fatal(err)
	}
	for k, l := range links {
		w := weight(k)
		_ = b.Append(l[0], l[0], w)
		_ = b.Append(l[1], l[1], w)
		_ = b.Append(l[0], l[1], -w)
		_ = b.Append(l[1], l[0], -w)
	}
	for i := range n {
		_ = b.Append(i, i, shift)
	}
	return toCSR(t, b)
}

// geometricGraph links random points of the unit square that lie within a
// radius, about eight neighbours each.
func geometricGraph(n int, seed uint64) [][2]int {
	s := rng.New(seed)
	r := math.Sqrt(8 / (math.Pi * float64(n)))
	cells := int(1 / r)
	grid := make([][]int, cells*cells)
	x, y := make([]float64, n), make([]float64, n)
	var links [][2]int
	for i := range n {
		x[i], y[i] = s.Float64(), s.Float64()
		cx, cy := min(int(x[i]*float64(cells)), cells-1), min(int(y[i]*float64(cells)), cells-1)
		for dx := -1; dx <= 1; dx++ {
			for dy := -1; dy <= 1; dy++ {
				if gx, gy := cx+dx, cy+dy; gx >= 0 && gx < cells && gy >= 0 && gy < cells {
					for _, j := range grid[gx*cells+gy] {
						if math.Hypot(x[i]-x[j], y[i]-y[j]) < r {
							links = append(links, [2]int{i, j})
						}
					}
				}
			}
		}
		grid[cx*cells+cy] = append(grid[cx*cells+cy], i)
	}
	return links
}

// triangulated is the linear finite-element Laplacian on an n×n grid of
// displaced points whose squares are cut along random diagonals, numbered at
// random, with zero values on the outside.
func triangulated(t testing.TB, n int, seed uint64) *matrix.CSR {
	t.Helper()
	s := rng.New(seed)
	m := n + 2
	x, y := make([]float64, m*m), make([]float64, m*m)
	for i := range m {
		for j := range m {
			x[i*m+j] = float64(i) + 0.6*(s.Float64()-0.5)
			y[i*m+j] = float64(j) + 0.6*(s.Float64()-0.5)
		}
	}
	perm := s.Perm(n * n)
	number := func(p int) int {
		i, j := p/m, p%m
		if i == 0 || j == 0 || i == m-1 || j == m-1 {
			return -1
		}
		return perm[(i-1)*n+j-1]
	}
	b, err := matrix.NewCOO(n*n, n*n, 18*m*m)
	if err != nil {
		t.Fatal(err)
	}
	triangle := func(p ...int) {
		var gx, gy [3]float64
		for k := range 3 {
			u, v := p[(k+1)%3], p[(k+2)%3]
			gx[k], gy[k] = y[u]-y[v], x[v]-x[u]
		}
		area2 := math.Abs(gx[0]*gy[1] - gx[1]*gy[0])
		for k := range 3 {
			for l := range 3 {
				if i, j := number(p[k]), number(p[l]); i >= 0 && j >= 0 {
					_ = b.Append(i, j, (gx[k]*gx[l]+gy[k]*gy[l])/(2*area2))
				}
			}
		}
	}
	for i := range m - 1 {
		for j := range m - 1 {
			p, q, r, u := i*m+j, (i+1)*m+j, (i+1)*m+j+1, i*m+j+1
			if s.Below(2) == 0 {
				triangle(p, q, r)
				triangle(p, r, u)
			} else {
				triangle(p, q, u)
				triangle(q, r, u)
			}
		}
	}
	return toCSR(t, b)
}

func normals(n int, seed uint64) []float64 {
	s := rng.New(seed)
	x := make([]float64, n)
	for i := range x {
		x[i] = s.Normal()
	}
	return x
}

// conjugateGradients solves A x = b to a relative residual and returns the
// iterations, limit+1 if they did not suffice, and the true residual.
func conjugateGradients(a *matrix.CSR, m interface{ Apply(z, r []float64) }, b []float64, tol float64, limit int) (k int, x []float64, residual float64) {
	n := len(b)
	op := a.Parallel(0)
	x = make([]float64, n)
	r := append([]float64(nil), b...)
	z, q := make([]float64, n), make([]float64, n)
	norm := math.Sqrt(kern.Dot(b, b))
	m.Apply(z, r)
	p := append([]float64(nil), z...)
	gamma := kern.Dot(r, z)
	for k = 1; k <= limit; k++ {
		op.MulVecTo(q, false, p)
		alpha := gamma / kern.Dot(p, q)
		if rr := kern.CGUpdate(alpha, p, q, x, r); math.Sqrt(rr) <= tol*norm {
			break
		}
		m.Apply(z, r)
		next := kern.Dot(r, z)
		beta := next / gamma
		gamma = next
		kern.Xpby(z, beta, p)
	}
	a.MulVecTo(q, false, x)
	for i := range q {
		q[i] = b[i] - q[i]
	}
	return k, x, math.Sqrt(kern.Dot(q, q)) / norm
}
