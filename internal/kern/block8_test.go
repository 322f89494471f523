package kern

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// spread puts the first columns of 8 numbers a row side by side, stride apart.
func spread(g guarded, columns, stride int) guarded {
	out := newGuarded(len(g.v)/8*stride, stride%5, func(int) float64 { return 7 })
	for i := range len(g.v) / 8 {
		copy(out.v[i*stride:][:columns], g.v[8*i:])
	}
	return out
}

// column returns number j of every row.
func column(x []float64, j, stride int) []float64 {
	var c []float64
	for i := j; i < len(x); i += stride {
		c = append(c, x[i])
	}
	return c
}

// Every number of columns and of entries a row, in wider rows too; a column
// has the same bits whatever stands beside it.
func TestColumnsMV(t *testing.T) {
	r := rand.New(rand.NewPCG(31, 32))
	withISA(t, func(t *testing.T) {
		for longest := range 14 {
			const rows, n = 9, 17
			ptr, col := []int64{2}, []int32{0, 1} // entries of no row here
			for i := range rows {
				for range max(longest-i%3*(longest/2), 0) {
					col = append(col, int32(r.IntN(n)))
				}
				ptr = append(ptr, int64(len(col)))
			}
			value := func(int) float64 { return r.Float64() - 0.5 }
			val, all := newGuarded(len(col), longest%8, value), newGuarded(8*n, 0, value)
			var alone []float64
			for columns := 8; columns >= 1; columns-- {
				for _, stride := range []int{columns, columns + 3} {
					x := spread(all, columns, stride)
					y := newGuarded(rows*stride, stride%3, func(int) float64 { return 9 })
					ColumnsMV(ptr, col, val.v, x.v, y.v[:rows*stride-stride+columns], columns, stride)
					for j := range stride {
						want := make([]float64, rows)
						for i := range want {
							for k := ptr[i]; k < ptr[i+1]; k++ {
								want[i] += val.v[k] * x.v[int(col[k])*stride+j]
							}
							if j >= columns {
								want[i] = 9
							}
						}
						compareVec(t, fmt.Sprintf("%d entries, column %d of %d", longest, j, columns), column(y.v, j, stride), want, 1e-14)
					}
					if !x.intact() || !y.intact() || !val.intact() {
						t.Fatalf("%d columns: guard words changed", columns)
					}
					if first := column(y.v, 0, stride); alone == nil {
						alone = first
					} else {
						sameBits(t, rows, first, alone)
					}
				}
			}
		}
	})
}

func TestColumnsMVInChunks(t *testing.T) {
	r := rand.New(rand.NewPCG(33, 34))
	n := columnsChunk + 9
	ptr, col := []int64{0, 0}, []int32(nil)
	for _, k := range []int{n, columnsChunk - 3, 7, 2} {
		for j := range k {
			col = append(col, int32(j))
		}
		ptr = append(ptr, int64(len(col)))
	}
	val, x := randomVector(r, len(col)), randomVector(r, 8*n)
	withISA(t, func(t *testing.T) {
		y, want := make([]float64, 8*(len(ptr)-1)), make([]float64, 8*(len(ptr)-1))
		ColumnsMV(ptr, col, val, x, y, 8, 8)
		columnsMVGo(ptr, col, val, x, want, 8, 8, len(ptr)-1)
		compareVec(t, "ColumnsMV", y, want, 1e-11)
	})
}

// columnsPasses runs the passes on copies: sums of the dot product and of the
// squares, and the vectors x, p and r afterwards.
func columnsPasses(t *testing.T, columns int, alpha, beta *[8]float64, in [4]guarded) (dots, squares [8]float64, out [3]guarded) {
	t.Helper()
	z, x, p, r := in[0], in[1].clone(), in[2].clone(), in[3].clone()
	dots[0], squares[0] = 1, 2
	ColumnsDot(columns, z.v, p.v, &dots)
	ColumnsDirect(columns, alpha, beta, z.v, x.v, p.v)
	ColumnsDescend(columns, alpha, p.v, r.v, &squares)
	for _, g := range []guarded{z, x, p, r} {
		if !g.intact() {
			t.Fatalf("%d columns: guard words changed", columns)
		}
	}
	return dots, squares, [3]guarded{x, p, r}
}

// Every number of columns and of rows around the turns of the loops, against
// plain loops; a column has the same bits whatever stands beside it.
func TestColumnsPasses(t *testing.T) {
	r := rand.New(rand.NewPCG(35, 36))
	value := func(int) float64 { return r.Float64() - 0.5 }
	var alpha, beta [8]float64
	for j := range alpha {
		alpha[j], beta[j] = value(0), value(0)
	}
	withISA(t, func(t *testing.T) {
		for rows := range 20 {
			var all [4]guarded
			for i := range all {
				all[i] = newGuarded(8*rows, i, value)
			}
			allDots, allSquares, allOut := columnsPasses(t, 8, &alpha, &beta, all)
			for columns := 1; columns <= 8; columns++ {
				var in [4]guarded
				for i := range in {
					in[i] = spread(all[i], columns, columns)
				}
				dots, squares, out := columnsPasses(t, columns, &alpha, &beta, in)
				var wantDots, wantSquares [8]float64
				wantDots[0], wantSquares[0] = 1, 2
				want := [3]guarded{in[1].clone(), in[2].clone(), in[3].clone()}
				for i, z := range in[0].v {
					j := i % columns
					x, p, r := &want[0].v[i], &want[1].v[i], &want[2].v[i]
					wantDots[j] += z * *p
					*x += alpha[j] * *p
					*p = z + beta[j]**p
					*r -= alpha[j] * *p
					wantSquares[j] += *r * *r
				}
				what := fmt.Sprintf("%d columns, %d rows", columns, rows)
				compareVec(t, what+": dots", dots[:], wantDots[:], 1e-13)
				compareVec(t, what+": squares", squares[:], wantSquares[:], 1e-13)
				sameBits(t, columns, dots[:columns], allDots[:columns])
				sameBits(t, columns, squares[:columns], allSquares[:columns])
				for i := range out {
					compareVec(t, what, out[i].v, want[i].v, 1e-14)
					for j := range columns {
						sameBits(t, rows, column(out[i].v, j, columns), column(allOut[i].v, j, 8))
					}
				}
			}
		}
	})
}

// The scaled passes are the plain ones with z = d r, and sum zᵀr along.
func TestColumnsScaledPasses(t *testing.T) {
	rnd := rand.New(rand.NewPCG(37, 38))
	value := func(int) float64 { return rnd.Float64() - 0.5 }
	var alpha, beta [8]float64
	for j := range alpha {
		alpha[j], beta[j] = value(0), value(0)
	}
	withISA(t, func(t *testing.T) {
		for rows := range 20 {
			d := newGuarded(rows, rows%3, value)
			var all [4]guarded // r, x, p and q
			for i := range all {
				all[i] = newGuarded(8*rows, i, value)
			}
			var first [3][]float64
			for columns := 8; columns >= 1; columns-- {
				var in [4]guarded
				for i := range in {
					in[i] = spread(all[i], columns, columns)
				}
				r, x, p, q := in[0].clone(), in[1].clone(), in[2].clone(), in[3]
				z := in[0].clone()
				for i := range z.v {
					z.v[i] *= d.v[i/columns]
				}
				var squares, scaled, wantSquares, wantScaled [8]float64
				wantX, wantP, wantR := in[1].clone(), in[2].clone(), in[0].clone()
				ColumnsDirect(columns, &alpha, &beta, z.v, wantX.v, wantP.v)
				ColumnsDescend(columns, &alpha, q.v, wantR.v, &wantSquares)
				for i, v := range wantR.v {
					wantScaled[i%columns] += d.v[i/columns] * v * v
				}
				ColumnsDirectScaled(columns, &alpha, &beta, d.v, r.v, x.v, p.v)
				ColumnsDescendScaled(columns, &alpha, d.v, q.v, r.v, &squares, &scaled)
				for _, g := range []guarded{d, r, x, p, q} {
					if !g.intact() {
						t.Fatalf("%d columns: guard words changed", columns)
					}
				}
				what := fmt.Sprintf("%d columns, %d rows", columns, rows)
				compareVec(t, what+": x", x.v, wantX.v, 1e-14)
				compareVec(t, what+": p", p.v, wantP.v, 1e-14)
				compareVec(t, what+": r", r.v, wantR.v, 1e-14)
				compareVec(t, what+": squares", squares[:], wantSquares[:], 1e-13)
				compareVec(t, what+": scaled", scaled[:], wantScaled[:], 1e-13)
				now := [3][]float64{column(p.v, 0, columns), squares[:1], scaled[:1]}
				if columns == 8 {
					first = now
				}
				for i := range now {
					sameBits(t, len(now[i]), now[i], first[i])
				}
			}
		}
	})
}

func TestColumnsLengthMismatchPanics(t *testing.T) {
	v, w := make([]float64, 6), make([]float64, 8)
	col := make([]int32, 6)
	var sums [8]float64
	calls := map[string][]func(){
		"ColumnsMV": {
			func() { ColumnsMV([]int64{0, 7}, col, v, v, v, 1, 1) },
			func() { ColumnsMV([]int64{0, 3}, col, w, v, v, 1, 1) },
			func() { ColumnsMV([]int64{0, 1}, col, v, v, v, 9, 9) },
			func() { ColumnsMV([]int64{0, 1}, col, v, v, v, 3, 2) },
			func() { ColumnsMV([]int64{0, 1, 2}, col, v, v, v, 4, 4) },
		},
		"ColumnsDot":     {func() { ColumnsDot(2, v, w, &sums) }, func() { ColumnsDot(4, v, v, &sums) }, func() { ColumnsDot(0, v, v, &sums) }},
		"ColumnsDirect":  {func() { ColumnsDirect(2, &sums, &sums, v, v, w) }, func() { ColumnsDirect(2, &sums, &sums, v, w, v) }},
		"ColumnsDescend": {func() { ColumnsDescend(2, &sums, v, w, &sums) }},
		"ColumnsDirectScaled": {
			func() { ColumnsDirectScaled(2, &sums, &sums, v[:3], v, v, w) },
			func() { ColumnsDirectScaled(2, &sums, &sums, v[:3], w, v, v) },
			func() { ColumnsDirectScaled(2, &sums, &sums, v, v, v, v) },
		},
		"ColumnsDescendScaled": {
			func() { ColumnsDescendScaled(2, &sums, v[:3], w, v, &sums, &sums) },
			func() { ColumnsDescendScaled(3, &sums, v[:3], v, v, &sums, &sums) },
		},
	}
	for name, bad := range calls {
		for i, call := range bad {
			func() {
				defer func() {
					if s, _ := recover().(string); !strings.HasPrefix(s, "kern: "+name+": ") {
						t.Errorf("%s, call %d: panic message %q", name, i, s)
					}
				}()
				call()
				t.Errorf("%s, call %d: no panic", name, i)
			}()
		}
	}
}

func BenchmarkColumns(b *testing.B) {
	const rows = 1024
	x, p, q := benchVector(8*rows, -1, 1), benchVector(8*rows, -1, 1), benchVector(8*rows, -1, 1)
	ptr, col, val := make([]int64, rows+1), make([]int32, 7*rows), benchVector(7*rows, -1, 1)
	for i := range rows {
		ptr[i+1] = int64(7 * (i + 1))
		for k := range 7 {
			col[7*i+k] = int32((i + 50*k) % rows)
		}
	}
	var a, c, sums [8]float64
	b.Run("MV", func(b *testing.B) { eachISA(b, 7*8*rows, 1, func() { ColumnsMV(ptr, col, val, x, q, 8, 8) }) })
	b.Run("Dot", func(b *testing.B) { eachISA(b, 8*rows, 16, func() { ColumnsDot(8, p, q, &sums) }) })
	b.Run("Direct", func(b *testing.B) { eachISA(b, 8*rows, 40, func() { ColumnsDirect(8, &a, &c, q, x, p) }) })
	b.Run("DirectScaled", func(b *testing.B) {
		eachISA(b, 8*rows, 40, func() { ColumnsDirectScaled(8, &a, &c, val[:rows], q, x, p) })
	})
	b.Run("DescendScaled", func(b *testing.B) {
		eachISA(b, 8*rows, 24, func() { ColumnsDescendScaled(8, &a, val[:rows], q, p, &sums, &sums) })
	})
	b.Run("Descend", func(b *testing.B) { eachISA(b, 8*rows, 24, func() { ColumnsDescend(8, &a, q, p, &sums) }) })
}
