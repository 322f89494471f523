package kern

// GatherDot returns Σ_k val_k x[col_k]: one row of a sparse matrix times x.
// The columns must lie in [0, len(x)); they are not checked.
func GatherDot(col []int32, val, x []float64) float64 {
	checkLen("GatherDot", "val", len(val), len(col))
	return gatherDot(col, val, x)
}

// ScatterAxpy computes y[col_k] += a val_k. The columns must be distinct and
// lie in [0, len(y)); they are not checked.
func ScatterAxpy(a float64, col []int32, val, y []float64) {
	checkLen("ScatterAxpy", "val", len(val), len(col))
	scatterAxpy(a, col, val, y)
}

// spmvChunk bounds the entries of one assembly call.
const spmvChunk = 1 << 16

// SpMV computes y_i = Σ_{k=rowptr_i}^{rowptr_{i+1}−1} val_k x[col_k] for the
// len(y) rows that rowptr, of length len(y)+1, describes; rowptr may be a
// block of a longer array, and indexes col and val. The arrays are trusted:
// pointers monotone and within col, columns within x.
func SpMV(rowptr []int64, col []int32, val, x, y []float64) {
	checkLen("SpMV", "rowptr", len(rowptr), len(y)+1)
	checkLen("SpMV", "val", len(val), len(col))
	n := len(y)
	if n == 0 {
		return
	}
	if rowptr[0] < 0 || rowptr[n] > int64(len(col)) {
		panicLen("SpMV", "col", len(col), int(rowptr[n]))
	}
	for i := 0; i < n; {
		e := i + 1
		for e < n && rowptr[e+1]-rowptr[i] <= spmvChunk && e-i < spmvChunk/4 {
			e++
		}
		spmv(rowptr[i:e+1], col, val, x, y[i:e])
		i = e
	}
}
