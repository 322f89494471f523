//go:build amd64 && !purego

package kern

// frontShape returns the rows and columns of the tile of SubTN and SubNN.
func frontShape() (mr, nr int) { return gemmShape() }

func subTile(k int, a []float64, ai, ap int, b []float64, ldb int, c []float64, ldc, rows, cols int) {
	switch isa {
	case isaAVX512:
		subTileAVX512(k, a, ai, ap, b, ldb, c, ldc, rows, cols)
	case isaAVX2:
		subTileAVX2(k, a, ai, ap, b, ldb, c, ldc, rows, cols)
	default:
		subTileGo(k, a, ai, ap, b, ldb, c, ldc, rows, cols)
	}
}

func solveRows(rows int, t, x []float64, ldx, n int) {
	switch isa {
	case isaAVX512:
		solveRowsAVX512(rows, t, x, ldx, n)
	case isaAVX2:
		solveRowsAVX2(rows, t, x, ldx, n)
	default:
		solveRowsGo(rows, t, x, ldx, n)
	}
}
