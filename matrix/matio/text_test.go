package matio

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"solve/solver"
)

// textCase is a file written out: it must be read as want, or refused with
// an error that wraps is (nil = solver.ErrFormat) and contains says.
type textCase struct {
	text string
	opt  ReadOptions
	want [][]float64
	says string
	is   error
}

func runCases(t *testing.T, name string, cases []textCase) {
	t.Helper()
	for _, c := range cases {
		f, err := Read(strings.NewReader(c.text), name, &c.opt)
		if c.want != nil {
			if err != nil {
				t.Errorf("%q: %v", c.text, err)
			} else if got := rowsOf(t, f); !sameRows(got, c.want) {
				t.Errorf("%q: read %v, want %v", c.text, got, c.want)
			}
			continue
		}
		if c.is == nil {
			c.is = solver.ErrFormat
		}
		if err == nil {
			t.Errorf("%q: accepted as %v", c.text, rowsOf(t, f))
		} else if !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q: %v, want %q and %q", c.text, err, c.is, c.says)
		}
	}
}

func TestMTXKinds(t *testing.T) {
	h := "%%MatrixMarket matrix "
	runCases(t, "a.mtx", []textCase{
		{text: h + "coordinate real general\n2 3 2\n1 3 4\n2 1 -1e-3\n", want: [][]float64{{0, 0, 4}, {-1e-3, 0, 0}}},
		{text: h + "coordinate double general\r\n1 2 1\r\n1\t2\t7\r\n", want: [][]float64{{0, 7}}},
		{text: h + "coordinate unsigned-integer general\n1 1 1\n1 1 7", want: [][]float64{{7}}},
		{text: h + "coordinate real symmetric\n2 2 2\n1 2 5\n2 2 1\n", want: [][]float64{{0, 5}, {5, 1}}},
		{text: h + "coordinate real symmetric\n2 2 3\n2 1 5\n2 1 2\n2 2 1\n", want: [][]float64{{0, 7}, {7, 1}}},
		{text: h + "coordinate real skew-symmetric\n2 2 2\n1 1 0\n2 1 5\n", want: [][]float64{{0, -5}, {5, 0}}},
		{text: h + "coordinate integer hermitian\n2 2 1\n2 1 5\n", want: [][]float64{{0, 5}, {5, 0}}},
		{text: h + "array real general\n2 3\n1\n2\n3\n4\n5\n6\n", want: [][]float64{{1, 3, 5}, {2, 4, 6}}},
		{text: h + "array real symmetric\n3 3\n1\n2\n3\n4\n5\n6\n", want: [][]float64{{1, 2, 3}, {2, 4, 5}, {3, 5, 6}}},
		{text: h + "array real skew-symmetric\n3 3\n1\n2\n3\n", want: [][]float64{{0, -1, -2}, {1, 0, -3}, {2, 3, 0}}},
		{text: h + "array real skew-symmetric\n1 1\n", want: [][]float64{{0}}},
		{text: h + "array real general\n1 3\n1\n2\n3\n", want: [][]float64{{1, 2, 3}}},
		{text: h + "array integer general\n1 1\n% c\n\n 1.5 \n", want: [][]float64{{1.5}}},
		{text: "%%MatrixMarket vector coordinate real general\n3 1\n2 5\n", want: [][]float64{{0}, {5}, {0}}},
		{text: "%%MatrixMarket vector coordinate pattern general\n3 2\n2\n3\n", want: [][]float64{{0}, {1}, {1}}},
		{text: "%%MatrixMarket vector array real general\n2\n4\n5\n", want: [][]float64{{4}, {5}}},
		{text: "%%matrixmarket MATRIX Coordinate Real GENERAL\n1 1 1\n1 1 3\n", want: [][]float64{{3}}},
		{text: h + "coordinate complex general\n1 1 1\n1 1 3 0\n", opt: ReadOptions{Real: true}, want: [][]float64{{3}}},
		{text: h + "coordinate complex hermitian\n2 2 1\n2 1 3 -0\n", opt: ReadOptions{Real: true}, want: [][]float64{{0, 3}, {3, 0}}},
		{text: h + "array complex general\n1 1\n3 0\n", opt: ReadOptions{Real: true}, want: [][]float64{{3}}},

		{text: h + "coordinate complex general\n1 1 1\n1 1 3 1\n", opt: ReadOptions{Real: true}, says: ":3:7: imaginary"},
		{text: h + "array complex general\n1 1\n3\n", opt: ReadOptions{Real: true}, says: ":3:2: an imaginary part is missing"},
		{text: h + "array pattern general\n1 1\n", says: "pattern cannot"},
		{text: h + "coordinate pattern skew-symmetric\n1 1 0\n", says: "pattern cannot"},
		{text: h + "coordinate real symmetric\n2 3 0\n", says: ":2:1: a symmetric matrix cannot be 2×3"},
		{text: h + "coordinate real general\n2 2\n", says: ":2:1: the line of sizes has 2 numbers, not 3"},
		{text: h + "coordinate real general\n2.0 2 1\n1 1 1\n", says: `:2:1: size "2.0"`},
		{text: h + "coordinate real general\n2 2 1\n1 1 1 1\n", says: `:3:7: unexpected "1"`},
		{text: h + "coordinate real general\n2 2 1\n1 1\n", says: ":3:4: the line ends after the column"},
		{text: h + "coordinate real general\n2 2 1\n1\n", says: ":3:2: the line ends after the row"},
		{text: h + "coordinate real general\n2 2 1\n1.5 1 1\n", says: `:3:1: row "1.5"`},
		{text: h + "coordinate real general\n2 2 1\n1 1 1_000\n", says: `:3:6: unexpected "_000"`},
		{text: h + "coordinate real general\n2 2 1\n1 1 0x1p3\n", says: `:3:6: unexpected "x1p3"`},
		{text: h + "coordinate real general\n2 2 1\n1 1 infinity\n", says: `"infinity" is not a number`},
		{text: h + "coordinate real general\n2 2 3\n1 1 1\n2 2 2\n", says: "ends after 2 of the 3 entries that line 2 announces"},
		{text: h + "coordinate real general\n2 2 1\n\n1 1 1\n% c\n2 2 2\n", says: ":6: entry 2, but line 2 announces 1"},
		{text: h + "array real general\n2 1\n1\n2\n3\n", says: ":5: entry 3, but line 2 announces 2"},
		{text: h + "array real general\n2 1\n1 2\n", says: `:3:3: unexpected "2"`},
		{text: h + "array real general\n2 2\n1\n2\nnan\n4\n", says: ":5:1: entry (1,2) is NaN", is: solver.ErrNonFinite},
		{text: h + "array real symmetric\n2 2\n1\n2\ninf\n", says: ":5:1: entry (2,2) is +Inf", is: solver.ErrNonFinite},
		{text: h + "coordinate real general\n2 2 2\n1 1 nan\n2 2 -inf\n", says: "2 in the file", is: solver.ErrNonFinite},
	})
}

func TestClaims(t *testing.T) {
	h := "%%MatrixMarket matrix "
	for _, text := range []string{
		h + "coordinate real general\n10 10 1000000000000\n1 1 1\n",
		h + "array real general\n1000000 1000000\n1\n",
		h + "array real symmetric\n2000000000 2000000000\n1\n",
		"%%MatrixMarket vector array real general\n2000000000\n1\n",
	} {
		for _, size := range []int64{-1, int64(len(text))} {
			var err error
			used := allocated(func() {
				_, err = (&input{r: strings.NewReader(text), name: "claim.mtx", size: size}).read(nil)
			})
			if !errors.Is(err, solver.ErrFormat) {
				t.Errorf("%q (size %d): %v", text, size, err)
			}
			if used > 16<<20 {
				t.Errorf("%q (size %d): took %d bytes", text, size, used)
			}
		}
	}
	hyper := h + "coordinate real general\n2000000000 2000000000 1\n1 1 1\n"
	if _, err := Read(strings.NewReader(hyper), "a.mtx", nil); !errors.Is(err, solver.ErrTooLarge) {
		t.Errorf("2·10⁹ rows of nothing: %v", err)
	}
}

func TestMemoryLimit(t *testing.T) {
	var csv, svm strings.Builder
	for range 1000 {
		csv.WriteString("1,2,3\n")
		svm.WriteString("1 1:1 2:2\n")
	}
	mtx := "%%MatrixMarket matrix array real general\n1000 1\n" + strings.Repeat("1\n", 1000)
	for name, text := range map[string]string{"a.csv": csv.String(), "a.svm": svm.String(), "a.mtx": mtx} {
		if _, err := Read(strings.NewReader(text), name, &ReadOptions{MaxMemory: 4000}); !errors.Is(err, solver.ErrTooLarge) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := Read(strings.NewReader(text), name, &ReadOptions{MaxMemory: 1 << 20}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCSVKinds(t *testing.T) {
	inf := math.Inf(1)
	missing := ReadOptions{Missing: new(9.0)}
	two := [][]float64{{1, 2}, {3, 4}}
	runCases(t, "-", []textCase{
		{text: "1,2\n3,4\n", want: two},
		{text: "1;2\n3;4\n", want: two},
		{text: "1\t2\n3\t4\n", want: two},
		{text: "  1   2 \n3\t4\n", opt: ReadOptions{Sep: ' '}, want: two},
		{text: "1  2\n 3 4", want: two},
		{text: "1|2\n3|4\n", opt: ReadOptions{Sep: '|'}, want: two},
		{text: "\xef\xbb\xbfx,y\r\n1 , 2\r\n\r\n 3,4 # four\r\n# end\r\n", want: two},
		{text: "# first\n\n\"x, \"\"1\"\"\",y\n\"1\",\" 2 \"\n3,4\n", want: two},
		{text: "1,2\n3,4\n", opt: ReadOptions{Header: "yes"}, want: [][]float64{{3, 4}}},
		{text: "1\n2\n", want: [][]float64{{1}, {2}}},
		{text: "x\n", want: [][]float64{}},
		{text: "inf,2\n3,-INF\n", opt: ReadOptions{AllowNonFinite: true}, want: [][]float64{{inf, 2}, {3, -inf}}},
		{text: "1,\nNA,nan\n", opt: missing, want: [][]float64{{1, 9}, {9, 9}}},
		{text: "1\t\t3\n", opt: missing, want: [][]float64{{1, 9, 3}}},
		{text: "1.5D+1,2\n", want: [][]float64{{15, 2}}},

		{text: "x,y\na,b\n", opt: ReadOptions{Header: "no"}, says: `:1:1: "x" is not a number`},
		{text: "x,1\n2,3\n", says: `:1:1: "x" is not a number`},
		{text: "1,2\n3,4,5\n", says: ":2: 3 cells, but the first row has 2"},
		{text: "1,2\n3,4,\n", says: ":2:3: the cell is empty"},
		{text: "1,2\n3,NA\n", says: ":2:2: the cell is NA"},
		{text: "1,2\n\"3,4\n", says: ":2:1: a quote is not closed"},
		{text: "1,2\n\"3\"4,5\n", says: ":2:1: unexpected"},
		{text: "1,2\n3,4_0\n", says: `:2:2: "4_0" is not a number`},
		{text: "1,2\n3,1e999\n", says: ":2:2: \"1e999\" is too large"},
		{text: "1,5;2,5\n", says: "semicolons?"},
		{text: "1,2\n3,inf\n", says: ":2:2: entry (2,2) is +Inf", is: solver.ErrNonFinite},
		{text: "1 2\n3\n", says: ":2: 1 cells"},
		{text: "", says: "empty file"},
		{text: "# nothing\n\n", says: "empty file"},
		{text: "1,2\n", opt: ReadOptions{Sep: '.'}, is: solver.ErrOption},
		{text: "1,2\n", opt: ReadOptions{Header: "maybe"}, is: solver.ErrOption},
		{text: "1,2\n", opt: ReadOptions{Format: "xls"}, is: solver.ErrOption},
	})
	f, err := Read(strings.NewReader("\"a,\"\"b\",c\n1,2\n"), "-", nil)
	if err != nil || fmt.Sprintf("%q", f.Header) != `["a,\"b" "c"]` {
		t.Errorf("header %q, %v", f.Header, err)
	}
}

func TestLIBSVMKinds(t *testing.T) {
	runCases(t, "-", []textCase{
		{text: "+1 1:0.5 3:2\n-1 2:1e1 # c\n", want: [][]float64{{0.5, 0, 2}, {0, 10, 0}}},
		{text: "1 qid:7 1:2\n", want: [][]float64{{2}}},
		{text: "1 0:1 1:2\n", opt: ReadOptions{ZeroBased: true}, want: [][]float64{{1, 2}}},
		{text: "1,2 3:1\n", opt: ReadOptions{Format: FormatLIBSVM}, says: ":1:1: several labels"},
		{text: "1 2:1 1:1\n", says: ":1:7: index 1 after 2"},
		{text: "1 1:\n", says: ":1:5: the line ends before the value"},
		{text: "1 1:1 2\n", says: `:1:7: "2" is not index:value`},
		{text: "1 1:1x\n", says: `:1:5: "1x" is not a number`},
		{text: "1 2147483648:1\n", says: "at most"},
		{text: "inf 1:1\n", says: "label 1 is +Inf", is: solver.ErrNonFinite},
	})
	f, err := Read(strings.NewReader("+1 1:1\n-1\n2.5 1:3\n"), "-", nil)
	if err != nil || fmt.Sprint(f.Labels) != "[1 -1 2.5]" || f.NNZ != 2 {
		t.Errorf("%+v, %v", f, err)
	}
}

func TestSniffing(t *testing.T) {
	mtx := "%%MatrixMarket matrix array real general\n1 1\n1\n"
	for _, c := range []struct {
		name, text string
		want       Format
	}{
		{"-", mtx, FormatMTX}, {"a.csv", mtx, FormatMTX}, {"-", "1 1:2\n", FormatLIBSVM}, {"a.txt", "1 2\n", FormatCSV},
		{"-", "1\t2\n", FormatTSV}, {"a.tsv", "1\n", FormatTSV}, {"a.svm", "1\n", FormatLIBSVM}, {"heart_scale", "+1 1:0.7 \n", FormatLIBSVM},
		{"a.mtx", "1,2\n", ""}, {"a.npy", "1,2\n", ""}, {"a.svm", mtx, ""}, {"a.npy.gz", mtx, ""},
	} {
		f, err := Read(strings.NewReader(c.text), c.name, nil)
		switch {
		case c.want == "" && !errors.Is(err, solver.ErrFormat):
			t.Errorf("%s %q: %v, want a refusal", c.name, c.text, err)
		case c.want != "" && (err != nil || f.Format != c.want):
			t.Errorf("%s %q: %v, %v, want %s", c.name, c.text, f, err, c.want)
		}
	}
	if f, err := Read(strings.NewReader("1,2\n"), "a.mtx", &ReadOptions{Format: FormatCSV}); err != nil || f.Cols != 2 {
		t.Errorf("a format asked for: %v, %v", f, err)
	}
	for _, magic := range []string{"BZh91AY", "\xfd7zXZ\x00\x00"} {
		if _, err := Read(strings.NewReader(magic), "a", nil); !errors.Is(err, solver.ErrUnsupported) {
			t.Errorf("%q: %v", magic, err)
		}
	}
}

func TestFormatOf(t *testing.T) {
	for name, want := range map[string]string{
		"a.mtx": "mtx  true", "dir.csv/a.CSV.gz": "csv gzip true", "a.tsv.zst": "tsv zstd true", "a.npz": "npy  true",
		"a.svm": "svm  true", "a": "  false", "a.gz": " gzip false", "a.json": "  false",
	} {
		f, c, ok := FormatOf(name)
		if got := fmt.Sprint(string(f), " ", c, " ", ok); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestConversions(t *testing.T) {
	read := func(text string) *File {
		f, err := Read(strings.NewReader(text), "-", nil)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	if v, err := read("1,2,3\n").Vector(); err != nil || len(v) != 3 {
		t.Errorf("a row as vector: %v, %v", v, err)
	}
	if v, err := read("%%MatrixMarket vector coordinate real general\n3 1\n2 5\n").Vector(); err != nil || fmt.Sprint(v) != "[0 5 0]" {
		t.Errorf("a sparse column as vector: %v, %v", v, err)
	}
	if _, err := read("1,2\n3,4\n").Vector(); !errors.Is(err, solver.ErrDimension) {
		t.Errorf("a matrix as vector: %v", err)
	}
	if _, err := read("%%MatrixMarket matrix coordinate real general\n9999 9999 1\n1 1 1\n").AsDense(1 << 20); !errors.Is(err, solver.ErrTooLarge) {
		t.Errorf("a large dense matrix: %v", err)
	}
	if a, err := read("0,2\n0,0\n").AsCSR(); err != nil || a.NNZ() != 1 || a.At(0, 1) != 2 {
		t.Errorf("dense as CSR: %v, %v", a, err)
	}
	a, err := read("i,j,mass\n1,2,0.5\n3,1,0.25\n1,2,1\n").Triplets(0, 0)
	if err != nil || a.Rows != 3 || a.Cols != 2 || a.At(0, 1) != 1.5 {
		t.Errorf("triplets: %v, %v", a, err)
	}
	for _, text := range []string{"0,1,1\n", "1.5,1,1\n", "1,4,1\n", "1,-1,1\n"} {
		if _, err := read(text).Triplets(3, 3); !errors.Is(err, solver.ErrFormat) {
			t.Errorf("triplets %q: %v", text, err)
		}
	}
}

func TestBinaryDataAreRefused(t *testing.T) {
	for _, data := range []string{strings.Repeat("\x00", 100), "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "\x7fELF\x02\x01\x01\x00"} {
		_, err := Read(strings.NewReader(data), "data", nil)
		if !errors.Is(err, solver.ErrFormat) || !strings.Contains(err.Error(), "binary") {
			t.Errorf("%.8q: %v", data, err)
		}
	}
}
