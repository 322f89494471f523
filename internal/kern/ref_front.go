package kern

// subTileGo subtracts A B from the rows×cols tile at c; entry (i, p) of A is
// a[i*ai+p*ap], and rows and cols are at most 4.
func subTileGo(k int, a []float64, ai, ap int, b []float64, ldb int, c []float64, ldc, rows, cols int) {
	for i := range rows {
		var s [goNR]float64
		for p := range k {
			ap := a[i*ai+p*ap]
			for j, v := range b[p*ldb:][:cols] {
				s[j] += ap * v
			}
		}
		for j := range cols {
			c[i*ldc+j] -= s[j]
		}
	}
}

func solveRowsGo(rows int, t, x []float64, ldx, n int) {
	for k := range rows {
		xk := x[k*ldx:][:n]
		d := t[9*k]
		for i := range xk {
			xk[i] *= d
		}
		for j := k + 1; j < rows; j++ {
			axpyGo(-t[8*k+j], xk, x[j*ldx:][:n])
		}
	}
}
