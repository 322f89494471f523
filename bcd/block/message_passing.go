package block

import (
	"fmt"
	"slices"

	"solve/matrix"
	"solve/solver"
)

// solve solves A_FF d = −g over a forest F of which g and d are the parts in
// the order of the block: message passing in two sweeps (Gaussian belief
// propagation; Shental et al. 2008), which is a Cholesky factorisation
// without fill. From the leaves to the roots
//
//	J_i = a_ii − Σ_c a_ic²/J_c,   h_i = −g_i − Σ_c a_ic h_c/J_c
//
// over the children c, and back d_i = (h_i − a_{i,parent} d_parent)/J_i. It
// returns the place in the block of the first node with J ≤ 0, or −1.
func (t *forest) solve(g, d []float64) (bad int) {
	n := len(t.node)
	node, parent, up, pivot, h := t.node, t.parent[:n], t.up[:n], t.pivot[:n], t.h[:n]
	copy(pivot, t.diag)
	for k, l := range node {
		h[k] = -g[l]
	}
	for k := n - 1; k >= 0; k-- {
		j := pivot[k]
		if !(j > 0) {
			return int(node[k])
		}
		if p := parent[k]; p >= 0 {
			m := up[k] / j
			pivot[p] -= m * up[k]
			h[p] -= m * h[k]
		}
	}
	for k, l := range node {
		v := h[k]
		if p := parent[k]; p >= 0 {
			v -= up[k] * h[p]
		}
		v /= pivot[k]
		h[k] = v
		d[l] = v
	}
	return -1
}

// NotPositiveDefiniteError names the node at which message passing met a
// pivot that is not positive.
type NotPositiveDefiniteError struct{ Node int } // from 0

func (e *NotPositiveDefiniteError) Error() string {
	return fmt.Sprintf("block: the pivot of node %d is not positive: %v", e.Node+1, solver.ErrNotPositiveDefinite)
}

func (e *NotPositiveDefiniteError) Unwrap() error { return solver.ErrNotPositiveDefinite }

// SolveForest solves A_FF x_F = rhs for the nodes F of block, in its order,
// whose graph has to be a forest. The error wraps solver.ErrInput where it is
// not, and is a *NotPositiveDefiniteError where A_FF is not positive definite.
func SolveForest(a *matrix.CSR, block []int32, rhs []float64) ([]float64, error) {
	if len(rhs) != len(block) || a.Rows != a.Cols {
		return nil, fmt.Errorf("block: %d nodes, %d right-hand sides, matrix %d×%d: %w", len(block), len(rhs), a.Rows, a.Cols, solver.ErrDimension)
	}
	if err := checkNodes(a.Rows, block); err != nil {
		return nil, err
	}
	if !IsForest(a, block) {
		return nil, fmt.Errorf("block: the graph of the %d nodes has a cycle: %w", len(block), solver.ErrInput)
	}
	local := slices.Repeat([]int32{-1}, a.Rows)
	t, x, g := &forest{}, make([]float64, len(block)), make([]float64, len(block))
	for k, v := range rhs {
		g[k] = -v
	}
	t.read(a, block, local)
	if bad := t.solve(g, x); bad >= 0 {
		return nil, &NotPositiveDefiniteError{int(block[bad])}
	}
	return x, nil
}

func checkNodes(n int, block []int32) error {
	seen := make([]bool, n)
	for _, i := range block {
		if uint(i) >= uint(n) || seen[i] {
			return fmt.Errorf("block: node %d of %d is out of range or repeated: %w", int64(i)+1, n, solver.ErrInput)
		}
		seen[i] = true
	}
	return nil
}
