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
	checkRows("SpMV", rowptr, col, val, 1, len(y))
	for i := 0; i < len(y); {
		e := chunkOfRows(rowptr, i, len(y), spmvChunk)
		spmv(rowptr[i:e+1], col, val, x, y[i:e])
		i = e
	}
}

// SpMTV computes the transposed product y[col_k] += x_i val_k for the len(x)
// rows that rowptr describes, k from rowptr_i up to rowptr_{i+1}. The arrays
// are trusted as those of SpMV are; the columns of a row must be distinct.
func SpMTV(rowptr []int64, col []int32, val, x, y []float64) {
	checkRows("SpMTV", rowptr, col, val, 1, len(x))
	for i := 0; i < len(x); {
		e := chunkOfRows(rowptr, i, len(x), spmvChunk)
		spmtv(rowptr[i:e+1], col, val, x[i:e], y)
		i = e
	}
}

// chunkOfRows returns the end of the rows from i on that one call of at most
// size entries takes.
func chunkOfRows(rowptr []int64, i, rows int, size int64) int {
	e := i + 1
	for e < rows && rowptr[e+1]-rowptr[i] <= size && e-i < spmvChunk/4 {
		e++
	}
	return e
}

// checkRows checks the arrays of rows, with width values for a column.
func checkRows(kernel string, rowptr []int64, col []int32, val []float64, width, rows int) {
	checkLen(kernel, "rowptr", len(rowptr), rows+1)
	checkLen(kernel, "val", len(val), width*len(col))
	if rowptr[0] < 0 || rowptr[rows] > int64(len(col)) {
		panicLen(kernel, "col", len(col), int(rowptr[rows]))
	}
}
