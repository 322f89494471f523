package kern

// Rows of octets: 8 entries in the columns col_k … col_k+7, with the values
// val_8k … val_8k+7, which fill a vector register without a gather.

// octetChunk bounds the octets of one assembly call.
const octetChunk = spmvChunk / octet

// OctetMV computes y_i += Σ_k Σ_l val_8k+l x[col_k+l], k from rowptr_i up to
// rowptr_{i+1}, for the len(y) rows of octets that rowptr describes. The arrays
// are trusted as those of SpMV are: col_k+7 must lie within x.
func OctetMV(rowptr []int64, col []int32, val, x, y []float64) {
	checkRows("OctetMV", rowptr, col, val, octet, len(y))
	for i := 0; i < len(y); {
		e := chunkOfRows(rowptr, i, len(y), octetChunk)
		octetMV(rowptr[i:e+1], col, val, x, y[i:e])
		i = e
	}
}

// OctetMTV computes the transposed product y[col_k+l] += x_i val_8k+l for the
// len(x) rows of octets that rowptr describes, k from rowptr_i up to
// rowptr_{i+1}.
func OctetMTV(rowptr []int64, col []int32, val, x, y []float64) {
	checkRows("OctetMTV", rowptr, col, val, octet, len(x))
	for i := 0; i < len(x); {
		e := chunkOfRows(rowptr, i, len(x), octetChunk)
		octetMTV(rowptr[i:e+1], col, val, x[i:e], y)
		i = e
	}
}

// OctetSquares is OctetMTV with the squares of the values.
func OctetSquares(rowptr []int64, col []int32, val, x, y []float64) {
	checkRows("OctetSquares", rowptr, col, val, octet, len(x))
	for i := 0; i < len(x); {
		e := chunkOfRows(rowptr, i, len(x), octetChunk)
		octetSquares(rowptr[i:e+1], col, val, x[i:e], y)
		i = e
	}
}
