package kern

func gatherDotGo(col []int32, val, x []float64) float64 {
	val = val[:len(col)]
	var s0, s1 float64
	k := 0
	for ; k+2 <= len(col); k += 2 {
		s0 += val[k] * x[col[k]]
		s1 += val[k+1] * x[col[k+1]]
	}
	if k < len(col) {
		s0 += val[k] * x[col[k]]
	}
	return s0 + s1
}

func scatterAxpyGo(a float64, col []int32, val, y []float64) {
	val = val[:len(col)]
	for k, j := range col {
		y[j] += a * val[k]
	}
}

func spmvGo(rowptr []int64, col []int32, val, x, y []float64) {
	rowptr = rowptr[:len(y)+1]
	lo := rowptr[0]
	for i := range y {
		hi := rowptr[i+1]
		c, v := col[lo:hi], val[lo:hi]
		v = v[:len(c)]
		s := 0.0
		for k, j := range c {
			s += v[k] * x[j]
		}
		y[i] = s
		lo = hi
	}
}

func spmtvGo(rowptr []int64, col []int32, val, x, y []float64) {
	for i, a := range x {
		scatterAxpyGo(a, col[rowptr[i]:rowptr[i+1]], val[rowptr[i]:rowptr[i+1]], y)
	}
}
