package kern

// Columns that stand side by side, k ≤ 8 of them: row-major with k numbers a
// row, which one vector register holds. The bits of a column don't depend on k.

// columnsChunk bounds the entries, or rows, of one assembly call.
const columnsChunk = spmvChunk / 8

// ColumnsMV computes y_i = Σ_k val_k x_{col_k}, k from rowptr_i up to
// rowptr_{i+1}, for the rows that rowptr describes, where x_j are the columns
// numbers x[j·stride] … and y_i the numbers y[i·stride] …; 1 ≤ columns ≤ 8,
// columns ≤ stride. The arrays are trusted as those of SpMV are:
// x[col_k·stride+columns−1] must exist.
func ColumnsMV(rowptr []int64, col []int32, val, x, y []float64, columns, stride int) {
	rows := len(rowptr) - 1
	checkRows("ColumnsMV", rowptr, col, val, 1, rows)
	checkColumns("ColumnsMV", columns)
	if stride < columns {
		panicLen("ColumnsMV", "row", stride, columns)
	}
	if rows > 0 && len(y) < (rows-1)*stride+columns {
		panicLen("ColumnsMV", "y", len(y), rows*stride)
	}
	for i := 0; i < rows; {
		e := rows
		if rowptr[e]-rowptr[i] > columnsChunk || e-i > columnsChunk {
			e = chunkOfRows(rowptr, i, rows, columnsChunk)
		}
		columnsMV(rowptr[i:e+1], col, val, x, y[i*stride:], columns, stride, e-i)
		i = e
	}
}

// ColumnsDot adds the dot products of the columns of x and y to sums.
func ColumnsDot(columns int, x, y []float64, sums *[8]float64) {
	checkColumns("ColumnsDot", columns)
	checkPacked("ColumnsDot", "x", len(x), columns)
	checkLen("ColumnsDot", "y", len(y), len(x))
	columnsDot(columns, x, y, sums)
}

// ColumnsDirect computes x += α p and then p = z + β p in one pass, with a
// coefficient for each column.
func ColumnsDirect(columns int, alpha, beta *[8]float64, z, x, p []float64) {
	checkColumns("ColumnsDirect", columns)
	checkPacked("ColumnsDirect", "p", len(p), columns)
	checkLen("ColumnsDirect", "z", len(z), len(p))
	checkLen("ColumnsDirect", "x", len(x), len(p))
	columnsDirect(columns, alpha, beta, z, x, p)
}

// ColumnsDescend computes r −= α q with a coefficient for each column, and
// adds the squares of the new columns of r to sums.
func ColumnsDescend(columns int, alpha *[8]float64, q, r []float64, sums *[8]float64) {
	checkColumns("ColumnsDescend", columns)
	checkPacked("ColumnsDescend", "r", len(r), columns)
	checkLen("ColumnsDescend", "q", len(q), len(r))
	columnsDescend(columns, alpha, q, r, sums)
}

// ColumnsDirectScaled is ColumnsDirect with z = d r, where row i of r is
// multiplied by d_i.
func ColumnsDirectScaled(columns int, alpha, beta *[8]float64, d, r, x, p []float64) {
	checkColumns("ColumnsDirectScaled", columns)
	checkLen("ColumnsDirectScaled", "p", len(p), columns*len(d))
	checkLen("ColumnsDirectScaled", "r", len(r), len(p))
	checkLen("ColumnsDirectScaled", "x", len(x), len(p))
	columnsDirectScaled(columns, alpha, beta, d, r, x, p)
}

// ColumnsDescendScaled is ColumnsDescend that also adds Σ d_i r_i² of the new
// columns to scaled.
func ColumnsDescendScaled(columns int, alpha *[8]float64, d, q, r []float64, sums, scaled *[8]float64) {
	checkColumns("ColumnsDescendScaled", columns)
	checkLen("ColumnsDescendScaled", "r", len(r), columns*len(d))
	checkLen("ColumnsDescendScaled", "q", len(q), len(r))
	columnsDescendScaled(columns, alpha, d, q, r, sums, scaled)
}

func checkColumns(kernel string, columns int) {
	if columns < 1 || columns > 8 {
		panicLen(kernel, "columns", columns, 8)
	}
}

func checkPacked(kernel, name string, n, columns int) {
	if n%columns != 0 {
		panicLen(kernel, name, n, n-n%columns)
	}
}
