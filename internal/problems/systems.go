package problems

import (
	"cmp"
	"fmt"
	"math"

	"solve/internal/rng"
	"solve/matrix"
)

// randomSPDGenerator is the Laplacian of a random graph with random weights,
// plus a multiple of the identity. Its edges join points of the unit square
// that are close to one another (stream 1 of the seed: x, y of each point), a
// stand-in for unstructured meshes, or any two nodes (stream 1: the two ends).
// Weights are |normal| (stream 2, in the order of the edges), times the
// inverse distance between points.
func randomSPDGenerator() Generator {
	return generator(Generator{
		Name:    "random-spd",
		Summary: "weighted Laplacian of a random graph plus a shift: symmetric positive definite, no grid behind it",
		Area:    "linsys",
		Params: []Param{
			{"n", "int", "1000", "unknowns"},
			{"graph", "string", "near", "what is joined: near (points of the unit square) or any (nodes)"},
			{"degree", "int", "7", "edges at a node, on average"},
			{"shift", "float", "0.001", "times the identity is added"},
		},
	}, func(v Values, seed uint64, maxMemory int64) (*Instance, error) {
		n, errN := v.Int("n", 1, math.MaxInt32)
		degree, errDegree := v.Int("degree", 1, 1000)
		shift, errShift := v.Float("shift", 0)
		graph, errGraph := v.Choice("graph", "near", "any")
		if err := cmp.Or(errN, errDegree, errShift, errGraph); err != nil {
			return nil, err
		}
		if err := fits("the matrix", 8*float64(n)*float64(degree+2), maxMemory); err != nil {
			return nil, err
		}
		var edges []edge
		if graph == "near" {
			edges = nearEdges(n, degree, rng.NewStream(seed, 1))
		} else {
			edges = anyEdges(n, degree, rng.NewStream(seed, 1))
		}
		a, err := laplacian(n, edges, shift, rng.NewStream(seed, 2))
		if err != nil {
			return nil, err
		}
		return sparseInstance(a)
	})
}

// edge joins two nodes; its weight is a random number times scale.
type edge struct {
	i, j  int
	scale float64
}

// anyEdges are n·degree/2 pairs of nodes; loops are left out.
func anyEdges(n, degree int, s *rng.Stream) []edge {
	var out []edge
	for range n * degree / 2 {
		if i, j := s.Below(n), s.Below(n); i != j {
			out = append(out, edge{i, j, 1})
		}
	}
	return out
}

// nearEdges join the points that are closer than the radius which gives the
// degree: found in the cells of a raster, in the order of the first point.
func nearEdges(n, degree int, s *rng.Stream) []edge {
	radius := math.Sqrt(float64(degree) / (math.Pi * float64(n)))
	side := max(1, min(int(1/radius), 1<<14))
	x, y := make([]float64, n), make([]float64, n)
	cells := make([][]int32, side*side)
	at := func(t float64) int { return min(int(t*float64(side)), side-1) }
	for i := range n {
		x[i], y[i] = s.Float64(), s.Float64()
		c := at(x[i])*side + at(y[i])
		cells[c] = append(cells[c], int32(i))
	}
	var out []edge
	for i := range n {
		cx, cy := at(x[i]), at(y[i])
		for u := max(0, cx-1); u <= min(side-1, cx+1); u++ {
			for v := max(0, cy-1); v <= min(side-1, cy+1); v++ {
				for _, j := range cells[u*side+v] {
					if d := math.Hypot(x[i]-x[j], y[i]-y[j]); int(j) > i && d < radius {
						out = append(out, edge{i, int(j), radius / max(d, 1e-3*radius)})
					}
				}
			}
		}
	}
	return out
}

func laplacian(n int, edges []edge, shift float64, s *rng.Stream) (*matrix.CSR, error) {
	coo, err := matrix.NewCOO(n, n, n+2*len(edges))
	if err != nil {
		return nil, err
	}
	diag := make([]float64, n)
	for i := range diag {
		diag[i] = shift
	}
	for _, e := range edges {
		w := math.Abs(s.Normal()) * e.scale
		diag[e.i] += w
		diag[e.j] += w
		if err := cmp.Or(coo.Append(e.i, e.j, -w), coo.Append(e.j, e.i, -w)); err != nil {
			return nil, err
		}
	}
	for i, d := range diag {
		if err := coo.Append(i, i, d); err != nil {
			return nil, err
		}
	}
	a, _, err := coo.ToCSR()
	return a, err
}

// convectionGenerator is −ε Δu + w·∇u on n² points with value 0 outside, w a
// unit vector or the recirculating flow (2y(1−x²), −2x(1−y²)) on [−1,1]², by
// upwind differences: an unsymmetric M-matrix, scaled by the squared mesh
// width.
func convectionGenerator() Generator {
	return generator(Generator{
		Name:    "convection",
		Summary: "convection and diffusion by upwind differences: not symmetric",
		Area:    "linsys",
		Params: []Param{
			{"n", "int", "32", "points along each side"},
			{"eps", "float", "0.01", "diffusion"},
			{"angle", "float", "30", "direction of the flow, in degrees"},
			{"flow", "string", "straight", "straight or round"},
		},
	}, func(v Values, _ uint64, maxMemory int64) (*Instance, error) {
		n, errN := v.Int("n", 1, 1<<15)
		eps, errEps := v.Float("eps", 0)
		angle, errAngle := v.Float("angle", -360)
		flow, errFlow := v.Choice("flow", "straight", "round")
		if err := cmp.Or(errN, errEps, errAngle, errFlow); err != nil {
			return nil, err
		}
		if err := fits("the matrix", rowWords*float64(n)*float64(n), maxMemory); err != nil {
			return nil, err
		}
		sin, cos := math.Sincos(angle * math.Pi / 180)
		h := 2 / float64(n+1)
		wind := func(x, y float64) (float64, float64) { return cos, sin }
		if flow == "round" {
			wind = func(x, y float64) (float64, float64) { return 2 * y * (1 - x*x), -2 * x * (1 - y*y) }
		}
		coo, err := matrix.NewCOO(n*n, n*n, 5*n*n)
		if err != nil {
			return nil, err
		}
		for i := range n {
			for j := range n {
				wx, wy := wind(float64(i+1)*h-1, float64(j+1)*h-1)
				if err := upwindRow(coo, n, i, j, eps, wx*h, wy*h); err != nil {
					return nil, err
				}
			}
		}
		a, _, err := coo.ToCSR()
		if err != nil {
			return nil, err
		}
		return sparseInstance(a)
	})
}

// upwindRow adds the row of point (i, j): the flow takes its difference from
// where it comes.
func upwindRow(coo *matrix.COO, n, i, j int, eps, wx, wy float64) error {
	sum := 0.0
	for _, to := range []struct {
		i, j int
		w    float64
	}{{i - 1, j, max(wx, 0)}, {i + 1, j, max(-wx, 0)}, {i, j - 1, max(wy, 0)}, {i, j + 1, max(-wy, 0)}} {
		w := eps + to.w
		sum += w
		if to.i < 0 || to.j < 0 || to.i >= n || to.j >= n {
			continue
		}
		if err := coo.Append(i*n+j, to.i*n+to.j, -w); err != nil {
			return err
		}
	}
	return coo.Append(i*n+j, i*n+j, sum)
}

// saddleGenerator is [[H, Bᵀ], [B, 0]] with H the random-spd matrix of n
// unknowns (graph "any", streams 1 and 2) and B m×n with a 1 in column k of
// row k and four normal numbers elsewhere (stream 3: column, value): n
// positive and m negative eigenvalues.
func saddleGenerator() Generator {
	return generator(Generator{
		Name:    "saddle",
		Summary: "saddle point: symmetric, indefinite, with a zero block on the diagonal",
		Area:    "linsys",
		Params: []Param{
			{"n", "int", "200", "unknowns"},
			{"m", "int", "-1", "constraints, at most n; -1 = three tenths of n"},
		},
	}, func(v Values, seed uint64, maxMemory int64) (*Instance, error) {
		n, errN := v.Int("n", 1, 1<<30)
		m, errM := v.Int("m", -1, 1<<30)
		if err := cmp.Or(errN, errM); err != nil {
			return nil, err
		}
		if m < 0 {
			m = 3 * n / 10
		}
		if m > n {
			_, err := v.Int("m", 0, n)
			return nil, err
		}
		if err := fits("the matrix", 60*float64(n+m), maxMemory); err != nil {
			return nil, err
		}
		h, err := laplacian(n, anyEdges(n, 6, rng.NewStream(seed, 1)), 1, rng.NewStream(seed, 2))
		if err != nil {
			return nil, err
		}
		coo, err := matrix.NewCOO(n+m, n+m, h.NNZ()+10*m)
		if err != nil {
			return nil, err
		}
		h.DoNonZero(func(i, j int, v float64) { err = cmp.Or(err, coo.Append(i, j, v)) })
		s := rng.NewStream(seed, 3)
		for k := range m {
			err = cmp.Or(err, coo.Append(n+k, k, 1), coo.Append(k, n+k, 1))
			for range 4 {
				// Beyond column k only, so that the rows stay independent.
				j, v := k+s.Below(n-k), s.Normal()
				if j == k {
					continue
				}
				err = cmp.Or(err, coo.Append(n+k, j, v), coo.Append(j, n+k, v))
			}
		}
		if err != nil {
			return nil, err
		}
		a, _, err := coo.ToCSR()
		if err != nil {
			return nil, err
		}
		inst, err := sparseInstance(a)
		if err == nil {
			inst.Notes = append(inst.Notes, fmt.Sprintf("inertia: %d positive, %d negative", n, m))
		}
		return inst, err
	})
}
