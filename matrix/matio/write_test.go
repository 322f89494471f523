package matio

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"solve/matrix"
	"solve/solver"
)

func TestWriteForms(t *testing.T) {
	d, _ := matrix.NewDense(2, 2, []float64{1, 0, -0.5, 1e300})
	a, err := d.ToCSR()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		f      Format
		opt    *WriteOptions
		sparse bool
		want   string
	}{
		{FormatCSV, nil, false, "1,0\n-0.5,1e+300\n"},
		{FormatTSV, &WriteOptions{Header: []string{"a b", "c\td"}}, false, "a b\t\"c\td\"\n1\t0\n-0.5\t1e+300\n"},
		{FormatMTX, nil, false, "%%MatrixMarket matrix array real general\n2 2\n1\n-0.5\n0\n1e+300\n"},
		{FormatLIBSVM, nil, false, "0 1:1\n0 1:-0.5 2:1e+300\n"},
		{FormatCSV, nil, true, "i,j,value\n1,1,1\n2,1,-0.5\n2,2,1e+300\n"},
		{FormatCSV, &WriteOptions{Header: []string{"i", "j", "mass"}}, true, "i,j,mass\n1,1,1\n2,1,-0.5\n2,2,1e+300\n"},
		{FormatMTX, &WriteOptions{Comments: []string{"a plan"}}, true, "%%MatrixMarket matrix coordinate real general\n% a plan\n2 2 3\n1 1 1\n2 1 -0.5\n2 2 1e+300\n"},
		{FormatLIBSVM, &WriteOptions{Labels: []float64{1, -1}}, true, "1 1:1\n-1 1:-0.5 2:1e+300\n"},
	} {
		var b bytes.Buffer
		err := WriteDense(&b, c.f, d, c.opt)
		if c.sparse {
			b.Reset()
			err = WriteCSR(&b, c.f, a, c.opt)
		}
		if err != nil || b.String() != c.want {
			t.Errorf("%s: %q, %v, want %q", c.f, b.String(), err, c.want)
		}
	}
	for _, err := range []error{
		WriteDense(&bytes.Buffer{}, "xls", d, nil), WriteCSR(&bytes.Buffer{}, "", a, nil),
	} {
		if !errors.Is(err, solver.ErrUnsupported) {
			t.Error(err)
		}
	}
	for _, err := range []error{
		WriteDense(&bytes.Buffer{}, FormatMTX, d, &WriteOptions{Symmetric: true}),
		WriteCSR(&bytes.Buffer{}, FormatMTX, a, &WriteOptions{Symmetric: true}),
	} {
		if !errors.Is(err, solver.ErrNotSymmetric) {
			t.Error(err)
		}
	}
	if err := WriteCSR(&bytes.Buffer{}, FormatLIBSVM, a, &WriteOptions{Labels: []float64{1}}); !errors.Is(err, solver.ErrDimension) {
		t.Error(err)
	}
}

func TestWriteTable(t *testing.T) {
	var b bytes.Buffer
	err := WriteTable(&b, ',', []string{"name", "value"}, []string{"(intercept)", `x "1", y`}, []float64{0.1, math.Copysign(0, -1)})
	if want := "name,value\n(intercept),0.1\n\"x \"\"1\"\", y\",-0\n"; err != nil || b.String() != want {
		t.Errorf("%q, %v, want %q", b.String(), err, want)
	}
	b.Reset()
	if err := WriteTable(&b, '\t', nil, nil, []float64{1, 2}, []float64{3, 4}); err != nil || b.String() != "1\t3\n2\t4\n" {
		t.Errorf("%q, %v", b.String(), err)
	}
	if err := WriteTable(&b, ',', nil, []string{"a"}, []float64{1, 2}); !errors.Is(err, solver.ErrDimension) {
		t.Error(err)
	}
}

// A writer that fails after some bytes.
type failing struct{ left int }

func (f *failing) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, errors.New("no space")
	}
	return len(p), nil
}

func TestWriteErrors(t *testing.T) {
	d := normals(300, 300)
	a, err := d.ToCSR()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []Format{FormatCSV, FormatMTX, FormatNPY, FormatLIBSVM} {
		for _, left := range []int{0, 400_000} {
			if err := WriteDense(&failing{left}, f, d, nil); err == nil || !strings.Contains(err.Error(), "no space") {
				t.Errorf("%s: %v", f, err)
			}
			if err := WriteCSR(&failing{left}, f, a, nil); err == nil {
				t.Errorf("%s: %v", f, err)
			}
		}
	}
}

func ExampleRead() {
	text := `%%MatrixMarket matrix coordinate real symmetric
2 2 2
1 1 2
2 1 -1
`
	f, err := Read(strings.NewReader(text), "A.mtx", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(f.Rows, f.Cols, f.NNZ, f.Symmetry, f.Sparse.At(0, 1))
	_, err = Read(strings.NewReader("1,2\n3,x\n"), "b.csv", nil)
	fmt.Println(err)
	// Output:
	// 2 2 3 symmetric -1
	// b.csv:2:2: "x" is not a number
}
