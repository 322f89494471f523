package direct

import "solve/matrix"

// Components labels the connected components of the graph of A + Aᵀ, a
// square: label[i] is the component of row i, numbered from 0 in the order of
// their first rows.
func Components(a *matrix.CSR) (label []int32, count int) {
	g := graphOf(a)
	n := g.order()
	label = make([]int32, n)
	for i := range label {
		label[i] = none
	}
	queue := make([]int32, 0, n)
	for i := range int32(n) {
		if label[i] != none {
			continue
		}
		label[i] = int32(count)
		queue = append(queue[:0], i)
		for k := 0; k < len(queue); k++ {
			for _, j := range g.neighbours(queue[k]) {
				if label[j] == none {
					label[j] = int32(count)
					queue = append(queue, j)
				}
			}
		}
		count++
	}
	return label, count
}
