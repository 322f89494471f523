package kern

func octetMVGo(rowptr []int64, col []int32, val, x, y []float64) {
	for i := range y {
		var s [octet]float64
		for k := rowptr[i]; k < rowptr[i+1]; k++ {
			v := (*[octet]float64)(val[k*octet:])
			z := (*[octet]float64)(x[col[k]:])
			for l := range s {
				s[l] += v[l] * z[l]
			}
		}
		y[i] += ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]))
	}
}

func octetMTVGo(rowptr []int64, col []int32, val, x, y []float64) {
	for i, a := range x {
		for k := rowptr[i]; k < rowptr[i+1]; k++ {
			v := (*[octet]float64)(val[k*octet:])
			z := (*[octet]float64)(y[col[k]:])
			for l := range z {
				z[l] += a * v[l]
			}
		}
	}
}

func octetSquaresGo(rowptr []int64, col []int32, val, x, y []float64) {
	for i, a := range x {
		for k := rowptr[i]; k < rowptr[i+1]; k++ {
			v := (*[octet]float64)(val[k*octet:])
			z := (*[octet]float64)(y[col[k]:])
			for l := range z {
				z[l] += a * (v[l] * v[l])
			}
		}
	}
}
