package block

import (
	"slices"

	"solve/matrix"
)

// treePartition covers the graph of a with forests: nodes in descending order
// of the diagonal go into the first forest that they keep acyclic.
// One union–find structure serves all forests, since a node is in one.
func treePartition(a *matrix.CSR) [][]int32 { return treesInOrder(a, byDiagonal(a)) }

// TreePartitionBlocks is the partition tree-partition of a's graph with nodes
// put into forests in the order given, nil meaning by number; blocks are
// ascending.
func TreePartitionBlocks(a *matrix.CSR, order []int32) [][]int32 {
	if order == nil {
		order = identity(a.Rows)
	}
	return treesInOrder(a, order)
}

func treesInOrder(a *matrix.CSR, order []int32) [][]int32 {
	type tree struct{ forest, root int32 }
	sets := newDisjoint(a.Rows)
	forest := slices.Repeat([]int32{-1}, a.Rows)
	count := int32(0)
	var near []tree
	for _, i := range order {
		near = near[:0]
		col, val := a.Row(int(i))
		for e, j := range col {
			if j != i && forest[j] >= 0 && val[e] != 0 {
				near = append(near, tree{forest[j], sets.find(j)})
			}
		}
		slices.SortFunc(near, func(s, t tree) int {
			if s.forest != t.forest {
				return int(s.forest - t.forest)
			}
			return int(s.root - t.root)
		})
		into := int32(0)
		for k := 1; k < len(near); k++ {
			if near[k] == near[k-1] && near[k].forest == into {
				into++ // this forest would get a cycle; is the next one free of it?
			}
		}
		forest[i] = into
		count = max(count, into+1)
		for _, t := range near {
			if t.forest == into {
				sets[t.root] = i
			}
		}
	}
	return byLabel(forest, int(count))
}

// byDiagonal orders the nodes by descending diagonal, ties by number.
func byDiagonal(a *matrix.CSR) []int32 {
	diagonal := make([]float64, a.Rows)
	for i := range diagonal {
		diagonal[i] = a.At(i, i)
	}
	return newDescending(a.Rows).sort(diagonal)
}

// byLabel lists the nodes of each label 0 … count−1.
func byLabel(label []int32, count int) [][]int32 {
	blocks := make([][]int32, count)
	for i, l := range label {
		blocks[l] = append(blocks[l], int32(i))
	}
	return blocks
}

// LatticeForests are two trees that cover the rows×cols lattice whose node
// (r,c) has the number c·rows + r, each node once: the even columns
// without their last row and the first row of all columns; the odd columns
// without their first row and the last row of all. With fewer than two rows or
// columns the lattice is one tree. Of a lattice some of whose nodes are
// labelled, unknown lists the others in ascending order, and the blocks hold
// places in that list; nil means all nodes.
func LatticeForests(rows, cols int, unknown []int32) [][]int32 {
	if unknown == nil {
		unknown = identity(rows * cols)
	}
	label := make([]int32, len(unknown))
	for k, i := range unknown {
		r, c := int(i)%rows, int(i)/rows
		if rows > 1 && cols > 1 && (r == rows-1 || r > 0 && c%2 == 1) {
			label[k] = 1
		}
	}
	return nonEmpty(byLabel(label, 2))
}
