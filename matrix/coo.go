package matrix

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"solve/internal/par"
	"solve/solver"
)

// COO collects entries of an r×c matrix in any order. Entries at the same
// place add up.
type COO struct {
	rows, cols int
	row, col   []int32
	val        []float64
}

// NewCOO returns an empty r×c builder with room for nnz entries.
func NewCOO(rows, cols, nnz int) (*COO, error) {
	if err := checkSides(rows, cols); err != nil {
		return nil, err
	}
	return &COO{
		rows: rows, cols: cols,
		row: make([]int32, 0, nnz), col: make([]int32, 0, nnz), val: make([]float64, 0, nnz),
	}, nil
}

// Append adds v at (i,j), counted from 0.
func (b *COO) Append(i, j int, v float64) error {
	if uint(i) >= uint(b.rows) || uint(j) >= uint(b.cols) {
		return fmt.Errorf("matrix: entry (%d,%d) outside %d×%d: %w", i+1, j+1, b.rows, b.cols, solver.ErrDimension)
	}
	if v-v != 0 {
		return &solver.EntryError{What: "matrix", Row: i + 1, Col: j + 1, Value: v, Err: solver.ErrNonFinite}
	}
	b.row, b.col, b.val = append(b.row, int32(i)), append(b.col, int32(j)), append(b.val, v)
	return nil
}

// ToCSR turns the entries into a CSR matrix without copying them, and
// leaves the builder empty. It returns how many entries were added to an
// earlier one at the same place.
func (b *COO) ToCSR() (a *CSR, duplicates int, err error) {
	row, col, val := b.row, b.col, b.val
	b.row, b.col, b.val = nil, nil, nil
	return FromTriplets(b.rows, b.cols, row, col, val)
}

func checkSides(rows, cols int) error {
	if rows < 0 || cols < 0 || rows > math.MaxInt32 || cols > math.MaxInt32 {
		return fmt.Errorf("matrix: %d×%d: sides must lie between 0 and %d: %w", rows, cols, math.MaxInt32, solver.ErrDimension)
	}
	return nil
}

// FromTriplets builds a CSR matrix from entries (row[k], col[k], val[k]),
// counted from 0, in any order. It works in the slices that it is given,
// which belong to it from then on: the peak is 16 bytes an entry. Entries
// at the same place are added in the order given and counted. Values are
// not checked for being finite.
func FromTriplets(rows, cols int, row, col []int32, val []float64) (a *CSR, duplicates int, err error) {
	if err := checkSides(rows, cols); err != nil {
		return nil, 0, err
	}
	if len(row) != len(val) || len(col) != len(val) || len(val) >= math.MaxUint32 {
		return nil, 0, fmt.Errorf("matrix: %d rows, %d columns, %d values: %w", len(row), len(col), len(val), solver.ErrDimension)
	}
	for k := range row {
		if uint(row[k]) >= uint(rows) || uint(col[k]) >= uint(cols) {
			return nil, 0, fmt.Errorf("matrix: entry (%d,%d) outside %d×%d: %w",
				int64(row[k])+1, int64(col[k])+1, rows, cols, solver.ErrDimension)
		}
	}
	a = &CSR{Rows: rows, Cols: cols, RowPtr: groupByRow(rows, row, col, val), Col: col, Val: val}
	if a.sortRows() {
		duplicates = a.sumDuplicates()
	}
	return a, duplicates, nil
}

// groupByRow permutes the entries stably in place so that rows ascend, and
// returns the row pointers. row is overwritten.
func groupByRow(rows int, row, col []int32, val []float64) []int64 {
	// ptr[r+1] runs from the start of row r to its end while destinations
	// are handed out, and so ends as the start of row r+1.
	ptr := make([]int64, rows+2)
	ascending, last := true, int32(0)
	for _, r := range row {
		ptr[r+2]++
		ascending = ascending && r >= last
		last = r
	}
	for i := 2; i < len(ptr); i++ {
		ptr[i] += ptr[i-1]
	}
	if ascending {
		return ptr[1:]
	}
	// Destinations fit 32 bits unsigned; int32 carries the bits.
	for k, r := range row {
		d := ptr[r+1]
		ptr[r+1] = d + 1
		row[k] = int32(uint32(d))
	}
	permute(row, col, val)
	return ptr[:rows+1]
}

// permute moves every entry k to place dest[k], which is left holding its
// own number. Several entries are held at once, so that the waits for memory
// overlap: each was taken from a place that is a hole since; it is put down
// at its destination, and what lay there is held instead, until the
// destination is a hole.
func permute(dest, col []int32, val []float64) {
	const hands, hole = 8, int32(-1) // no destination: there are fewer than 2³² entries
	var held [hands]struct {
		to, col int32
		val     float64
	}
	busy, next := 0, 0
	for {
		for ; busy < hands && next < len(dest); next++ {
			if to := dest[next]; uint32(to) != uint32(next) {
				h := &held[busy]
				h.to, h.col, h.val = to, col[next], val[next]
				dest[next] = hole
				busy++
			}
		}
		if busy == 0 {
			return
		}
		for k := 0; k < busy; k++ {
			h := &held[k]
			to := uint32(h.to)
			following := dest[to]
			dest[to] = h.to
			h.col, col[to] = col[to], h.col
			h.val, val[to] = val[to], h.val
			h.to = following
			if following == hole {
				busy--
				held[k] = held[busy]
				k--
			}
		}
	}
}

const sortChunk = 4096 // rows

// sortRows sorts the entries of each row by column, stably, and reports
// whether any column occurs twice in a row.
func (a *CSR) sortRows() (duplicates bool) {
	n := par.Chunks(a.Rows, sortChunk)
	dup := make([]bool, n)
	par.For(0, n, func(c int) {
		lo, hi := par.Bounds(c, a.Rows, sortChunk)
		var scratch []entry
		for i := lo; i < hi; i++ {
			col, val := a.Row(i)
			if !strictlyAscending(col) {
				scratch = sortRow(col, val, scratch)
				dup[c] = dup[c] || !strictlyAscending(col)
			}
		}
	})
	return slices.Contains(dup, true)
}

func strictlyAscending(col []int32) bool {
	for k := 1; k < len(col); k++ {
		if col[k] <= col[k-1] {
			return false
		}
	}
	return true
}

type entry struct {
	col, pos int32
	val      float64
}

// sortRow is stable: entries of one column keep their order, so that their
// sum does not depend on the way of sorting.
func sortRow(col []int32, val []float64, scratch []entry) []entry {
	if len(col) <= 24 {
		for k := 1; k < len(col); k++ {
			c, v := col[k], val[k]
			j := k
			for ; j > 0 && col[j-1] > c; j-- {
				col[j], val[j] = col[j-1], val[j-1]
			}
			col[j], val[j] = c, v
		}
		return scratch
	}
	scratch = scratch[:0]
	for k := range col {
		scratch = append(scratch, entry{col[k], int32(k), val[k]})
	}
	slices.SortFunc(scratch, func(x, y entry) int {
		if c := cmp.Compare(x.col, y.col); c != 0 {
			return c
		}
		return cmp.Compare(x.pos, y.pos)
	})
	for k, e := range scratch {
		col[k], val[k] = e.col, e.val
	}
	return scratch
}

// sumDuplicates adds neighbours in the same column of sorted rows.
func (a *CSR) sumDuplicates() (merged int) {
	w := int64(0)
	for i := range a.Rows {
		lo, hi := a.RowPtr[i], a.RowPtr[i+1]
		start := w
		a.RowPtr[i] = w
		for k := lo; k < hi; k++ {
			if w > start && a.Col[w-1] == a.Col[k] {
				a.Val[w-1] += a.Val[k]
				merged++
				continue
			}
			a.Col[w], a.Val[w] = a.Col[k], a.Val[k]
			w++
		}
	}
	a.RowPtr[a.Rows] = w
	a.Col, a.Val = a.Col[:w], a.Val[:w]
	return merged
}

// DropZeros returns a without its explicit zeros (a itself if it has none)
// and how many there were.
func (a *CSR) DropZeros() (*CSR, int) {
	zeros := 0
	for _, v := range a.Val {
		if v == 0 {
			zeros++
		}
	}
	if zeros == 0 {
		return a, 0
	}
	n := len(a.Val) - zeros
	b := &CSR{
		Rows: a.Rows, Cols: a.Cols, RowPtr: make([]int64, a.Rows+1),
		Col: make([]int32, 0, n), Val: make([]float64, 0, n),
	}
	for i := range a.Rows {
		col, val := a.Row(i)
		for k, v := range val {
			if v != 0 {
				b.Col, b.Val = append(b.Col, col[k]), append(b.Val, v)
			}
		}
		b.RowPtr[i+1] = int64(len(b.Val))
	}
	return b, zeros
}
