package constrained

import (
	"context"
	"fmt"
	"math"

	"solve/internal/kern"
	"solve/internal/rng"
	"solve/matrix"
)

// Sketch and project on a symmetric system K z = b: with a random sketch S,
//
//	z ← z − KᵀS (SᵀKKᵀS)⁺ Sᵀ(Kz − b),
//
// the projection of z on the solutions of SᵀKz = Sᵀb. No step takes z farther
// from a solution.
//
// Gower & Richtárik, Randomized iterative methods for linear systems, SIAM J.
// Matrix Anal. Appl. 36 (2015); Strohmer & Vershynin, J. Fourier Anal. Appl. 15
// (2009), for drawing rows by their norms. The steps are those of the equilibrated
// matrix DKD, whose condition their number depends on; their end is judged by
// K itself. A step reads the rows that it needs: the residual of all rows is taken
// once in as many steps as there are unknowns.

const (
	largestPasses = 5    // of equilibration by the largest entries
	normPasses    = 20   // by norms, at most
	equilibrated  = 0.05 // how far from 1 norms may be
	leastRound    = 64   // steps between two looks at the residual, at least
	greedySample  = 8    // rows that the greedy rule compares
	defaultBlock  = 32   // rows of a block sketch
	longRow       = 24   // entries from which on the kernels for sparse rows gain
)

// sketcher solves one system after another. Its draws go on from one to the next.
type sketcher struct {
	kind   string // Kaczmarz, GaussianVector, BlockGaussian, CountSketch or BlockKaczmarz
	prob   string // how Kaczmarz draws rows
	q      int    // of the block sketches; 0 = default
	limit  int64  // bytes
	stream *rng.Stream

	k       *matrix.CSR // as given
	a       *matrix.CSR // DKD
	d       []float64
	inverse []float64 // 1/‖a_i‖², 0 for an empty row
	upTo    []float64 // Σ_{j≤i} ‖a_j‖²
	size    float64   // ‖K‖_F

	z, b, r []float64 // D⁻¹z, Db, and the residual in the units of K
	s, u    []float64 // one sketch and a s
	block   *blockSketch
}

func newSketcher(kind string, q int, prob string, seed uint64, limit int64) *sketcher {
	return &sketcher{kind: kind, q: q, prob: prob, stream: rng.New(seed), limit: limit}
}

// prepare implements linearMethod. The error is a *solver.TooLargeError.
func (s *sketcher) prepare(_ context.Context, k *kkt) error {
	if err := s.take(k.matrix); err != nil {
		return fmt.Errorf("constrained: %w", err)
	}
	return nil
}

// take takes the matrix of the systems to come. It may be called again with other
// values in the same pattern.
func (s *sketcher) take(k *matrix.CSR) error {
	n := k.Rows
	if s.k == nil || s.k.Rows != n || s.k.NNZ() != k.NNZ() {
		s.a = &matrix.CSR{Rows: n, Cols: n, RowPtr: k.RowPtr, Col: k.Col, Val: make([]float64, len(k.Val))}
		space := make([]float64, 8*n)
		for i, v := range []*[]float64{&s.d, &s.inverse, &s.upTo, &s.z, &s.b, &s.r, &s.s, &s.u} {
			*v = space[i*n : (i+1)*n : (i+1)*n]
		}
		if s.kind != Kaczmarz && s.kind != GaussianVector {
			var err error
			if s.block, err = newBlockSketch(s.kind, s.q, n, s.limit); err != nil {
				return err
			}
		}
	}
	s.k = k
	s.size = math.Sqrt(kern.Dot(k.Val, k.Val))
	equilibrate(k, s.a.Val, s.d)
	sum := 0.0
	for i := range n {
		_, val := s.a.Row(i)
		square := kern.Dot(val, val)
		sum += square
		s.upTo[i], s.inverse[i] = sum, 0
		if square > 0 {
			s.inverse[i] = 1 / square
		}
	}
	return nil
}

// equilibrate writes DAD for the symmetric A, with D such that the rows have nearly
// the same norm: passes by the largest entries, which bring badly scaled rows near
// each other fast, then passes by the 2-norms, whose limit is unique, so that it does
// not depend on how A was scaled (Ruiz, A scaling algorithm to equilibrate both rows
// and columns norms in matrices, RAL-TR-2001-034).
func equilibrate(a *matrix.CSR, val, d []float64) {
	for i := range d {
		d[i] = 1
	}
	next := make([]float64, a.Rows)
	for pass := range largestPasses + normPasses {
		worst := 0.0
		for i := range a.Rows {
			size := 0.0
			col, val := a.Row(i)
			for k, j := range col {
				v := math.Abs(val[k]) * d[j]
				if pass < largestPasses {
					size = max(size, v)
				} else {
					size += v * v
				}
			}
			if pass >= largestPasses {
				size = math.Sqrt(size)
			}
			size *= d[i]
			next[i] = d[i]
			if size > 0 && !math.IsInf(size, 1) {
				next[i] /= math.Sqrt(size)
				worst = max(worst, math.Abs(1-size))
			}
		}
		copy(d, next)
		if pass >= largestPasses && worst < equilibrated {
			break
		}
	}
	for i := range a.Rows {
		for k := a.RowPtr[i]; k < a.RowPtr[i+1]; k++ {
			val[k] = d[i] * a.Val[k] * d[a.Col[k]]
		}
	}
}

// improve implements linearMethod. The error is that of ctx.
func (s *sketcher) improve(ctx context.Context, b, z []float64, target float64, steps int) (done int, residual float64, err error) {
	for i, d := range s.d {
		s.b[i], s.z[i] = d*b[i], z[i]/d
	}
	defer func() {
		for i, d := range s.d {
			z[i] = s.z[i] * d
		}
	}()
	round := max(leastRound, len(z))
	for {
		reachable := 0.0
		residual, reachable = s.residual()
		if !(residual > max(target, reachable)) || done >= steps {
			return done, residual, nil
		}
		if err := ctx.Err(); err != nil {
			return done, residual, err
		}
		count := min(round, steps-done)
		switch s.kind {
		case Kaczmarz:
			s.kaczmarz(count)
		case GaussianVector:
			s.gaussian(count)
		default:
			for range count {
				s.block.step(s)
			}
		}
		done += count
	}
}

// residual returns ‖Kz − b‖₂ in the units of K, and what of it may be rounding.
func (s *sketcher) residual() (norm, reachable float64) {
	s.a.MulVecTo(s.r, false, s.z)
	square, zz, bb := 0.0, 0.0, 0.0
	for i, d := range s.d {
		r, z, b := (s.r[i]-s.b[i])/d, s.z[i]*d, s.b[i]/d
		square += r * r
		zz += z * z
		bb += b * b
	}
	const ulp = 0x1p-53
	return math.Sqrt(square), ulp * (s.size*math.Sqrt(zz) + math.Sqrt(bb))
}

// kaczmarz projects z on the hyperplanes of single rows.
func (s *sketcher) kaczmarz(steps int) {
	n := len(s.z)
	for range steps {
		i := 0
		switch s.prob {
		case "norm":
			i = s.byNorm()
		case "greedy":
			i = s.greedy()
		default:
			i = s.stream.Below(n)
		}
		s.project(i)
	}
}

// defect is a_i z − b_i.
func (s *sketcher) defect(i int) float64 {
	col, val := s.a.Row(i)
	if len(col) >= longRow {
		return kern.GatherDot(col, val, s.z) - s.b[i]
	}
	sum := 0.0
	for k, j := range col {
		sum += val[k] * s.z[j]
	}
	return sum - s.b[i]
}

func (s *sketcher) project(i int) {
	step := s.defect(i) * s.inverse[i]
	col, val := s.a.Row(i)
	if len(col) >= longRow {
		kern.ScatterAxpy(-step, col, val, s.z)
		return
	}
	for k, j := range col {
		s.z[j] -= step * val[k]
	}
}

// byNorm draws row i in proportion to ‖a_i‖².
func (s *sketcher) byNorm() int {
	lo, hi := 0, len(s.upTo)-1
	for at := s.stream.Float64() * s.upTo[hi]; lo < hi; {
		if middle := (lo + hi) / 2; s.upTo[middle] <= at {
			lo = middle + 1
		} else {
			hi = middle
		}
	}
	return lo
}

// greedy draws a few rows and takes the one whose hyperplane is farthest.
func (s *sketcher) greedy() int {
	best, farthest := 0, -1.0
	for range greedySample {
		i := s.stream.Below(len(s.z))
		if r := s.defect(i); r*r*s.inverse[i] > farthest {
			best, farthest = i, r*r*s.inverse[i]
		}
	}
	return best
}

// gaussian projects z on the hyperplanes of random combinations of the rows:
// u = Kᵀs, sᵀ(Kz − b) = uᵀz − sᵀb.
func (s *sketcher) gaussian(steps int) {
	for range steps {
		normals(s.stream, s.s)
		s.a.MulVecTo(s.u, false, s.s)
		uz, uu := kern.Dot2(s.u, s.z, s.u)
		if uu > 0 {
			kern.Axpy(-(uz-kern.Dot(s.s, s.b))/uu, s.u, s.z)
		}
	}
}

// normals fills x with standard normal numbers, by both branches of Box and Muller.
func normals(stream *rng.Stream, x []float64) {
	for i := 0; i < len(x); i += 2 {
		radius := math.Sqrt(-2 * math.Log(1-stream.Float64()))
		sin, cos := math.Sincos(2 * math.Pi * stream.Float64())
		x[i] = radius * cos
		if i+1 < len(x) {
			x[i+1] = radius * sin
		}
	}
}
