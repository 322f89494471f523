package matrix

// Transpose returns Aᵀ. It is made at the first call and kept; both
// matrices then know each other.
func (a *CSR) Transpose() *CSR {
	if t := a.transposed.Load(); t != nil {
		return t
	}
	t := a.transpose()
	t.transposed.Store(a)
	if !a.transposed.CompareAndSwap(nil, t) {
		return a.transposed.Load()
	}
	return t
}

func (a *CSR) transpose() *CSR {
	t := &CSR{
		Rows: a.Cols, Cols: a.Rows, RowPtr: make([]int64, a.Cols+2),
		Col: make([]int32, len(a.Col)), Val: make([]float64, len(a.Val)),
	}
	ptr := t.RowPtr // ptr[c+1] runs from the start of row c to its end
	for _, c := range a.Col {
		ptr[c+2]++
	}
	for i := 2; i < len(ptr); i++ {
		ptr[i] += ptr[i-1]
	}
	for i := range a.Rows {
		for k := a.RowPtr[i]; k < a.RowPtr[i+1]; k++ {
			c := a.Col[k]
			d := ptr[c+1]
			ptr[c+1] = d + 1
			t.Col[d], t.Val[d] = int32(i), a.Val[k]
		}
	}
	t.RowPtr = ptr[:a.Cols+1]
	return t
}

// CheckSymmetric returns an error that wraps solver.ErrNotSymmetric and
// names the first pair of entries that are not equal, or nil.
func (a *CSR) CheckSymmetric() error {
	if a.Rows != a.Cols {
		return notSquare(a.Rows, a.Cols)
	}
	t := a.Transpose()
	for i := range a.Rows {
		ca, va := a.Row(i)
		ct, vt := t.Row(i)
		for ka, kt := 0, 0; ka < len(ca) || kt < len(ct); {
			switch {
			case kt == len(ct) || ka < len(ca) && ca[ka] < ct[kt]:
				if va[ka] != 0 {
					return notSymmetric(i, int(ca[ka]), va[ka], 0)
				}
				ka++
			case ka == len(ca) || ct[kt] < ca[ka]:
				if vt[kt] != 0 {
					return notSymmetric(i, int(ct[kt]), 0, vt[kt])
				}
				kt++
			default:
				if va[ka] != vt[kt] {
					return notSymmetric(i, int(ca[ka]), va[ka], vt[kt])
				}
				ka++
				kt++
			}
		}
	}
	return nil
}

// CSC is an r×c sparse matrix in compressed columns: the entries of column
// j are Row[k], Val[k] for ColPtr[j] <= k < ColPtr[j+1], with strictly
// increasing rows.
type CSC struct {
	Rows, Cols int
	ColPtr     []int64
	Row        []int32
	Val        []float64
}

// NewCSC wraps the three slices after checking every invariant, with the
// errors of NewCSR.
func NewCSC(rows, cols int, colPtr []int64, row []int32, val []float64) (*CSC, error) {
	t, err := NewCSR(cols, rows, colPtr, row, val)
	if err != nil {
		return nil, err
	}
	return t.asCSC(), nil
}

// asCSC reads the rows of t as columns; the slices are shared.
func (t *CSR) asCSC() *CSC {
	return &CSC{Rows: t.Cols, Cols: t.Rows, ColPtr: t.RowPtr, Row: t.Col, Val: t.Val}
}

// ToCSC returns a in compressed columns, sharing a's kept transpose.
func (a *CSR) ToCSC() *CSC { return a.Transpose().asCSC() }

// ToCSR returns a in compressed rows.
func (a *CSC) ToCSR() *CSR {
	return (&CSR{Rows: a.Cols, Cols: a.Rows, RowPtr: a.ColPtr, Col: a.Row, Val: a.Val}).Transpose()
}

// Dims returns the shape.
func (a *CSC) Dims() (r, c int) { return a.Rows, a.Cols }

// NNZ returns the number of stored entries.
func (a *CSC) NNZ() int { return len(a.Val) }

// Column returns the rows and values of column j as views.
func (a *CSC) Column(j int) ([]int32, []float64) {
	lo, hi := a.ColPtr[j], a.ColPtr[j+1]
	return a.Row[lo:hi:hi], a.Val[lo:hi:hi]
}
