package verify

import "solve/matrix"

// times returns X x.
func (f *Fit) times(x []float64) []float64 {
	out := make([]float64, len(f.Y))
	switch a := f.X.(type) {
	case *matrix.Dense:
		var support []int
		for j, v := range x {
			if v != 0 {
				support = append(support, j)
			}
		}
		inStripes(a.Rows, f.Threads, func(_, lo, hi int) {
			for i := lo; i < hi; i++ {
				row, s := a.Row(i), 0.0
				for _, j := range support {
					s += row[j] * x[j]
				}
				out[i] = s
			}
		})
	case *matrix.CSR:
		inStripes(a.Rows, f.Threads, func(_, lo, hi int) {
			for i := lo; i < hi; i++ {
				s := 0.0
				for k := a.RowPtr[i]; k < a.RowPtr[i+1]; k++ {
					s += a.Val[k] * x[a.Col[k]]
				}
				out[i] = s
			}
		})
	case *matrix.CSC:
		for j, v := range x {
			if v == 0 {
				continue
			}
			for k := a.ColPtr[j]; k < a.ColPtr[j+1]; k++ {
				out[a.Row[k]] += a.Val[k] * v
			}
		}
	}
	return out
}

// together is the number of vectors that X is multiplied with at a time.
const together = 8

// transposedAll returns Xᵀ t for each of at most together vectors t.
func (f *Fit) transposedAll(t [][]float64) [][]float64 {
	out := make([][]float64, len(t))
	for k := range out {
		out[k] = make([]float64, len(f.L1))
	}
	switch a := f.X.(type) {
	case *matrix.Dense:
		inStripes(a.Cols, f.Threads, func(_, lo, hi int) {
			for i := 0; i < a.Rows; i += 4 {
				if i+4 > a.Rows {
					for ; i < a.Rows; i++ {
						for k := range t {
							addRow(out[k][lo:hi], t[k][i], a.Row(i)[lo:hi])
						}
					}
					break
				}
				r0, r1, r2, r3 := a.Row(i)[lo:hi], a.Row(i + 1)[lo:hi], a.Row(i + 2)[lo:hi], a.Row(i + 3)[lo:hi]
				for k := range t {
					addRows(out[k][lo:hi], t[k][i:i+4], r0, r1, r2, r3)
				}
			}
		})
	case *matrix.CSR:
		for i := range a.Rows {
			for k := range t {
				v := t[k][i]
				for e := a.RowPtr[i]; e < a.RowPtr[i+1]; e++ {
					out[k][a.Col[e]] += v * a.Val[e]
				}
			}
		}
	case *matrix.CSC:
		side := interleave(t)
		inStripes(a.Cols, f.Threads, func(_, lo, hi int) {
			for j := lo; j < hi; j++ {
				rows, vals := a.Column(j)
				if len(t) == 1 {
					out[0][j] = gather(rows, vals, t[0])
					continue
				}
				var s [together]float64
				for e, i := range rows {
					v, u := vals[e], (*[together]float64)(side[int(i)*together:])
					for k := range s {
						s[k] += v * u[k]
					}
				}
				for k := range t {
					out[k][j] = s[k]
				}
			}
		})
	}
	return out
}

func addRow(sum []float64, t float64, row []float64) {
	for j, v := range row {
		sum[j] += t * v
	}
}

func addRows(sum, t, r0, r1, r2, r3 []float64) {
	t0, t1, t2, t3 := t[0], t[1], t[2], t[3]
	r0, r1, r2, r3 = r0[:len(sum)], r1[:len(sum)], r2[:len(sum)], r3[:len(sum)]
	for j := range sum {
		sum[j] += (t0*r0[j] + t1*r1[j]) + (t2*r2[j] + t3*r3[j])
	}
}

// interleave puts the vectors side by side; one alone stays as it is.
func interleave(t [][]float64) []float64 {
	if len(t) == 1 {
		return nil
	}
	side := make([]float64, together*len(t[0]))
	for k, v := range t {
		for i, x := range v {
			side[i*together+k] = x
		}
	}
	return side
}

func gather(rows []int32, vals, t []float64) float64 {
	s0, s1 := 0.0, 0.0
	k := 0
	for ; k+2 <= len(rows); k += 2 {
		s0 += vals[k] * t[rows[k]]
		s1 += vals[k+1] * t[rows[k+1]]
	}
	if k < len(rows) {
		s0 += vals[k] * t[rows[k]]
	}
	return s0 + s1
}
