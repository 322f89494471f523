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
		s = columnsDotRowsGo(x, y)
	} else {
		for i := 0; i < len(x); i += k {
			for j, v := range x[i : i+k] {
				s[j&7] += v * y[i+j]
			}
		}
	}
	for j, v := range s {
		sums[j] += v
	}
}

func columnsDotRowsGo(x, y []float64) [8]float64 {
	var s0, s1, s2, s3, s4, s5, s6, s7 float64
	for ; len(x) >= 8 && len(y) >= 8; x, y = x[8:], y[8:] {
		s0 += x[0] * y[0]
		s1 += x[1] * y[1]
		s2 += x[2] * y[2]
		s3 += x[3] * y[3]
		s4 += x[4] * y[4]
		s5 += x[5] * y[5]
		s6 += x[6] * y[6]
		s7 += x[7] * y[7]
	}
	return [8]float64{s0, s1, s2, s3, s4, s5, s6, s7}
}

func columnsDirectGo(k int, alpha, beta *[8]float64, z, x, p []float64) {
	if k == 8 {
		columnsAxpyGo(alpha, p, x)
		columnsXpbyGo(z, beta, p)
		return
	}
	for i := 0; i < len(p); i += k {
		zi, xi, pi := z[i:i+k], x[i:i+k], p[i:i+k]
		for j, v := range pi {
			xi[j] += alpha[j&7] * v
			pi[j] = zi[j] + beta[j&7]*v
		}
	}
}

func columnsAxpyGo(a *[8]float64, x, y []float64) {
	for ; len(x) >= 8 && len(y) >= 8; x, y = x[8:], y[8:] {
		u, v := (*[8]float64)(y), (*[8]float64)(x)
		u[0] += a[0] * v[0]
		u[1] += a[1] * v[1]
		u[2] += a[2] * v[2]
		u[3] += a[3] * v[3]
		u[4] += a[4] * v[4]
		u[5] += a[5] * v[5]
		u[6] += a[6] * v[6]
		u[7] += a[7] * v[7]
	}
}

func columnsXpbyGo(x []float64, b *[8]float64, y []float64) {
	for ; len(x) >= 8 && len(y) >= 8; x, y = x[8:], y[8:] {
		u, v := (*[8]float64)(y), (*[8]float64)(x)
		u[0] = v[0] + b[0]*u[0]
		u[1] = v[1] + b[1]*u[1]
		u[2] = v[2] + b[2]*u[2]
		u[3] = v[3] + b[3]*u[3]
		u[4] = v[4] + b[4]*u[4]
		u[5] = v[5] + b[5]*u[5]
		u[6] = v[6] + b[6]*u[6]
		u[7] = v[7] + b[7]*u[7]
	}
}

func columnsDescendGo(k int, alpha *[8]float64, q, r []float64, sums *[8]float64) {
	minus := *alpha
	for j, a := range minus {
		minus[j] = -a
	}
	if k == 8 {
		columnsAxpyGo(&minus, q, r)
	} else {
		for i := 0; i < len(r); i += k {
			for j, v := range q[i : i+k] {
				r[i+j] += minus[j&7] * v
			}
		}
	}
	columnsDotGo(k, r, r, sums)
}

func columnsDirectScaledGo(k int, alpha, beta *[8]float64, d, r, x, p []float64) {
	for i, f := range d {
		ri, xi, pi := r[i*k:][:k], x[i*k:][:k], p[i*k:][:k]
		for j, v := range pi {
			xi[j] += alpha[j&7] * v
			pi[j] = f*ri[j] + beta[j&7]*v
		}
	}
}

func columnsDescendScaledGo(k int, alpha *[8]float64, d, q, r []float64, sums, scaled *[8]float64) {
	columnsDescendGo(k, alpha, q, r, sums)
	var s [8]float64
	for i, f := range d {
		for j, v := range r[i*k:][:k] {
			s[j&7] += f * v * v
		}
	}
	for j, v := range s {
		scaled[j] += v
	}
}
