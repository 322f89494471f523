package block

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"solve/solver"
)

// fixedBlocks cuts the variables into the blocks of a fixed partition, each
// ascending; nil if the partition is not fixed.
func fixedBlocks(ctx context.Context, f Objective, o *Options) ([][]int32, error) {
	switch o.Partition {
	case Given:
		return givenBlocks(o.Blocks, f.Dim())
	case Order:
		return cut(identity(f.Dim()), o.BlockSize), nil
	case Sort:
		return cut(ascending(f.Lipschitz()), o.BlockSize), nil
	case Avg:
		return cut(alternate(ascending(f.Lipschitz())), o.BlockSize), nil
	case HSort, HAvg:
		rows, err := f.RowSums(ctx, o.Threads)
		if err != nil {
			return nil, err
		}
		order := ascending(rows)
		if o.Partition == HAvg {
			order = alternate(order)
		}
		return cut(order, o.BlockSize), nil
	case TreePartition:
		return treePartition(f.(*quadratic).a), nil
	case RedBlack:
		return redBlack(f.(*quadratic).a)
	case Colouring:
		return colouring(f.(*quadratic).a), nil
	}
	return nil, nil
}

// givenBlocks copies blocks after checking that they hold each variable once.
func givenBlocks(blocks [][]int32, p int) ([][]int32, error) {
	seen := make([]bool, p)
	count := 0
	out := make([][]int32, 0, len(blocks))
	for k, b := range blocks {
		if len(b) == 0 {
			return nil, fmt.Errorf("block: block %d is empty: %w", k+1, solver.ErrInput)
		}
		for _, j := range b {
			if uint(j) >= uint(p) || seen[j] {
				return nil, fmt.Errorf("block: block %d: variable %d of %d is out of range or in a block already: %w", k+1, int64(j)+1, p, solver.ErrInput)
			}
			seen[j] = true
			count++
		}
		c := slices.Clone(b)
		slices.Sort(c)
		out = append(out, c)
	}
	if count != p {
		return nil, fmt.Errorf("block: the blocks hold %d of %d variables: %w", count, p, solver.ErrInput)
	}
	return out, nil
}

func identity(n int) []int32 {
	order := make([]int32, n)
	for i := range order {
		order[i] = int32(i)
	}
	return order
}

// ascending orders the variables by key, ties by number.
func ascending(key []float64) []int32 {
	order := identity(len(key))
	slices.SortStableFunc(order, func(i, j int32) int { return cmp.Compare(key[i], key[j]) })
	return order
}

// alternate takes the smallest, the largest, the second smallest, … of an
// ascending order.
func alternate(order []int32) []int32 {
	out := make([]int32, 0, len(order))
	for lo, hi := 0, len(order)-1; lo <= hi; lo, hi = lo+1, hi-1 {
		out = append(out, order[lo])
		if lo < hi {
			out = append(out, order[hi])
		}
	}
	return out
}

// cut makes blocks of size variables that are consecutive in order; the last
// may be shorter.
func cut(order []int32, size int) [][]int32 {
	var blocks [][]int32
	for b := range slices.Chunk(order, size) {
		slices.Sort(b)
		blocks = append(blocks, b)
	}
	return blocks
}
