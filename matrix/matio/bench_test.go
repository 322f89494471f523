package matio

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"solve/matrix"
)

// cpuTime is the processor time of the whole process.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// benchmark reports MB/s of wall time and of processor time.
func benchmark(b *testing.B, size int64, fn func() error) {
	b.SetBytes(size)
	start := cpuTime()
	for b.Loop() {
		if err := fn(); err != nil {
			b.Fatal(err)
		}
	}
	if used := cpuTime() - start; used > 0 {
		b.ReportMetric(float64(size)*float64(b.N)/1e6/used.Seconds(), "cpuMB/s")
	}
}

func benchmarkFile(b *testing.B, name string, data []byte) {
	path := filepath.Join(b.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		b.Fatal(err)
	}
	for _, threads := range []int{1, 2} {
		b.Run(fmt.Sprintf("%s/threads=%d", name, threads), func(b *testing.B) {
			benchmark(b, int64(len(data)), func() error {
				_, err := ReadFile(path, &ReadOptions{Threads: threads})
				return err
			})
		})
	}
}

// coordinateText is n entries of an m×m matrix in random places, or column
// by column.
func coordinateText(n, m int, byColumn bool, value func(*rand.Rand, []byte) []byte) []byte {
	r := rand.New(rand.NewPCG(1, 1))
	b := fmt.Appendf(nil, "%%%%MatrixMarket matrix coordinate real general\n%d %d %d\n", m, m, n)
	for k := range n {
		i, j := r.IntN(m), r.IntN(m)
		if byColumn {
			perColumn := n / m
			i, j = (k%perColumn*(m/perColumn)+k)%m, k/perColumn%m
		}
		b = strconv.AppendInt(b, int64(i+1), 10)
		b = append(b, ' ')
		b = strconv.AppendInt(b, int64(j+1), 10)
		b = append(b, ' ')
		b = append(value(r, b), '\n')
	}
	return b
}

func shortest(r *rand.Rand, b []byte) []byte {
	return strconv.AppendFloat(b, r.NormFloat64(), 'g', -1, 64)
}

func fourDecimals(r *rand.Rand, b []byte) []byte {
	return strconv.AppendFloat(b, r.NormFloat64(), 'f', 4, 64)
}

func BenchmarkReadMTX(b *testing.B) {
	benchmarkFile(b, "shortest.mtx", coordinateText(1<<20, 1<<17, false, shortest))
	benchmarkFile(b, "decimals.mtx", coordinateText(1<<21, 1<<17, false, fourDecimals))
	benchmarkFile(b, "columns.mtx", coordinateText(1<<20, 1<<17, true, shortest))
}

// Parsing alone, without building the matrix.
func BenchmarkParseMTX(b *testing.B) {
	for name, data := range map[string][]byte{
		"shortest": coordinateText(1<<20, 1<<17, false, shortest),
		"decimals": coordinateText(1<<21, 1<<17, false, fourDecimals),
	} {
		b.Run(name, func(b *testing.B) {
			benchmark(b, int64(len(data)), func() error {
				opt := &ReadOptions{Threads: 1, MaxMemory: 1 << 40}
				s, err := newSource(bytes.NewReader(data), "", int64(len(data)), opt)
				if err != nil {
					return err
				}
				l := newLineSource(s, 1<<40)
				h, err := readMTXHeader(l, opt)
				if err != nil {
					return err
				}
				return parseLines(l, 1, h.parseCoordinates, func(*text, *mtxEntries) error { return nil })
			})
		})
	}
}

func normals(rows, cols int) *matrix.Dense {
	r := rand.New(rand.NewPCG(1, 1))
	d, _ := matrix.NewDense(rows, cols, nil)
	for k := range d.Data {
		d.Data[k] = r.NormFloat64()
	}
	return d
}

func BenchmarkReadDense(b *testing.B) {
	d := normals(20000, 50)
	for _, f := range []Format{FormatCSV, FormatMTX, FormatNPY} {
		var text bytes.Buffer
		if err := WriteDense(&text, f, d, nil); err != nil {
			b.Fatal(err)
		}
		benchmarkFile(b, "dense."+string(f), text.Bytes())
	}
	var text bytes.Buffer
	if err := WriteDense(&text, FormatNPY, normals(4<<10, 4<<10), nil); err != nil {
		b.Fatal(err)
	}
	benchmarkFile(b, "large.npy", text.Bytes())
}

func BenchmarkReadLIBSVM(b *testing.B) {
	var text bytes.Buffer
	if err := WriteDense(&text, FormatLIBSVM, normals(20000, 50), nil); err != nil {
		b.Fatal(err)
	}
	benchmarkFile(b, "dense.svm", text.Bytes())
}

func BenchmarkReadCompressed(b *testing.B) {
	data := coordinateText(1<<20, 1<<17, false, shortest)
	for _, ext := range []string{".gz", ".zst"} {
		path := filepath.Join(b.TempDir(), "a.mtx"+ext)
		a, err := Create(path)
		if err == nil {
			_, err = a.Write(data)
		}
		if err == nil {
			err = a.Commit()
		}
		if err != nil {
			b.Fatal(err)
		}
		b.Run(ext, func(b *testing.B) {
			benchmark(b, int64(len(data)), func() error {
				_, err := ReadFile(path, nil)
				return err
			})
		})
	}
}

type countingWriter struct{ n int64 }

func (c *countingWriter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return len(p), nil
}

func BenchmarkWrite(b *testing.B) {
	d := normals(20000, 50)
	a, err := d.ToCSR()
	if err != nil {
		b.Fatal(err)
	}
	for name, write := range map[string]func(io.Writer) error{
		"dense.csv": func(w io.Writer) error { return WriteDense(w, FormatCSV, d, nil) },
		"dense.npy": func(w io.Writer) error { return WriteDense(w, FormatNPY, d, nil) },
		"csr.mtx":   func(w io.Writer) error { return WriteCSR(w, FormatMTX, a, nil) },
	} {
		b.Run(name, func(b *testing.B) {
			var size countingWriter
			if err := write(&size); err != nil {
				b.Fatal(err)
			}
			benchmark(b, size.n, func() error { return write(io.Discard) })
		})
	}
}

func BenchmarkScanFloat(b *testing.B) {
	for name, value := range map[string]func(*rand.Rand, []byte) []byte{"shortest": shortest, "decimals": fourDecimals} {
		const n = 20000
		r := rand.New(rand.NewPCG(1, 1))
		var text []byte
		for range n {
			text = append(value(r, text), ' ')
		}
		end := len(text)
		text = append(text, make([]byte, pad)...)
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(end))
			for b.Loop() {
				for i := 0; i < end; i++ {
					_, i, _ = scanFloat(text, i)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/number")
		})
	}
}
