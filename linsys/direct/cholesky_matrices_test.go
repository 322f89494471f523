package direct

import (
	"context"
	"fmt"
	"math"
	"testing"

	"solve/internal/rng"
	"solve/matrix"
)

// grid is the 5- or 7-point Laplacian with step 1 and zero boundary values.
func grid(tb testing.TB, nx, ny, nz int) *matrix.CSR {
	tb.Helper()
	s := matrix.Stencil{Nx: nx, Ny: ny, Nz: nz, Centre: 6, X: -1, Y: -1, Z: -1}
	if nx == 1 {
		s.Centre = 4
		if ny == 1 {
			s.Centre = 2
		}
	}
	a, err := s.ToCSR()
	if err != nil {
		tb.Fatal(err)
	}
	return a
}

// randomSPD has about perRow entries in each row off the diagonal and is
// diagonally dominant; rows differ in scale by up to 2^20.
func randomSPD(tb testing.TB, n, perRow int, seed uint64) *matrix.CSR {
	tb.Helper()
	r := rng.New(seed)
	coo, err := matrix.NewCOO(n, n, 0)
	if err != nil {
		tb.Fatal(err)
	}
	scale := make([]float64, n)
	for i := range scale {
		scale[i] = math.Exp2(float64(r.Uint64() % 20))
	}
	diag := make([]float64, n)
	for i := range n {
		for range perRow / 2 {
			j := int(r.Uint64() % uint64(n))
			if i == j {
				continue
			}
			v := r.Float64() - 0.5
			diag[i] += math.Abs(v)
			diag[j] += math.Abs(v)
			coo.Append(i, j, v*scale[i]*scale[j])
			coo.Append(j, i, v*scale[i]*scale[j])
		}
	}
	for i, d := range diag {
		coo.Append(i, i, (d+0.01)*scale[i]*scale[i])
	}
	a, _, err := coo.ToCSR()
	if err != nil {
		tb.Fatal(err)
	}
	return a
}

func factored(tb testing.TB, a *matrix.CSR, opt *AnalyzeOptions, threads int) *Cholesky {
	tb.Helper()
	s, err := AnalyzeCholesky(context.Background(), a, opt)
	if err != nil {
		tb.Fatal(err)
	}
	c, err := s.Factor(tb.Context(), a, threads)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// denseOf writes a out in the order of elimination of s, row by row.
func denseOf(a *matrix.CSR, perm []int32) []float64 {
	n := a.Rows
	place := inverse(perm)
	d := make([]float64, n*n)
	a.DoNonZero(func(i, j int, v float64) { d[int(place[i])*n+int(place[j])] = v })
	return d
}

// multifrontal factors a by fronts, however small it is.
func multifrontal(tb testing.TB, a *matrix.CSR, opt *AnalyzeOptions, threads int) *Cholesky {
	tb.Helper()
	s, o, err := orderCholesky(tb.Context(), a, opt)
	if err == nil {
		err = s.planFronts(tb.Context(), a, o)
	}
	if err != nil {
		tb.Fatal(err)
	}
	c, err := s.Factor(tb.Context(), a, threads)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// methods are the ways to compute a factor.
var methods = map[string]func(testing.TB, *matrix.CSR, *AnalyzeOptions, int) *Cholesky{"chosen": factored, "by fronts": multifrontal}

// denseFactor writes Lᵀ out, n×n and row by row.
func (c *Cholesky) denseFactor() []float64 {
	n, t, p := c.s.n, c.s.tree, &c.s.plan
	d := make([]float64, n*n)
	switch f := c.plain.(type) {
	case *denseFactor:
		copy(d, f.u)
		for i := range n {
			clear(d[i*n : i*n+i])
		}
		return d
	case *simplicial:
		for k := range n {
			d[k*n+k] = 1 / f.inverse[k]
			for e := f.start[k]; e < f.start[k+1]; e++ {
				d[k*n+int(f.row[e])] = f.val[e]
			}
		}
		return d
	}
	for q := range int32(t.count()) {
		first, w := int(t.first[q]), t.width(q)
		for k := range w {
			row := c.l[p.panel[q]+k*int(p.stride[q]):]
			copy(d[(first+k)*n+first+k:(first+k)*n+first+w], row[k:w])
			for j, i := range t.below(q) {
				d[(first+k)*n+int(i)] = row[w+j]
			}
		}
	}
	return d
}

func frobenius(x []float64) float64 {
	sum := 0.
	for _, v := range x {
		sum += v * v
	}
	return math.Sqrt(sum)
}

// arrow is a matrix whose last row is full: one supernode has n−1 children.
func arrow(tb testing.TB, n int) *matrix.CSR {
	tb.Helper()
	coo, err := matrix.NewCOO(n, n, 0)
	if err != nil {
		tb.Fatal(err)
	}
	for i := range n {
		coo.Append(i, i, float64(n+i))
		if i < n-1 {
			coo.Append(i, n-1, 1)
			coo.Append(n-1, i, 1)
		}
	}
	a, _, err := coo.ToCSR()
	if err != nil {
		tb.Fatal(err)
	}
	return a
}

type named struct {
	name string
	a    *matrix.CSR
}

func testMatrices(tb testing.TB) []named {
	list := []named{
		{"path", grid(tb, 1, 1, 40)},
		{"grid", grid(tb, 1, 17, 23)},
		{"cube", grid(tb, 8, 7, 9)},
		{"arrow", arrow(tb, 50)},
		{"one", grid(tb, 1, 1, 1)},
	}
	for seed, perRow := range []int{0, 2, 3, 5, 8, 30, 200} {
		list = append(list, named{fmt.Sprintf("random%d", perRow), randomSPD(tb, 160, perRow, uint64(seed))})
	}
	return list
}

var orderings = []string{"auto", "amd", "nd", "best", "natural"}
