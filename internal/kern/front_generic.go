//go:build !amd64 || purego

package kern

// frontShape returns the rows and columns of the tile of SubTN and SubNN.
func frontShape() (mr, nr int) { return goMR, goNR }

func subTile(k int, a []float64, ai, ap int, b []float64, ldb int, c []float64, ldc, rows, cols int) {
	subTileGo(k, a, ai, ap, b, ldb, c, ldc, rows, cols)
}

func solveRows(rows int, t, x []float64, ldx, n int) { solveRowsGo(rows, t, x, ldx, n) }
