package multigrid

// strengthGraph lists the strong neighbours of each node; a node itself may
// be among them.
type strengthGraph struct {
	ptr []int64
	col []int32
}

// aggregate cuts a graph into aggregates in three passes over the nodes, in
// O(edges): a node whose neighbours are all free makes an aggregate with them;
// free nodes join an aggregate of the first pass next to them; what is left
// makes aggregates with its free neighbours. Nodes without neighbours get −1:
// smoothing alone solves for them. It returns the aggregate of each node and
// how many there are.
func aggregate(g *strengthGraph) (agg []int32, count int) {
	const free, alone = -2, -1
	n := len(g.ptr) - 1
	agg = make([]int32, n)
	for i := range agg {
		agg[i] = free
	}
	for i := range n {
		if agg[i] != free {
			continue
		}
		neighbours, blocked := false, false
		for _, j := range g.col[g.ptr[i]:g.ptr[i+1]] {
			if int(j) != i {
				neighbours = true
				if agg[j] != free {
					blocked = true
					break
				}
			}
		}
		switch {
		case !neighbours:
			agg[i] = alone
		case !blocked:
			agg[i] = int32(count)
			for _, j := range g.col[g.ptr[i]:g.ptr[i+1]] {
				agg[j] = int32(count)
			}
			count++
		}
	}
	joinNeighbours(g, agg, free)
	for i := range n {
		if agg[i] != free {
			continue
		}
		agg[i] = int32(count)
		for _, j := range g.col[g.ptr[i]:g.ptr[i+1]] {
			if agg[j] == free {
				agg[j] = int32(count)
			}
		}
		count++
	}
	return agg, count
}

// joinNeighbours is the second pass. Nodes that join are marked by negative
// numbers below free until it is over, so that no aggregate grows twice.
func joinNeighbours(g *strengthGraph, agg []int32, free int32) {
	for i, at := range agg {
		if at != free {
			continue
		}
		for _, j := range g.col[g.ptr[i]:g.ptr[i+1]] {
			if agg[j] >= 0 {
				agg[i] = free - 1 - agg[j]
				break
			}
		}
	}
	for i, at := range agg {
		if at < free {
			agg[i] = free - 1 - at
		}
	}
}

// aggregateTwice aggregates the aggregates, for matrices that would otherwise
// not get sparser.
func aggregateTwice(g *strengthGraph, agg []int32, count int) ([]int32, int) {
	ptr := make([]int64, count+1)
	for _, c := range agg {
		if c >= 0 {
			ptr[c+1]++
		}
	}
	for c := range count {
		ptr[c+1] += ptr[c]
	}
	members := make([]int32, ptr[count])
	next := append([]int64(nil), ptr[:count]...)
	for i, c := range agg {
		if c >= 0 {
			members[next[c]] = int32(i)
			next[c]++
		}
	}
	coarse := &strengthGraph{ptr: make([]int64, count+1)}
	seen := make([]int32, count)
	for c := range int32(count) {
		seen[c] = c + 1
		for _, i := range members[ptr[c]:ptr[c+1]] {
			for _, j := range g.col[g.ptr[i]:g.ptr[i+1]] {
				if d := agg[j]; d >= 0 && seen[d] != c+1 {
					seen[d] = c + 1
					coarse.col = append(coarse.col, d)
				}
			}
		}
		coarse.ptr[c+1] = int64(len(coarse.col))
	}
	up, total := aggregate(coarse)
	for c, u := range up {
		if u < 0 { // an aggregate without strong neighbours stays one
			up[c] = int32(total)
			total++
		}
	}
	twice := make([]int32, len(agg))
	for i, c := range agg {
		twice[i] = -1
		if c >= 0 {
			twice[i] = up[c]
		}
	}
	return twice, total
}
