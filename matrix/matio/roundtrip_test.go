package matio

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"codeberg.org/sbinet/npyio"
	"pgregory.net/rapid"

	"solve/matrix"
)

// anyFloat draws every kind of finite double.
var anyFloat = rapid.OneOf(
	rapid.Float64(),
	rapid.Map(rapid.Uint64(), func(u uint64) float64 {
		if v := math.Float64frombits(u); v-v == 0 {
			return v
		}
		return 0
	}),
	rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 1, -1, 5e-324, math.MaxFloat64, 1e15, 1e16, 123456789012345680, 0.1}),
)

func anyDense(t *rapid.T) *matrix.Dense {
	r, c := rapid.IntRange(1, 9).Draw(t, "rows"), rapid.IntRange(1, 9).Draw(t, "cols")
	d, err := matrix.NewDense(r, c, rapid.SliceOfN(anyFloat, r*c, r*c).Draw(t, "data"))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func anyCSR(t *rapid.T) *matrix.CSR {
	r, c := rapid.IntRange(1, 12).Draw(t, "rows"), rapid.IntRange(1, 12).Draw(t, "cols")
	n := rapid.IntRange(0, r*c).Draw(t, "nnz")
	seen := map[[2]int]bool{}
	b, err := matrix.NewCOO(r, c, n)
	if err != nil {
		t.Fatal(err)
	}
	for range n {
		i, j := rapid.IntRange(0, r-1).Draw(t, "i"), rapid.IntRange(0, c-1).Draw(t, "j")
		if seen[[2]int{i, j}] {
			continue
		}
		seen[[2]int{i, j}] = true
		if err := b.Append(i, j, anyFloat.Draw(t, "v")); err != nil {
			t.Fatal(err)
		}
	}
	a, _, err := b.ToCSR()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func sameDense(a, b *matrix.Dense) bool {
	return a.Rows == b.Rows && a.Cols == b.Cols && sameBits(a.Data, b.Data)
}

func sameCSR(a, b *matrix.CSR) bool {
	if a.Rows != b.Rows || a.Cols != b.Cols || !sameBits(a.Val, b.Val) {
		return false
	}
	return fmt.Sprint(a.RowPtr) == fmt.Sprint(b.RowPtr) && fmt.Sprint(a.Col) == fmt.Sprint(b.Col)
}

// compressions are what a stream may be wrapped in.
var compressions = []string{"", ".gz", ".zst"}

// written is what write puts through the compressor that the name asks for.
func written(t interface{ Fatal(...any) }, dir, ext string, write func(io.Writer) error) string {
	path := filepath.Join(dir, "a"+ext)
	a, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Abort()
	if err := write(a); err != nil {
		t.Fatal(err)
	}
	if err := a.Commit(); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestDenseRoundTrip(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		d := anyDense(t)
		f := rapid.SampledFrom([]Format{FormatCSV, FormatTSV, FormatMTX, FormatNPY}).Draw(t, "format")
		ext := rapid.SampledFrom(compressions).Draw(t, "compression")
		path := written(t, dir, "."+string(f)+ext, func(w io.Writer) error { return WriteDense(w, f, d, nil) })
		got, err := ReadFile(path, &ReadOptions{Threads: rapid.IntRange(1, 3).Draw(t, "threads")})
		if err != nil {
			t.Fatal(err)
		}
		if got.Dense == nil || !sameDense(got.Dense, d) {
			t.Fatalf("wrote %v, read %v", d, got.Dense)
		}
		// One column has no separator to tell CSV from TSV.
		if got.Format != f && !(f == FormatTSV && got.Format == FormatCSV) {
			t.Fatalf("wrote %s, read %s", f, got.Format)
		}
	})
}

func TestCSRRoundTrip(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		a := anyCSR(t)
		f := rapid.SampledFrom([]Format{FormatCSV, FormatTSV, FormatMTX, FormatNPY, FormatLIBSVM}).Draw(t, "format")
		ext := rapid.SampledFrom(compressions).Draw(t, "compression")
		var labels []float64
		if f == FormatLIBSVM {
			labels = rapid.SliceOfN(anyFloat, a.Rows, a.Rows).Draw(t, "labels")
		}
		path := written(t, dir, "."+string(f)+ext, func(w io.Writer) error { return WriteCSR(w, f, a, &WriteOptions{Labels: labels}) })
		got, err := ReadFile(path, nil)
		if err != nil {
			t.Fatal(err)
		}
		var b *matrix.CSR
		switch f {
		case FormatMTX:
			b = got.Sparse
		case FormatLIBSVM:
			b = got.Sparse
			b.Cols = a.Cols // the format doesn't tell
			if !sameBits(got.Labels, labels) {
				t.Fatalf("labels %v became %v", labels, got.Labels)
			}
		case FormatNPY:
			d, err := a.ToDense()
			if err != nil || !sameDense(d, got.Dense) {
				t.Fatalf("wrote %v, read %v (%v)", d, got.Dense, err)
			}
			return
		default:
			if b, err = got.Triplets(a.Rows, a.Cols); err != nil {
				t.Fatal(err)
			}
		}
		if !sameCSR(a, b) {
			t.Fatalf("wrote %v, read %v", a, b)
		}
	})
}

func TestSymmetricRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		half := anyCSR(t)
		n := max(half.Rows, half.Cols)
		b, err := matrix.NewCOO(n, n, 0)
		if err != nil {
			t.Fatal(err)
		}
		half.DoNonZero(func(i, j int, v float64) {
			if i < j {
				return
			}
			err = b.Append(i, j, v)
			if i != j && err == nil {
				err = b.Append(j, i, v)
			}
		})
		a, _, err2 := b.ToCSR()
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		var text bytes.Buffer
		if err := WriteCSR(&text, FormatMTX, a, &WriteOptions{Symmetric: true, Comments: []string{"one\ntwo"}}); err != nil {
			t.Fatal(err)
		}
		f, err := Read(&text, "-", nil)
		if err != nil || f.Symmetry != "symmetric" || !sameCSR(a, f.Sparse) {
			t.Fatalf("wrote %v, read %+v, %v", a, f, err)
		}
		d, _ := a.ToDense()
		text.Reset()
		if err := WriteDense(&text, FormatMTX, d, &WriteOptions{Symmetric: true}); err != nil {
			t.Fatal(err)
		}
		if f, err = Read(&text, "-", nil); err != nil || !sameDense(d, f.Dense) {
			t.Fatalf("wrote %v, read %+v, %v", d, f, err)
		}
	})
}

func TestNonFiniteRoundTrip(t *testing.T) {
	d, _ := matrix.NewDense(2, 2, []float64{1, math.Inf(1), math.Inf(-1), math.NaN()})
	for _, f := range []Format{FormatCSV, FormatMTX, FormatNPY} {
		var text bytes.Buffer
		if err := WriteDense(&text, f, d, nil); err != nil {
			t.Fatal(err)
		}
		got, err := Read(&text, "-", &ReadOptions{AllowNonFinite: true})
		if err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		v := got.Dense.Data
		if v[1] != d.Data[1] || v[2] != d.Data[2] || !math.IsNaN(v[3]) || got.Nonfinite != 3 {
			t.Errorf("%s: %v, counted %d", f, v, got.Nonfinite)
		}
	}
}

// A file of many pieces gives the same matrix on any number of threads, and
// errors name the line in the file.
func TestManyPieces(t *testing.T) {
	d := normals(3, 40_000)
	tall, _ := matrix.NewDense(40_000, 3, d.Data)
	sparse, err := tall.ToCSR()
	if err != nil {
		t.Fatal(err)
	}
	var array, entries, lines, svm, wide bytes.Buffer
	for _, err := range []error{
		WriteDense(&array, FormatMTX, tall, nil), WriteCSR(&entries, FormatMTX, sparse, nil),
		WriteDense(&lines, FormatCSV, tall, nil), WriteCSR(&svm, FormatLIBSVM, sparse, nil),
		WriteDense(&wide, FormatCSV, d, nil),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	for name, text := range map[string][]byte{
		"array.mtx": array.Bytes(), "entries.mtx": entries.Bytes(), "lines.csv": lines.Bytes(),
		"rows.svm": svm.Bytes(), "wide.csv": wide.Bytes(),
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		want := tall
		if name == "wide.csv" {
			want = d
		}
		for _, threads := range []int{1, 2, 5} {
			opt := &ReadOptions{Threads: threads, Hash: true}
			file, err := ReadFile(path, opt)
			if err != nil {
				t.Fatal(err)
			}
			stream, err := Read(bytes.NewReader(text), name, opt)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range []*File{file, stream} {
				if got, err := f.AsDense(0); err != nil || !sameDense(got, want) {
					t.Errorf("%s on %d threads differs (%v)", name, threads, err)
				}
				if f.Bytes != int64(len(text)) || f.SHA256 != file.SHA256 || len(f.SHA256) != 64 {
					t.Errorf("%s: %d bytes, hash %q", name, f.Bytes, f.SHA256)
				}
			}
			broken := append(bytes.Clone(text), "1 x\n"...)
			line := bytes.Count(text, newline) + 1
			_, err = Read(bytes.NewReader(broken), name, opt)
			if want := fmt.Sprintf("%s:%d:", name, line); err == nil || !strings.HasPrefix(err.Error(), want) {
				t.Errorf("%v: want %s…", err, want)
			}
		}
	}
}

// What NumPy's file format means is checked against another implementation.
func TestNPYAgainstNpyio(t *testing.T) {
	for _, name := range []string{"c_order.npy", "version2.npy"} {
		r, err := os.Open(filepath.Join("testdata/formats", name))
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		n, err := npyio.NewReader(r)
		if err != nil {
			t.Fatal(err)
		}
		var want []float64
		err = n.Read(&want)
		if err != nil {
			t.Fatalf("%s: npyio: %v", name, err)
		}
		if got := mustRead(t, r.Name()).Dense.Data; !sameBits(got, want) {
			t.Errorf("%s: %v, npyio %v", name, got, want)
		}
	}
	d := normals(7, 5)
	var b bytes.Buffer
	if err := WriteDense(&b, FormatNPY, d, nil); err != nil {
		t.Fatal(err)
	}
	var back []float64
	if err := npyio.Read(&b, &back); err != nil || !sameBits(back, d.Data) {
		t.Errorf("npyio reads %v, %v", back, err)
	}
}
