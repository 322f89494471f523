package problems

import (
	"cmp"
	"fmt"
	"math"
	"strings"

	"solve/internal/rng"
	"solve/matrix"
)

// rowWords is what a row of a 7-point matrix takes, in float64: entries of
// 12 bytes, a row pointer and what is needed while building.
const rowWords = 14

func sparseInstance(a *matrix.CSR) (*Instance, error) {
	return &Instance{
		Files: []NamedData{{Name: "A", Sparse: a}},
		Notes: []string{fmt.Sprintf("%d unknowns, %d entries", a.Rows, a.NNZ())},
	}, nil
}

// poissonGenerator is the Laplacian on n^dim points with value 0 outside:
// eigenvalues Σ 4 sin²(k_a π / (2(n+1))), k_a = 1…n along each axis a.
func poissonGenerator(dim int) Generator {
	return generator(Generator{
		Name:    fmt.Sprintf("poisson%dd", dim),
		Summary: fmt.Sprintf("%d-point Laplacian, value 0 outside", 2*dim+1),
		Area:    "linsys",
		Params:  []Param{{"n", "int", "32", "points along each side"}},
	}, func(v Values, _ uint64, maxMemory int64) (*Instance, error) {
		n, err := v.Int("n", 1, math.MaxInt32)
		if err != nil {
			return nil, err
		}
		if err := fits("the matrix", rowWords*math.Pow(float64(n), float64(dim)), maxMemory); err != nil {
			return nil, err
		}
		s := &matrix.Stencil{Nx: 1, Ny: n, Nz: n, Centre: float64(2 * dim), Y: -1, Z: -1}
		if dim == 3 {
			s.Nx, s.X = n, -1
		}
		a, err := s.ToCSR()
		if err != nil {
			return nil, err
		}
		return sparseInstance(a)
	})
}

// anisotropicGenerator is −∇·(K∇u) with K = diag(1,1,ε) or the like in three
// dimensions, and in two with K = R diag(1,ε) Rᵀ, R the rotation by an
// angle: bilinear elements, 9 points, where the angle is not 0.
func anisotropicGenerator() Generator {
	return generator(Generator{
		Name:    "anisotropic",
		Summary: "diffusion that is weak along some axes or along a rotated one",
		Area:    "linsys",
		Params: []Param{
			{"n", "int", "32", "points along each side"},
			{"dim", "int", "3", "dimension, 2 or 3"},
			{"eps", "float", "0.01", "strength along the weak axes"},
			{"weak", "string", "z", "the weak axes: x, y, z, xy, xz, yz (dim 2: y, z)"},
			{"angle", "float", "0", "rotation in degrees (dim 2)"},
		},
	}, func(v Values, _ uint64, maxMemory int64) (*Instance, error) {
		n, errN := v.Int("n", 1, math.MaxInt32)
		dim, errDim := v.Int("dim", 2, 3)
		eps, errEps := v.Float("eps", 0)
		angle, errAngle := v.Float("angle", 0)
		axes := []string{"x", "y", "z", "xy", "xz", "yz"}
		if dim == 2 {
			axes = []string{"y", "z"}
		}
		weak, errWeak := v.Choice("weak", axes...)
		if dim == 3 && angle != 0 {
			_, errAngle = v.Choice("angle", "0")
		}
		if err := cmp.Or(errN, errDim, errEps, errWeak, errAngle); err != nil {
			return nil, err
		}
		if err := fits("the matrix", rowWords*math.Pow(float64(n), float64(dim)), maxMemory); err != nil {
			return nil, err
		}
		a, err := anisotropic(n, dim, eps, weak, angle)
		if err != nil {
			return nil, err
		}
		return sparseInstance(a)
	})
}

func anisotropic(n, dim int, eps float64, weak string, angle float64) (*matrix.CSR, error) {
	if angle != 0 {
		return rotated(n, eps, angle*math.Pi/180)
	}
	w := [3]float64{1, 1, 1}
	for a, name := range []string{"x", "y", "z"} {
		if strings.Contains(weak, name) {
			w[a] = eps
		}
	}
	s := &matrix.Stencil{Nx: n, Ny: n, Nz: n, Centre: 2 * (w[0] + w[1] + w[2]), X: -w[0], Y: -w[1], Z: -w[2]}
	if dim == 2 {
		s.Nx, s.X, s.Centre = 1, 0, 2*(w[1]+w[2])
	}
	return s.ToCSR()
}

// rotated is the bilinear-element matrix of K = [[a,b],[b,c]] on n×n nodes:
// a K₁⊗M₁ + c M₁⊗K₁ + 2b D⊗D with K₁ = [−1 2 −1], M₁ = [1 4 1]/6 and
// D = [−1 0 1]/2, with value 0 outside.
func rotated(n int, eps, angle float64) (*matrix.CSR, error) {
	sin, cos := math.Sincos(angle)
	a, c, b := float64(cos*cos)+float64(eps*sin*sin), float64(sin*sin)+float64(eps*cos*cos), (1-eps)*sin*cos
	k1, m1, d1 := [3]float64{-1, 2, -1}, [3]float64{1. / 6, 4. / 6, 1. / 6}, [3]float64{-.5, 0, .5}
	coo, err := matrix.NewCOO(n*n, n*n, 9*n*n)
	if err != nil {
		return nil, err
	}
	for p := range n * n {
		for q := range 9 {
			i, j := p/n+q/3-1, p%n+q%3-1
			if i < 0 || j < 0 || i >= n || j >= n {
				continue
			}
			u, v := q/3, q%3
			value := float64(a*k1[u]*m1[v]) + float64(c*m1[u]*k1[v]) - float64(2*b*d1[u]*d1[v])
			if err := coo.Append(p, i*n+j, value); err != nil {
				return nil, err
			}
		}
	}
	m, _, err := coo.ToCSR()
	return m, err
}

// jumpsGenerator is −∇·(κ∇u) by finite volumes on n³ cells with value 0
// half a cell outside: κ is constant on blocks of cells, log-uniform on
// 10^±contrast (stream 1 of the seed, z fastest) or alternating between the
// ends, and the weight of a face is the harmonic mean of its two cells. The
// outer faces have the weight of their cell.
func jumpsGenerator() Generator {
	return generator(Generator{
		Name:    "jumps",
		Summary: "diffusion whose coefficient jumps from block to block",
		Area:    "linsys",
		Params: []Param{
			{"n", "int", "32", "cells along each side"},
			{"block", "int", "8", "cells along each side of a block"},
			{"contrast", "float", "4", "the coefficient lies between 10 to the minus this and 10 to this"},
			{"kind", "string", "random", "random or checkerboard"},
		},
	}, func(v Values, seed uint64, maxMemory int64) (*Instance, error) {
		n, errN := v.Int("n", 1, 1290)
		block, errBlock := v.Int("block", 1, math.MaxInt32)
		contrast, errContrast := v.Float("contrast", 0)
		kind, errKind := v.Choice("kind", "random", "checkerboard")
		if err := cmp.Or(errN, errBlock, errContrast, errKind); err != nil {
			return nil, err
		}
		if err := fits("the matrix", 2*rowWords*math.Pow(float64(n), 3), maxMemory); err != nil {
			return nil, err
		}
		a, err := jumps(n, block, contrast, kind == "checkerboard", seed)
		if err != nil {
			return nil, err
		}
		return sparseInstance(a)
	})
}

func jumps(n, block int, contrast float64, checkerboard bool, seed uint64) (*matrix.CSR, error) {
	m := (n + block - 1) / block
	blocks := make([]float64, m*m*m)
	draw := rng.NewStream(seed, 1)
	for k := range blocks {
		exponent := contrast * (2*draw.Float64() - 1)
		if checkerboard {
			exponent = contrast * float64(1-2*((k/m/m+k/m%m+k%m)&1))
		}
		blocks[k] = math.Pow(10, exponent)
	}
	return FiniteVolume(n, n, n, [3]float64{1, 1, 1}, func(i, j, k int) float64 {
		return blocks[(i/block*m+j/block)*m+k/block]
	})
}

// FiniteVolume is the matrix of −∇·(κ∇u) on nx×ny×nz unit cells, numbered
// with z fastest: the weight of a face across axis a is scale_a times the
// harmonic mean of its two cells' κ, that of an outer face scale_a·κ with the
// value 0 behind it. Axes with one cell have no outer faces.
func FiniteVolume(nx, ny, nz int, scale [3]float64, kappa func(i, j, k int) float64) (*matrix.CSR, error) {
	n := nx * ny * nz
	coo, err := matrix.NewCOO(n, n, 7*n)
	if err != nil {
		return nil, err
	}
	side, stride := [3]int{nx, ny, nz}, [3]int{ny * nz, nz, 1}
	for c := range n {
		at := [3]int{c / stride[0], c / nz % ny, c % nz}
		own, diagonal := kappa(at[0], at[1], at[2]), 0.
		for a := range 3 {
			if side[a] == 1 {
				continue
			}
			for _, step := range [2]int{-1, 1} {
				other := at
				other[a] += step
				w := scale[a] * own
				if other[a] >= 0 && other[a] < side[a] {
					k := kappa(other[0], other[1], other[2])
					w = scale[a] * (2 * own * k / (own + k))
					if err := coo.Append(c, c+step*stride[a], -w); err != nil {
						return nil, err
					}
				}
				diagonal += w
			}
		}
		if err := coo.Append(c, c, diagonal); err != nil {
			return nil, err
		}
	}
	m, _, err := coo.ToCSR()
	return m, err
}
