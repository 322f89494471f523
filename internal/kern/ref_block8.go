package kern

func columnsMVGo(rowptr []int64, col []int32, val, x, y []float64, k, stride, rows int) {
	for i := range rows {
		lo, hi := rowptr[i], rowptr[i+1]
		out := y[i*stride:][:k]
		if k == 8 {
			columnsRowGo(col[lo:hi], val[lo:hi], x, stride, (*[8]float64)(out))
			continue
		}
		clear(out)
		for e := lo; e < hi; e++ {
			v, t := val[e], x[int(col[e])*stride:][:k]
			for j := range out {
				out[j] += v * t[j]
			}
		}
	}
}

func columnsRowGo(col []int32, val, x []float64, stride int, out *[8]float64) {
	val = val[:len(col)]
	var s0, s1, s2, s3, s4, s5, s6, s7 float64
	for e, c := range col {
		v := val[e]
		t := (*[8]float64)(x[int(c)*stride:])
		s0 += v * t[0]
		s1 += v * t[1]
		s2 += v * t[2]
		s3 += v * t[3]
		s4 += v * t[4]
		s5 += v * t[5]
		s6 += v * t[6]
		s7 += v * t[7]
	}
	*out = [8]float64{s0, s1, s2, s3, s4, s5, s6, s7}
}

func columnsDotGo(k int, x, y []float64, sums *[8]float64) {
	var s [8]float64
	if k == 8 {
		for ; len(x) >= 8 && len(y) >= 8; x, y = x[8:], y[8:] {
			addProducts(&s, (*[8]float64)(x), (*[8]float64)(y))
		}
	} else {
		for i := 0; i < len(x); i += k {
			for j, v := range x[i : i+k] {
				s[j] += v * y[i+j]
			}
		}
	}
	for j, v := range s {
		sums[j] += v
	}
}

func addProducts(s, u, v *[8]float64) {
	s[0] += u[0] * v[0]
	s[1] += u[1] * v[1]
	s[2] += u[2] * v[2]
	s[3] += u[3] * v[3]
	s[4] += u[4] * v[4]
	s[5] += u[5] * v[5]
	s[6] += u[6] * v[6]
	s[7] += u[7] * v[7]
}

func columnsDirectGo(k int, alpha, beta *[8]float64, z, x, p []float64) {
	for i := 0; i < len(p); i += k {
		zi, xi, pi := z[i:i+k], x[i:i+k], p[i:i+k]
		for j, v := range pi {
			xi[j] += alpha[j&7] * v
			pi[j] = zi[j] + beta[j&7]*v
		}
	}
}

func columnsDescendGo(k int, alpha *[8]float64, q, r []float64, sums *[8]float64) {
	var s [8]float64
	for i := 0; i < len(r); i += k {
		qi := q[i : i+k]
		for j, v := range r[i : i+k] {
			v -= alpha[j&7] * qi[j]
			r[i+j] = v
			s[j&7] += v * v
		}
	}
	for j, v := range s {
		sums[j] += v
	}
}
