package multigrid

// splitRS is the first pass of Ruge and Stüben: the unknown on which most
// undecided or fine ones depend becomes coarse, those that depend on it become
// fine, and the unknowns that these depend on gain in weight. strong lists
// whom i depends on, back who depends on i.
func splitRS(strong, back *amgCSR[float64]) (coarse []bool) {
	n := strong.rows
	coarse = make([]bool, n)
	decided := make([]bool, n)
	q := newWeightQueue(n, func(i int) int32 { return int32(back.ptr[i+1] - back.ptr[i]) })
	for i := range n {
		if back.ptr[i] == back.ptr[i+1] && strong.ptr[i] == strong.ptr[i+1] {
			decided[i] = true // alone: smoothing solves for it
			q.remove(int32(i))
		}
	}
	for {
		i, weight := q.top()
		if i < 0 || weight == 0 {
			break
		}
		q.remove(i)
		coarse[i], decided[i] = true, true
		for _, j := range back.col[back.ptr[i]:back.ptr[i+1]] {
			if decided[j] {
				continue
			}
			decided[j] = true
			q.remove(j)
			for _, k := range strong.col[strong.ptr[j]:strong.ptr[j+1]] {
				if !decided[k] {
					q.move(k, +1)
				}
			}
		}
		for _, j := range strong.col[strong.ptr[i]:strong.ptr[i+1]] {
			if !decided[j] {
				q.move(j, -1)
			}
		}
	}
	return coarse
}

// weightQueue holds unknowns in lists by weight, so that the heaviest is found
// and weights change by one in constant time.
type weightQueue struct {
	weight, next, prev, head []int32
	max                      int32
}

func newWeightQueue(n int, weight func(int) int32) *weightQueue {
	q := &weightQueue{weight: make([]int32, n), next: make([]int32, n), prev: make([]int32, n)}
	for i := n - 1; i >= 0; i-- {
		q.weight[i] = weight(i)
		q.insert(int32(i))
	}
	return q
}

func (q *weightQueue) insert(i int32) {
	w := q.weight[i]
	for int(w) >= len(q.head) {
		q.head = append(q.head, -1)
	}
	first := q.head[w]
	q.next[i], q.prev[i] = first, -1
	if first >= 0 {
		q.prev[first] = i
	}
	q.head[w] = i
	q.max = max(q.max, w)
}

func (q *weightQueue) remove(i int32) {
	next, prev := q.next[i], q.prev[i]
	if next >= 0 {
		q.prev[next] = prev
	}
	if prev >= 0 {
		q.next[prev] = next
	} else {
		q.head[q.weight[i]] = next
	}
}

func (q *weightQueue) move(i, by int32) {
	q.remove(i)
	q.weight[i] = max(0, q.weight[i]+by)
	q.insert(i)
}

func (q *weightQueue) top() (i, weight int32) {
	for ; q.max >= 0 && int(q.max) < len(q.head); q.max-- {
		if i := q.head[q.max]; i >= 0 {
			return i, q.max
		}
	}
	return -1, 0
}

// secondPass makes sure that two fine unknowns with a strong connection have
// a coarse one in common: where i lacks it with one neighbour, that neighbour
// becomes coarse; with two, i itself does.
func secondPass(strong *amgCSR[float64], coarse []bool) {
	n := strong.rows
	mark := make([]int32, n) // i+1 where the unknown is a coarse one of i
	for i := range n {
		if coarse[i] {
			continue
		}
		row := strong.col[strong.ptr[i]:strong.ptr[i+1]]
		for _, j := range row {
			if coarse[j] {
				mark[j] = int32(i + 1)
			}
		}
		added := int32(-1)
		for _, j := range row {
			if coarse[j] || sharesCoarse(strong, mark, int32(i+1), j) {
				continue
			}
			if added >= 0 {
				coarse[added], coarse[i] = false, true
				break
			}
			added = j
			coarse[j] = true
			mark[j] = int32(i + 1)
		}
	}
}

func sharesCoarse(strong *amgCSR[float64], mark []int32, tag, j int32) bool {
	for _, k := range strong.col[strong.ptr[j]:strong.ptr[j+1]] {
		if mark[k] == tag {
			return true
		}
	}
	return false
}

// splitPMIS selects a maximal independent set of the strong connections in
// rounds: an undecided unknown that outweighs its undecided neighbours becomes
// coarse, and those that depend on it fine (De Sterck, Yang & Heys, Reducing
// complexity in parallel algebraic multigrid preconditioners, SIAM J. Matrix
// Anal. Appl. 27, 2006). Weights are the numbers of dependents, ties broken
// by a hash of the number.
func splitPMIS(strong, back *amgCSR[float64]) (coarse []bool) {
	n := strong.rows
	coarse = make([]bool, n)
	weight := make([]uint64, n)
	var open []int32
	for i := range n {
		dependents := back.ptr[i+1] - back.ptr[i]
		if dependents > 0 {
			weight[i] = uint64(dependents)<<32 | uint64(uint32(i+1)*2654435769)
			open = append(open, int32(i))
		}
	}
	decided := make([]bool, n)
	for i := range n {
		decided[i] = weight[i] == 0
	}
	heaviest := func(m *amgCSR[float64], i int32) bool {
		for _, j := range m.col[m.ptr[i]:m.ptr[i+1]] {
			if !decided[j] && weight[j] > weight[i] {
				return false
			}
		}
		return true
	}
	for len(open) > 0 {
		var picked []int32
		for _, i := range open {
			if heaviest(strong, i) && heaviest(back, i) {
				picked = append(picked, i)
			}
		}
		for _, i := range picked {
			coarse[i], decided[i] = true, true
			for _, j := range back.col[back.ptr[i]:back.ptr[i+1]] {
				decided[j] = true
			}
		}
		rest := open[:0]
		for _, i := range open {
			if !decided[i] {
				rest = append(rest, i)
			}
		}
		open = rest
	}
	return coarse
}
