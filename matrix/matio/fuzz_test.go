package matio

import (
	"archive/zip"
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/klauspost/compress/gzip"
)

// allocated runs fn and returns how many bytes it allocated in all.
func allocated(fn func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	fn()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// fuzzConstant is what a reader may take for any input: row pointers of
// nearly empty matrices (emptyRows) and the pieces of text.
const fuzzConstant = 8*emptyRows + 24<<20

// read reads data as the fuzzer chose and checks what must hold for any
// input: no panic, memory in proportion, a consistent matrix or an error of
// one line.
func fuzzRead(t *testing.T, data []byte, name string, opt ReadOptions) {
	opt.MaxMemory = 1 << 30
	opt.Threads = 2
	used := allocated(func() {
		s := &input{r: bytes.NewReader(data), name: name, size: int64(len(data)), at: bytes.NewReader(data)}
		f, err := s.read(&opt)
		if err != nil {
			if f != nil {
				t.Fatal("both a matrix and an error")
			}
			if bytes.ContainsAny([]byte(err.Error()), "\n\r\x00") {
				t.Fatalf("%q is more than a line of text", err)
			}
			return
		}
		checkConsistent(t, f)
		stream, err := Read(bytes.NewReader(data), name, &opt)
		if err != nil {
			t.Fatalf("accepted as a file, but not as a stream: %v", err)
		}
		if stream.Rows != f.Rows || stream.Cols != f.Cols || stream.NNZ != f.NNZ || stream.Nonfinite != f.Nonfinite {
			t.Fatalf("as a file %+v, as a stream %+v", f, stream)
		}
	})
	if limit := 2 * uint64(64*len(data)+fuzzConstant); used > limit {
		t.Fatalf("%d bytes of input took %d bytes", len(data), used)
	}
}

func checkConsistent(t *testing.T, f *File) {
	if f.Dense != nil {
		if len(f.Dense.Data) != f.Rows*f.Cols {
			t.Fatalf("%d values for %d×%d", len(f.Dense.Data), f.Rows, f.Cols)
		}
		if n := countNonFinite(f.Dense.Data); n != f.Nonfinite {
			t.Fatalf("counted %d of %d entries that are not finite", f.Nonfinite, n)
		}
		return
	}
	a := f.Sparse
	if len(a.RowPtr) != f.Rows+1 || a.RowPtr[0] != 0 || a.RowPtr[f.Rows] != int64(len(a.Val)) || len(a.Col) != len(a.Val) {
		t.Fatalf("%d pointers, %d columns, %d values for %d rows", len(a.RowPtr), len(a.Col), len(a.Val), f.Rows)
	}
	for i := range f.Rows {
		last := int32(-1)
		col, _ := a.Row(i)
		for _, c := range col {
			if c <= last || int(c) >= f.Cols {
				t.Fatalf("row %d: column %d after %d of %d", i, c, last, f.Cols)
			}
			last = c
		}
	}
}

// addSeeds adds the odd files with one of the endings, each also cut in
// half and with a bit flipped.
func addSeeds(f *testing.F, endings ...string) {
	for _, ending := range endings {
		paths, err := filepath.Glob("testdata/formats/*" + ending)
		if err != nil || len(paths) == 0 {
			f.Fatalf("no seeds %s: %v", ending, err)
		}
		for _, path := range paths {
			data, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data, uint8(0))
			f.Add(data[:len(data)/2], uint8(1))
			if len(data) > 0 {
				flipped := bytes.Clone(data)
				flipped[len(data)*2/3] ^= 4
				f.Add(flipped, uint8(2))
			}
		}
	}
}

// fuzzOptions spreads the bits of one byte over the options.
func fuzzOptions(format Format, bits uint8) ReadOptions {
	opt := ReadOptions{Format: format, AllowNonFinite: bits&1 != 0, Real: bits&2 != 0, ZeroBased: bits&4 != 0}
	if bits&8 != 0 {
		opt.Missing = new(2.5)
	}
	if bits&16 != 0 {
		opt.Sep = ";\t |"[bits>>5&3]
	}
	opt.Header = []string{"", "no", "yes", ""}[bits>>6]
	return opt
}

func FuzzMTX(f *testing.F) {
	addSeeds(f, ".mtx", ".mtx.gz")
	for _, s := range []string{
		"%%MatrixMarket matrix array real skew-symmetric\n3 3\n1\n2\n3\n",
		"%%MatrixMarket matrix array complex hermitian\n2 2\n1 0\n2 0\n3 0\n",
		"%%MatrixMarket vector coordinate pattern general\n4 2\n1\n3\n",
		"%%MatrixMarket matrix coordinate real general\n4194304 1 1\n4194304 1 1\n",
		"%%MatrixMarket matrix coordinate real general\n3 3 1000000000000\n1 1 1\n",
		"%%MatrixMarket matrix array real general\n0 3\n",
	} {
		f.Add([]byte(s), uint8(2))
	}
	f.Fuzz(func(t *testing.T, data []byte, bits uint8) {
		if compressed(data) {
			return // expands by design
		}
		fuzzRead(t, data, "fuzz", fuzzOptions(FormatMTX, bits))
	})
}

func compressed(data []byte) bool {
	return bytes.HasPrefix(data, []byte{0x1f, 0x8b}) || bytes.HasPrefix(data, []byte{0x28, 0xb5, 0x2f, 0xfd})
}

func FuzzCSV(f *testing.F) {
	addSeeds(f, ".csv")
	for _, s := range []string{
		"a;\"b;c\"\n1;2\n", "\"1\",\" 2 \"\n3,NA\n", "# c\n1 2\t3\n\n4 5 6 # d\n", "1,2,\n", "\xef\xbb\xbf1\r\n2\r\n", "x\ty\n1\t\n", "\"a\"\"b\",c\n1,inf\n",
	} {
		f.Add([]byte(s), uint8(9))
	}
	f.Fuzz(func(t *testing.T, data []byte, bits uint8) {
		if compressed(data) {
			return
		}
		fuzzRead(t, data, "fuzz", fuzzOptions(FormatCSV, bits))
	})
}

func FuzzLIBSVM(f *testing.F) {
	addSeeds(f, ".svm")
	f.Add([]byte("1 qid:3 1:2 # c\n1,2 1:1\n"), uint8(0))
	f.Add([]byte("1 2147483647:1\n0 2147483648:1\n"), uint8(4))
	f.Fuzz(func(t *testing.T, data []byte, bits uint8) {
		if compressed(data) {
			return
		}
		fuzzRead(t, data, "fuzz", fuzzOptions(FormatLIBSVM, bits))
	})
}

func FuzzNPY(f *testing.F) {
	addSeeds(f, ".npy")
	for _, format := range []string{"csr", "csc", "coo"} {
		f.Add(npzOf(zip.Store, sparseMembers(format)...), uint8(0))
		f.Add(npzOf(zip.Deflate, sparseMembers(format)...), uint8(1))
	}
	f.Fuzz(func(t *testing.T, data []byte, bits uint8) {
		if compressed(data) {
			return
		}
		opt := fuzzOptions(FormatNPY, bits)
		if isZip(data) { // expands by design
			opt.MaxMemory = 1 << 26
			if f, err := Read(bytes.NewReader(data), "fuzz", &opt); err == nil {
				checkConsistent(t, f)
			}
			return
		}
		fuzzRead(t, data, "fuzz", opt)
	})
}

// Every proper beginning of a compressed file is refused, and so is every
// single bit that is flipped after the header unless the data stay the same.
func TestDamagedStreams(t *testing.T) {
	want := [][]float64{{1, 2}, {3, 4.5}}
	text := []byte("1,2\n3,4.5\n")
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(text)
	z.Close()
	whole := b.Bytes()
	for n := 3; n < len(whole); n++ {
		if f, err := Read(bytes.NewReader(whole[:n]), "cut", nil); err == nil {
			t.Errorf("%d of %d bytes read as %v", n, len(whole), f.Dense)
		}
	}
	for n := 10; n < len(whole); n++ {
		for bit := range 8 {
			flipped := bytes.Clone(whole)
			flipped[n] ^= 1 << bit
			if f, err := Read(bytes.NewReader(flipped), "flipped", nil); err == nil && !sameRows(rowsOf(t, f), want) {
				t.Errorf("bit %d of byte %d: read as %v", bit, n, f.Dense)
			}
		}
	}
	if _, err := Read(bytes.NewReader(append(bytes.Clone(whole), "rest"...)), "longer", nil); err == nil {
		t.Error("accepted bytes after the compressed data")
	}
}

func TestTruncatedFiles(t *testing.T) {
	for _, name := range []string{"c_order.npy", "f_order.npy", "version2.npy"} {
		data, err := os.ReadFile("testdata/formats/" + name)
		if err != nil {
			t.Fatal(err)
		}
		for n := range len(data) {
			opt := &ReadOptions{Format: FormatNPY}
			if _, err := Read(bytes.NewReader(data[:n]), name, opt); err == nil {
				t.Errorf("%s: accepted %d of %d bytes", name, n, len(data))
			}
		}
		if _, err := Read(bytes.NewReader(append(data, 0)), name, nil); err == nil {
			t.Errorf("%s: accepted a byte more", name)
		}
	}
}
