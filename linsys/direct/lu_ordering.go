package direct

import (
	"context"

	"solve/matrix"
)

// orderBlocks permutes the columns within each diagonal block, and estimates
// fill and work from the Cholesky factor of the pattern of A+Aᵀ.
func (s *LUAnalysis) orderBlocks(ctx context.Context, a *matrix.CSR, rowOf []int32, ordering string, threads int) error {
	place := inverse(s.colPerm)
	for b := range s.Blocks() {
		lo, hi := s.blocks[b], s.blocks[b+1]
		if hi-lo == 1 {
			s.nnz++
			continue
		}
		block := diagonalBlock(a, rowOf, s.colPerm[lo:hi], place, lo)
		o, err := blockOrder(ctx, block, ordering, threads)
		if err != nil {
			return err
		}
		s.estimate(o)
		perm := o.perm
		if perm != nil {
			from := append([]int32(nil), s.colPerm[lo:hi]...)
			for k, q := range perm {
				s.colPerm[lo+k] = from[q]
			}
		}
	}
	return nil
}

// diagonalBlock extracts the pattern of the block whose columns are cols, the
// first at place lo, with rows in no order.
func diagonalBlock(a *matrix.CSR, rowOf, cols, place []int32, lo int) *matrix.CSR {
	n := len(cols)
	block := &matrix.CSR{Rows: n, Cols: n, RowPtr: make([]int64, n+1)}
	for k, c := range cols {
		col, _ := a.Row(int(rowOf[c]))
		for _, j := range col {
			if q := int(place[j]) - lo; q >= 0 && q < n {
				block.Col = append(block.Col, int32(q))
			}
		}
		block.RowPtr[k+1] = int64(len(block.Col))
	}
	return block
}

// blockOrder orders a block. Symmetric orderings of A+Aᵀ gave less fill than
// COLAMD on circuit, flow, chemical and random matrices alike, however
// unsymmetric: with a threshold most pivots stay on the diagonal.
func blockOrder(ctx context.Context, block *matrix.CSR, ordering string, threads int) (*ordered, error) {
	g := symmetrised(block)
	pattern := &matrix.CSR{Rows: g.order(), Cols: g.order(), RowPtr: make([]int64, len(g.ptr)), Col: g.adj}
	for i, p := range g.ptr {
		pattern.RowPtr[i] = int64(p)
	}
	switch ordering {
	case "colamd":
		perm, err := COLAMD(ctx, block)
		if err != nil {
			return nil, err
		}
		return newOrdered(ctx, "colamd", pattern, perm)
	case "", "auto":
		o, err := byDegree(ctx, pattern)
		if err != nil || o.flops <= luDissectionFlops*float64(len(pattern.Col)) {
			return o, err
		}
		return cheaper(ctx, o, pattern, threads)
	}
	return chooseOrdering(ctx, pattern, &AnalyzeOptions{Ordering: ordering, Threads: threads})
}

// luDissectionFlops is how much work for each entry of the pattern makes
// nested dissection worth its time: about as long as Factor takes for that.
const luDissectionFlops = 5e3

// estimate adds the entries of L and U, and the operations that find them, of
// a block with its pivots on the diagonal.
func (s *LUAnalysis) estimate(o *ordered) {
	for _, count := range o.count {
		below := float64(count) - 1
		s.nnz += 2*below + 1
		s.flops += below * (2*below + 1)
	}
}
