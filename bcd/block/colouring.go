package block

import (
	"fmt"

	"solve/matrix"
	"solve/solver"
)

// colouring colours the graph of a greedily: nodes in descending order of the
// diagonal take the colour with the fewest nodes among those that no
// neighbour has. The blocks, one a colour, have a diagonal A_bb.
func colouring(a *matrix.CSR) [][]int32 {
	colour := make([]int32, a.Rows)
	for i := range colour {
		colour[i] = -1
	}
	var size, met []int32 // nodes of a colour; the last node (from 1) with a neighbour of it
	for _, i := range byDiagonal(a) {
		col, val := a.Row(int(i))
		for e, j := range col {
			if c := colour[j]; j != i && c >= 0 && val[e] != 0 {
				met[c] = i + 1
			}
		}
		best := int32(-1)
		for c := range size {
			if met[c] != i+1 && (best < 0 || size[c] < size[best]) {
				best = int32(c)
			}
		}
		if best < 0 {
			best = int32(len(size))
			size, met = append(size, 0), append(met, 0)
		}
		colour[i] = best
		size[best]++
	}
	return byLabel(colour, len(size))
}

// redBlack colours a bipartite graph with two colours, breadth first from the
// first node of each component.
func redBlack(a *matrix.CSR) ([][]int32, error) {
	colour := make([]int32, a.Rows)
	for i := range colour {
		colour[i] = -1
	}
	var queue []int32
	for root := range colour {
		if colour[root] >= 0 {
			continue
		}
		colour[root] = 0
		queue = append(queue[:0], int32(root))
		for head := 0; head < len(queue); head++ {
			i := queue[head]
			col, val := a.Row(int(i))
			for e, j := range col {
				switch {
				case j == i || val[e] == 0:
				case colour[j] < 0:
					colour[j] = 1 - colour[i]
					queue = append(queue, j)
				case colour[j] == colour[i]:
					return nil, fmt.Errorf("block: the graph has an odd cycle through nodes %d and %d, so two colours do not suffice: take colouring: %w",
						i+1, j+1, solver.ErrInput)
				}
			}
		}
	}
	return nonEmpty(byLabel(colour, 2)), nil
}

func nonEmpty(blocks [][]int32) [][]int32 {
	var out [][]int32
	for _, b := range blocks {
		if len(b) > 0 {
			out = append(out, b)
		}
	}
	return out
}
