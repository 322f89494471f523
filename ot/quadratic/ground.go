package quadratic

import (
	"context"
	"fmt"
	"math"
	"slices"

	"solve/internal/par"
	"solve/solver"
)

// reduced is a problem as the methods see it: total mass 1, no points without
// mass, at most as many rows as columns, costs of the order of 1 whose finite
// entries have row and column means near 0. Centring takes out what the
// marginals settle alone, as the distance between two clouds; it moves the
// optimum by a constant and the potentials by the means.
type reduced struct {
	n, m       int
	a, b       []float64
	c          []float64 // n×m, +Inf forbids
	g          float64   // γ
	p, q       []float64 // the means that were taken out
	offset     float64   // what they add to the objective
	spread     float64   // largest finite |c|
	size       float64   // mean finite |c|
	mean, top  float64   // mean and largest finite |C| before centring
	forbidden  int
	scale      float64 // C = scale·(c + p + q), a power of two
	mass       float64 // Σa
	rows, cols []int   // index → index of the problem
	transposed bool
	threads    int
}

// rowsPerBlock cuts the rows into blocks whose partial sums are added in order.
const rowsPerBlock = 16

func (r *reduced) blocks() int { return par.Chunks(r.n, rowsPerBlock) }

// each calls fn for every block of rows, in parallel.
func (r *reduced) each(fn func(block, lo, hi int)) {
	par.For(r.threads, r.blocks(), func(k int) {
		lo, hi := par.Bounds(k, r.n, rowsPerBlock)
		fn(k, lo, hi)
	})
}

// support lists the points that carry mass.
func support(a []float64) []int {
	out := make([]int, 0, len(a))
	for i, x := range a {
		if x > 0 {
			out = append(out, i)
		}
	}
	return out
}

// needs estimates the bytes that n×m points take: costs, plan, reduced costs,
// weights and both directions of the interior point method, the pattern of an
// answer without zeros, and the Schur complement.
func needs(n, m int64) int64 {
	const arrays = 10
	return 8 * (arrays*n*m + min(n, m)*min(n, m) + 4*(n+m) + max(n, m)*(min(n, m)/rowsPerBlock+1))
}

// reduce drops empty points, orients, scales and centres the problem.
func (p *Problem) reduce(ctx context.Context, opt *Options) (*reduced, error) {
	rows, cols := support(p.A), support(p.B)
	n, m := int64(len(rows)), int64(len(cols))
	if need := needs(n, m); need > opt.MemoryLimit() || n*m > math.MaxInt32 {
		return nil, fmt.Errorf("quadratic: %w", &solver.TooLargeError{What: fmt.Sprintf("the dense arrays of %d×%d points", n, m), Need: need, Have: opt.MemoryLimit()})
	}
	r := &reduced{n: len(rows), m: len(cols), rows: rows, cols: cols, threads: opt.Threads, g: p.Gamma}
	r.a, r.mass = pick(p.A, rows)
	r.b, _ = pick(p.B, cols)
	if r.n > r.m {
		r.transposed = true
		r.n, r.m, r.a, r.b, r.rows, r.cols = r.m, r.n, r.b, r.a, r.cols, r.rows
	}
	if err := r.load(ctx, p); err != nil {
		return nil, err
	}
	r.rescale()
	if math.IsInf(r.g, 1) || r.g == 0 {
		return nil, fmt.Errorf("quadratic: γ Σa = %.3g·%.3g is out of range for costs of the order of %.3g: %w", p.Gamma, r.mass, r.scale, solver.ErrInput)
	}
	r.centre()
	return r, nil
}

// pick gathers the listed masses and scales them to sum 1; it returns the sum
// too.
func pick(a []float64, index []int) ([]float64, float64) {
	var s sum
	for _, i := range index {
		s.add(a[i])
	}
	out := make([]float64, len(index))
	for k, i := range index {
		out[k] = a[i] / s.value()
	}
	return out, s.value()
}

// load reads the costs, masked.
func (r *reduced) load(ctx context.Context, p *Problem) error {
	r.c = make([]float64, r.n*r.m)
	outer, inner := r.rows, r.cols
	if r.transposed {
		outer, inner = inner, outer
	}
	const block = 16
	errs := make([]error, par.Chunks(len(outer), block))
	_, width := p.Cost.Dims()
	err := par.ForCtx(ctx, r.threads, len(errs), func(k int) {
		row := make([]float64, width)
		lo, hi := par.Bounds(k, len(outer), block)
		for s := lo; s < hi; s++ {
			p.costs(outer[s], row)
			for t, j := range inner {
				x := row[j]
				if math.IsNaN(x) || math.IsInf(x, -1) {
					errs[k] = fmt.Errorf("quadratic: %w", &solver.EntryError{What: "cost", Row: outer[s] + 1, Col: j + 1, Value: x, Err: solver.ErrNonFinite})
					return
				}
				if r.transposed {
					r.c[t*r.m+s] = x
				} else {
					r.c[s*r.m+t] = x
				}
			}
		}
	})
	if err != nil {
		return err
	}
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// costs writes row i, with the arcs outside the mask forbidden.
func (p *Problem) costs(i int, row []float64) {
	p.Cost.Row(i, 0, row)
	if p.Mask == nil {
		return
	}
	allowed := p.Mask.Col[p.Mask.RowPtr[i]:p.Mask.RowPtr[i+1]]
	for j := range row {
		if _, ok := slices.BinarySearch(allowed, int32(j)); !ok {
			row[j] = math.Inf(1)
		}
	}
}

// rescale divides by a power of two near the largest cost, exactly.
func (r *reduced) rescale() {
	top := 0.0
	for _, x := range r.c {
		if math.IsInf(x, 1) {
			r.forbidden++
			continue
		}
		top = max(top, math.Abs(x))
	}
	r.scale = 1
	if top > 0 {
		_, e := math.Frexp(top)
		r.scale = math.Ldexp(1, min(max(e, -1000), 1000))
		for k := range r.c {
			r.c[k] /= r.scale
		}
	}
	for _, x := range r.c {
		if !math.IsInf(x, 1) {
			r.mean += math.Abs(x)
			r.top = max(r.top, math.Abs(x))
		}
	}
	r.mean /= float64(max(1, len(r.c)-r.forbidden))
	r.g = r.g / r.scale * r.mass
}

// centre takes out row means, then column means.
func (r *reduced) centre() {
	r.p, r.q = make([]float64, r.n), make([]float64, r.m)
	count := make([]int, r.m)
	for i := range r.n {
		row, own := r.c[i*r.m:][:r.m], 0
		for _, x := range row {
			if !math.IsInf(x, 1) {
				r.p[i] += x
				own++
			}
		}
		r.p[i] /= float64(max(own, 1))
		for j, x := range row {
			if !math.IsInf(x, 1) {
				r.q[j] += x - r.p[i]
				count[j]++
			}
		}
	}
	var offset sum
	for j := range r.q {
		r.q[j] /= float64(max(count[j], 1))
		offset.add(r.b[j] * r.q[j])
	}
	for i, p := range r.p {
		offset.add(r.a[i] * p)
		for j := range r.m {
			x := &r.c[i*r.m+j]
			if math.IsInf(*x, 1) {
				continue
			}
			*x = *x - p - r.q[j]
			r.size += math.Abs(*x)
			r.spread = max(r.spread, math.Abs(*x))
		}
	}
	r.size /= float64(max(1, len(r.c)-r.forbidden))
	r.offset = offset.value()
}

// relative makes a gap of the reduced problem relative: to the value, or to
// the costs where the value is negligible beside them.
func (r *reduced) relative(gap, primal float64) float64 {
	return gap / max(math.Abs(primal+r.offset), smallValue*r.mean, math.SmallestNonzeroFloat64)
}

// smallValue is the optimum, relative to the mean cost, below which gaps are
// relative to the costs instead.
const smallValue = 0x1p-40
