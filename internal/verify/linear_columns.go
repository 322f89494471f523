package verify

import (
	"fmt"
	"math"
	"runtime"

	"solve/matrix"
	"solve/solver"
)

// tileWidth is how many columns share a pass over A.
const tileWidth = 8

// LinearColumns is Linear for each column of x and of b, which takes the place
// of B: A is read once for eight of them.
func LinearColumns(s LinearSystem, b, x *matrix.Dense) ([]LinearCertificate, error) {
	if b.Rows != s.Rows || x.Rows != s.Cols || b.Cols != x.Cols {
		return nil, fmt.Errorf("verify: the matrix is %d×%d, b %d×%d and x %d×%d: %w", s.Rows, s.Cols, b.Rows, b.Cols, x.Rows, x.Cols, solver.ErrDimension)
	}
	out := make([]LinearCertificate, b.Cols)
	if b.Cols == 1 {
		var err error
		s.B = b.Data
		out[0], err = Linear(s, x.Data)
		return out, err
	}
	normA := s.largestRow()
	tiles := (b.Cols + tileWidth - 1) / tileWidth
	threads := s.Threads
	if threads <= 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	across := 1
	if tiles >= threads { // each has a tile of its own
		across, threads = threads, 1
	}
	inStripes(tiles, across, func(_, first, last int) {
		sub := s
		sub.Threads = threads
		for k := first; k < last; k++ {
			lo := k * tileWidth
			t := linearTile{s: &sub, lo: lo, hi: min(lo+tileWidth, b.Cols)}
			t.judge(b, x, normA, out)
		}
	})
	return out, nil
}

// largestRow is ‖A‖∞.
func (s *LinearSystem) largestRow() float64 {
	parts := make([]float64, stripes(s.Rows))
	inStripes(s.Rows, s.Threads, func(k, lo, hi int) {
		for i := lo; i < hi; i++ {
			_, vals := s.A.Row(i, nil)
			norm := 0.0
			for _, v := range vals {
				norm += math.Abs(v)
			}
			parts[k] = worse(parts[k], norm)
		}
	})
	return maxAbs(parts)
}

// octet is a number for each column of a tile.
type octet [tileWidth]float64

// raise replaces the numbers by those of v that are worse.
func (o *octet) raise(v *octet) {
	for q := range o {
		o[q] = worse(o[q], v[q])
	}
}

// raiseAbs is raise with |v|.
func (o *octet) raiseAbs(v *octet) {
	for q := range o {
		o[q] = worse(o[q], math.Abs(v[q]))
	}
}

// linearTile is columns lo … hi−1 of x and of b, then the residual, a row side
// by side and filled up by zeros.
type linearTile struct {
	s      *LinearSystem
	lo, hi int
	x, r   []octet
}

// fetch copies the columns of d and returns the largest |d_ij|.
func (t *linearTile) fetch(d *matrix.Dense) (v []octet, largest octet) {
	v = make([]octet, d.Rows)
	parts := make([]octet, stripes(d.Rows))
	inStripes(d.Rows, t.s.Threads, func(k, first, last int) {
		for i := first; i < last; i++ {
			copy(v[i][:], d.Data[i*d.Cols+t.lo:i*d.Cols+t.hi])
			parts[k].raiseAbs(&v[i])
		}
	})
	for k := range parts {
		largest.raise(&parts[k])
	}
	return v, largest
}

// residual turns b into r = b − A x, and returns the largest |r_i| and the
// largest |r_i|/(|A||x| + |b|)_i.
func (t *linearTile) residual() (largest, componentwise octet) {
	parts := make([]struct{ r, componentwise octet }, stripes(len(t.r)))
	inStripes(len(t.r), t.s.Threads, func(k, first, last int) {
		p := &parts[k]
		for i := first; i < last; i++ {
			t.row(i, &p.componentwise)
			p.r.raiseAbs(&t.r[i])
		}
	})
	for k := range parts {
		largest.raise(&parts[k].r)
		componentwise.raise(&parts[k].componentwise)
	}
	return largest, componentwise
}

func (t *linearTile) row(i int, componentwise *octet) {
	cols, vals := t.s.A.Row(i, nil)
	for q := 0; q < t.hi-t.lo; q += 4 {
		dot, size := fourSums(cols, vals, t.x, q)
		r, worst := t.r[i][q&4:][:4], componentwise[q&4:][:4]
		for u, b := range r {
			r[u] = b - dot[u]
			worst[u] = worse(worst[u], ratio(math.Abs(r[u]), size[u]+math.Abs(b)))
		}
	}
}

// fourSums returns Σ a_j x_j and Σ |a_j x_j| of four columns from the given
// one on.
func fourSums(cols []int32, vals []float64, x []octet, from int) (dot, size [4]float64) {
	var d0, d1, d2, d3, s0, s1, s2, s3 float64
	for k, v := range vals {
		j := k
		if cols != nil {
			j = int(cols[k])
		}
		y := x[j][from&4:][:4]
		t0, t1, t2, t3 := v*y[0], v*y[1], v*y[2], v*y[3]
		d0, d1, d2, d3 = d0+t0, d1+t1, d2+t2, d3+t3
		s0, s1, s2, s3 = s0+math.Abs(t0), s1+math.Abs(t1), s2+math.Abs(t2), s3+math.Abs(t3)
	}
	return [4]float64{d0, d1, d2, d3}, [4]float64{s0, s1, s2, s3}
}

// judge writes the certificates of the columns.
func (t *linearTile) judge(b, x *matrix.Dense, normA float64, out []LinearCertificate) {
	var maxX, maxB octet
	t.x, maxX = t.fetch(x)
	t.r, maxB = t.fetch(b)
	normX, normB := tileNorms(t.x, &maxX), tileNorms(t.r, &maxB)
	maxR, componentwise := t.residual()
	normR := tileNorms(t.r, &maxR)
	for j := t.lo; j < t.hi; j++ {
		q := j - t.lo
		out[j] = t.s.certificate(columnNorms{
			maxA: normA, maxX: maxX[q], maxB: maxB[q], maxR: maxR[q],
			x: normX[q], b: normB[q], r: normR[q], componentwise: componentwise[q],
		})
		if t.s.LeastSquares {
			out[j].Optimality = t.s.optimality(columnOf(t.r, q), columnOf(t.x, q))
		}
	}
}

// tileNorms is scaledNorm of every column.
func tileNorms(x []octet, largest *octet) octet {
	var scale octet
	for q, m := range largest {
		scale[q] = unitScale(m)
	}
	sums := scaledSquares(x, &scale)
	for q, m := range largest {
		if m == 0 || math.IsInf(m, 0) || math.IsNaN(m) {
			sums[q] = m
			continue
		}
		sums[q] = math.Sqrt(sums[q]) / scale[q]
	}
	return sums
}

func scaledSquares(x []octet, scale *octet) octet {
	var s0, s1, s2, s3, s4, s5, s6, s7 float64
	for i := range x {
		v := &x[i]
		t0, t1, t2, t3 := v[0]*scale[0], v[1]*scale[1], v[2]*scale[2], v[3]*scale[3]
		s0, s1, s2, s3 = s0+t0*t0, s1+t1*t1, s2+t2*t2, s3+t3*t3
		t0, t1, t2, t3 = v[4]*scale[4], v[5]*scale[5], v[6]*scale[6], v[7]*scale[7]
		s4, s5, s6, s7 = s4+t0*t0, s5+t1*t1, s6+t2*t2, s7+t3*t3
	}
	return octet{s0, s1, s2, s3, s4, s5, s6, s7}
}

func columnOf(x []octet, q int) []float64 {
	out := make([]float64, len(x))
	for i := range x {
		out[i] = x[i][q]
	}
	return out
}
