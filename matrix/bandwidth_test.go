package matrix

import (
	"math"
	"testing"
	"time"

	"solve/internal/par"
)

// The product of the 7-point matrix of 128³ unknowns against the bandwidth of
// the machine, that of the triad a_i = b_i + s c_i on vectors of the same size
// as the matrix (McCalpin, STREAM), both on two threads. Bytes are those that
// have to move: 24 a triad element (its store doesn't count twice), 12 an entry
// of the matrix and 24 a row.
func BenchmarkTriad(b *testing.B) {
	triad := newTriad(bandwidthEntries / 2)
	for b.Loop() {
		triad.run()
	}
	b.ReportMetric(triad.bytes()*float64(b.N)/b.Elapsed().Seconds()/1e9, "GB/s")
}

func BenchmarkProduct(b *testing.B) {
	s := &Stencil{Nx: bandwidthSide, Ny: bandwidthSide, Nz: bandwidthSide, Centre: 6, X: -1, Y: -1, Z: -1}
	a, err := s.ToCSR()
	if err != nil {
		b.Fatal(err)
	}
	op := a.Parallel(bandwidthThreads)
	x, y := normalNumbers(1, a.Cols), make([]float64, a.Rows)
	triad := newTriad(bandwidthEntries / 2)
	fastest, fastestTriad := time.Duration(math.MaxInt64), time.Duration(math.MaxInt64)
	for b.Loop() {
		start := time.Now()
		op.MulVecTo(y, false, x)
		fastest = min(fastest, time.Since(start))
		b.StopTimer() // turn by turn, so that both meet the machine at its best
		start = time.Now()
		triad.run()
		fastestTriad = min(fastestTriad, time.Since(start))
		b.StartTimer()
	}
	moved := 12*float64(a.NNZ()) + 24*float64(a.Rows)
	rate, peak := moved/fastest.Seconds(), triad.bytes()/fastestTriad.Seconds()
	b.ReportMetric(rate/1e9, "GB/s")
	b.ReportMetric(100*rate/peak, "%triad")
}

const (
	bandwidthSide    = 128
	bandwidthEntries = 7 * bandwidthSide * bandwidthSide * bandwidthSide
	bandwidthThreads = 2
)

// triad is a_i = b_i + s c_i.
type triad struct{ a, b, c []float64 }

func newTriad(n int) *triad {
	t := &triad{make([]float64, n), make([]float64, n), make([]float64, n)}
	for i := range t.b {
		t.a[i], t.b[i], t.c[i] = 1, 2, 3
	}
	return t
}

func (t *triad) bytes() float64 { return 24 * float64(len(t.a)) }

func (t *triad) run() {
	const chunk = 1 << 15
	par.For(bandwidthThreads, par.Chunks(len(t.a), chunk), func(k int) {
		lo, hi := par.Bounds(k, len(t.a), chunk)
		a, b, c := t.a[lo:hi], t.b[lo:hi], t.c[lo:hi]
		for i := range a {
			a[i] = b[i] + 3*c[i]
		}
	})
}
