package nl

import "sort"

// close ends the last row: its columns are sorted, equal ones summed.
func (r *rows) close() {
	lo := r.start[len(r.start)-1]
	last := entries{r.column[lo:], r.value[lo:]}
	if !sort.IsSorted(last) {
		sort.Stable(last)
	}
	out := int(lo)
	for k := int(lo); k < len(r.column); k++ {
		if out > int(lo) && r.column[out-1] == r.column[k] {
			r.value[out-1] += r.value[k]
			continue
		}
		r.column[out], r.value[out] = r.column[k], r.value[k]
		out++
	}
	r.column, r.value = r.column[:out], r.value[:out]
	r.start = append(r.start, int64(out))
}

// entries sorts a sparse row by its columns.
type entries struct {
	column []int32
	value  []float64
}

func (e entries) Len() int           { return len(e.column) }
func (e entries) Less(i, j int) bool { return e.column[i] < e.column[j] }
func (e entries) Swap(i, j int) {
	e.column[i], e.column[j] = e.column[j], e.column[i]
	e.value[i], e.value[j] = e.value[j], e.value[i]
}
