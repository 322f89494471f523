package constrained

import (
	"context"
	"fmt"
	"math"

	"solve/internal/kern"
	"solve/linsys/direct"
	"solve/matrix"
	"solve/solver"
)

// Krylov methods for the Newton systems, with the constraint preconditioner
//
//	P = [D ∇cᵀ; ∇c 0],  D = diag|B|,
//
// which leaves n−m eigenvalues other than 1 (Keller, Gould & Wathen, Constraint
// preconditioning for indefinite linear systems, SIAM J. Matrix Anal. Appl. 21, 2000).
// Package linsys takes no preconditioner from outside, hence loops of our own.
type krylov struct {
	k       *matrix.CSR
	p       *constraintPreconditioner // nil: none
	restart int                       // of GMRES; 0 = MINRES
	r, z    []float64

	basis, directions [][]float64 // of GMRES: v_j, and P⁻¹v_j
	h, cs, sn, rhs    []float64
	vectors           [6][]float64 // of MINRES
	size              float64
}

const defaultRestart = 50

func newKrylov(q *program, name string, restart int, opt *Options) (*krylov, error) {
	order := q.n + q.m
	if name == MINRES {
		s := &krylov{r: make([]float64, order), z: make([]float64, order)}
		for i := range s.vectors {
			s.vectors[i] = make([]float64, order)
		}
		return s, nil
	}
	if restart == 0 {
		restart = defaultRestart
	}
	restart = min(restart, order)
	if need := 16 * (int64(restart) + 1) * int64(order); need > opt.MemoryLimit() {
		return nil, fmt.Errorf("constrained: %w", &solver.TooLargeError{What: "the basis of GMRES", Need: need, Have: opt.MemoryLimit()})
	}
	return newGMRES(order, restart), nil
}

// newGMRES makes room for cycles of the given length.
func newGMRES(order, restart int) *krylov {
	s := &krylov{r: make([]float64, order), z: make([]float64, order), restart: restart}
	s.h = make([]float64, restart*(restart+1))
	s.cs, s.sn, s.rhs = make([]float64, restart), make([]float64, restart), make([]float64, restart+1)
	for range restart + 1 {
		s.basis = append(s.basis, make([]float64, order))
	}
	for range restart {
		s.directions = append(s.directions, make([]float64, order))
	}
	return s
}

func (s *krylov) prepare(ctx context.Context, k *kkt) error {
	s.k = k.matrix
	s.size = norm2(k.matrix.Val)
	if s.p == nil {
		s.p = newConstraintPreconditioner(k)
	}
	return s.p.factor(ctx, k)
}

// improve implements linearMethod; a step is a product with K.
func (s *krylov) improve(ctx context.Context, b, d []float64, target float64, steps int) (done int, residual float64, err error) {
	const ulp = 0x1p-53
	before := math.Inf(1)
	for {
		s.defect(b, d)
		residual = length(s.r)
		reachable := 2 * ulp * (s.size*length(d) + length(b))
		if !(residual > max(target, reachable)) || done >= steps || residual > 0.9*before {
			return done, residual, nil
		}
		if err := ctx.Err(); err != nil {
			return done, residual, err
		}
		before = residual
		if s.restart > 0 {
			done += s.gmres(d, residual, target/2, steps-done)
		} else {
			done += s.minres(b, d, target/residual/4, steps-done)
		}
	}
}

// defect sets r = b − K d.
func (s *krylov) defect(b, d []float64) {
	s.k.MulVecTo(s.r, false, d)
	for i, v := range b {
		s.r[i] = v - s.r[i]
	}
}

// gmres does one cycle from r, of the given norm, preconditioned from the right, and
// adds its step to d (Saad & Schultz, SIAM J. Sci. Stat. Comput. 7, 1986).
func (s *krylov) gmres(d []float64, norm, target float64, steps int) int {
	m := min(s.restart, steps)
	stride := s.restart + 1
	copy(s.basis[0], s.r)
	scaleBy(1/norm, s.basis[0])
	clear(s.rhs)
	s.rhs[0] = norm
	size := 0
	for j := 0; j < m && math.Abs(s.rhs[j]) > target; j++ {
		h := s.h[j*stride : j*stride+j+2]
		s.p.apply(s.directions[j], s.basis[j])
		w := s.basis[j+1]
		s.k.MulVecTo(w, false, s.directions[j])
		before := length(w)
		clear(h)
		for range 2 { // Gram–Schmidt twice
			for i := range j + 1 {
				c := kern.Dot(s.basis[i], w)
				h[i] += c
				kern.Axpy(-c, s.basis[i], w)
			}
		}
		h[j+1] = length(w)
		next := h[j+1]
		for i := range j {
			h[i], h[i+1] = s.cs[i]*h[i]+s.sn[i]*h[i+1], s.cs[i]*h[i+1]-s.sn[i]*h[i]
		}
		rho := math.Hypot(h[j], h[j+1])
		if !(rho > 0) || !finite(rho) {
			break
		}
		s.cs[j], s.sn[j] = h[j]/rho, h[j+1]/rho
		h[j] = rho
		s.rhs[j], s.rhs[j+1] = s.cs[j]*s.rhs[j], -s.sn[j]*s.rhs[j]
		size++
		if next <= 1e-15*before {
			break
		}
		scaleBy(1/next, w)
	}
	for i := size - 1; i >= 0; i-- {
		for j := i + 1; j < size; j++ {
			s.rhs[i] -= s.h[j*stride+i] * s.rhs[j]
		}
		s.rhs[i] /= s.h[i*stride+i]
		kern.Axpy(s.rhs[i], s.directions[i], d)
	}
	return max(1, size)
}

// minres first takes d to where the rows of ∇c are satisfied, by one step with P. From
// there on P⁻¹ is semidefinite on the residuals that come, and MINRES (Paige &
// Saunders, SIAM J. Numer. Anal. 12, 1975) works in the kernel of ∇c, as in Gould,
// Orban & Rees, Projected Krylov methods for saddle-point systems, SIAM J. Matrix Anal.
// Appl. 35 (2014). What it leaves in the range of ∇cᵀ goes with the next step with P.
func (s *krylov) minres(b, d []float64, reduction float64, steps int) int {
	n := s.p.n
	s.p.apply(s.z, s.r)
	kern.Axpy(1, s.z, d)
	s.defect(b, d)
	r1, r2, y, v, w, w1 := s.vectors[0], s.vectors[1], s.vectors[2], s.vectors[3], s.vectors[4], s.vectors[5]
	copy(r2, s.r)
	clear(r2[n:])
	clear(r1)
	clear(w)
	clear(w1)
	s.p.apply(y, r2)
	beta := math.Sqrt(max(0, kern.Dot(r2, y)))
	first := beta
	phibar, dbar, epsilon, cs, sn, older := beta, 0.0, 0.0, -1.0, 0.0, 0.0
	done := 1
	for ; done < steps && beta > 0 && phibar > reduction*first; done++ {
		copy(v, y)
		scaleBy(1/beta, v)
		s.k.MulVecTo(y, false, v)
		clear(y[n:])
		if older > 0 {
			kern.Axpy(-beta/older, r1, y)
		}
		alpha := kern.Dot(v, y)
		kern.Axpy(-alpha/beta, r2, y)
		r1, r2, y = r2, y, r1
		s.p.apply(y, r2)
		square := kern.Dot(r2, y)
		if !finite(square) {
			break
		}
		older, beta = beta, math.Sqrt(max(0, square))

		oldEpsilon := epsilon
		delta := cs*dbar + sn*alpha
		gbar := sn*dbar - cs*alpha
		epsilon, dbar = sn*beta, -cs*beta
		gamma := math.Hypot(gbar, beta)
		if gamma == 0 {
			break
		}
		cs, sn = gbar/gamma, beta/gamma
		phi := cs * phibar
		phibar *= sn
		// w_k = (v − ε w_{k−2} − δ w_{k−1})/γ, over w_{k−2}.
		for i := range w1 {
			w1[i] = (v[i] - oldEpsilon*w1[i] - delta*w[i]) / gamma
		}
		w, w1 = w1, w
		kern.Axpy(phi, w, d)
	}
	// What is left in the range of ∇cᵀ.
	s.defect(b, d)
	s.p.apply(s.z, s.r)
	kern.Axpy(1, s.z, d)
	return done
}

// length is ‖x‖₂ of an x far from the ends of the range.
func length(x []float64) float64 { return math.Sqrt(kern.Dot(x, x)) }

func scaleBy(a float64, x []float64) {
	for i := range x {
		x[i] *= a
	}
}

// constraintPreconditioner holds the factors of P, on a pattern of its own.
type constraintPreconditioner struct {
	n, m     int
	p        *matrix.CSR
	diagonal []int64
	from, to []int64 // places of the entries of ∇c, and those above the diagonal, in K and P
	analysis *direct.LDLTAnalysis
	ldlt     *direct.LDLT
	memory   int64
	threads  int
}

func newConstraintPreconditioner(k *kkt) *constraintPreconditioner {
	n, m := k.n, k.m
	c := &constraintPreconditioner{n: n, m: m, diagonal: make([]int64, n+m), memory: k.memory, threads: k.q.opt.Threads}
	c.p = &matrix.CSR{Rows: n + m, Cols: n + m, RowPtr: make([]int64, n+m+1)}
	for i := range n + m {
		for at := k.matrix.RowPtr[i]; at < k.matrix.RowPtr[i+1]; at++ {
			j := int(k.matrix.Col[at])
			if i == j {
				c.diagonal[i] = int64(len(c.p.Col))
			} else if (i < n) == (j < n) {
				continue
			}
			c.from, c.to = append(c.from, at), append(c.to, int64(len(c.p.Col)))
			c.p.Col = append(c.p.Col, int32(j))
		}
		c.p.RowPtr[i+1] = int64(len(c.p.Col))
	}
	c.p.Val = make([]float64, len(c.p.Col))
	return c
}

// factor takes the values of the matrix that k holds. The error is errNoStep where P
// is singular even with δ_c.
func (c *constraintPreconditioner) factor(ctx context.Context, k *kkt) error {
	for i, at := range c.from {
		c.p.Val[c.to[i]] = k.matrix.Val[at]
	}
	largest := 0.0
	for _, at := range c.diagonal[:c.n] {
		c.p.Val[at] = math.Abs(c.p.Val[at])
		largest = max(largest, c.p.Val[at])
	}
	if largest == 0 {
		largest = 1
	}
	for _, at := range c.diagonal[:c.n] {
		c.p.Val[at] = max(c.p.Val[at], leastDiagonal*largest)
	}
	for {
		err := c.refactor(ctx)
		if err != nil {
			return err
		}
		if _, _, zero := c.ldlt.Inertia(); zero == 0 {
			return nil
		}
		if c.m == 0 || c.p.Val[c.diagonal[c.n]] != 0 {
			return errNoStep
		}
		for _, at := range c.diagonal[c.n:] {
			c.p.Val[at] = -rowShift
		}
	}
}

// leastDiagonal is the least entry of D, relative to the largest.
const leastDiagonal = 1e-6

func (c *constraintPreconditioner) refactor(ctx context.Context) (err error) {
	if c.analysis == nil {
		opt := &direct.LDLTOptions{MaxBytes: c.memory}
		opt.Threads = c.threads
		if c.analysis, err = direct.AnalyzeLDLT(ctx, c.p, opt); err != nil {
			return fmt.Errorf("constrained: preconditioner: %w", err)
		}
	}
	if c.ldlt == nil {
		c.ldlt, err = c.analysis.Factor(ctx, c.p, c.threads)
	} else {
		err = c.ldlt.Refactor(ctx, c.p)
	}
	if err != nil {
		err = fmt.Errorf("constrained: preconditioner: %w", err)
	}
	return err
}

// apply computes z = P⁻¹ r; without P, z = r.
func (c *constraintPreconditioner) apply(z, r []float64) {
	copy(z, r)
	if c != nil {
		c.ldlt.Solve(z)
	}
}
