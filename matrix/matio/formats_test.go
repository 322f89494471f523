package matio

import (
	"encoding/csv"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"solve/matrix"
	"solve/solver"
)

const sharedFormats = "../../../shared/data/formats"

// verdict is what must happen to a file: either want (a matrix), or an
// error that wraps is and contains all of says.
type verdict struct {
	opt  *ReadOptions
	want [][]float64 // nil = any matrix
	same string      // another file with the same matrix
	warn string      // part of a warning
	is   error
	says []string
}

var identity3 = [][]float64{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}
var plain23 = [][]float64{{0, 1, 2}, {3, 4, 5}}
var diag12 = [][]float64{{1, 0}, {0, 2}}

func accept(rows ...[]float64) verdict { return verdict{want: rows} }
func reject(says ...string) verdict    { return verdict{is: solver.ErrFormat, says: says} }

// verdicts covers every file of the collection of malformed and odd inputs.
var verdicts = map[string]verdict{
	"LFAT5_hypersparse.mtx":             {},
	"bad_label.svm":                     reject(":2:1:", "foo"),
	"badmagic.npy":                      reject("no npy file"),
	"blank_lines.mtx":                   {want: diag12},
	"blankcell.csv":                     reject(":1:2:", "empty"),
	"bom.mtx":                           accept([]float64{3}),
	"bool.npy":                          {want: [][]float64{{0, 0, 0}, {1, 1, 1}}},
	"c_order.npy":                       {want: plain23},
	"comment.svm":                       {want: diag11},
	"comment_in_body.mtx":               {want: diag12},
	"complex.npy":                       {is: solver.ErrUnsupported, says: []string{"<c16"}},
	"coordinate_hermitian_real_row.mtx": {want: [][]float64{{0, 0, 10}, {0, 0, 20}, {10, 20, 30}}},
	"coordinate_hermitian_real_row_general.mtx":    {same: "coordinate_hermitian_real_row.mtx"},
	"coordinate_hermitian_row.mtx":                 {is: solver.ErrUnsupported, says: []string{":1:1:", "complex"}},
	"coordinate_hermitian_row_general.mtx":         {is: solver.ErrUnsupported, says: []string{":1:1:", "complex"}},
	"coordinate_pattern_symmetric_row.mtx":         {want: [][]float64{{0, 0, 1}, {0, 0, 1}, {1, 1, 0}}, warn: "pattern"},
	"coordinate_pattern_symmetric_row_general.mtx": {same: "coordinate_pattern_symmetric_row.mtx"},
	"coordinate_skew_symmetric_row.mtx":            {want: [][]float64{{0, 0, -10}, {0, 0, -20}, {10, 20, 0}}},
	"coordinate_skew_symmetric_row_general.mtx":    {same: "coordinate_skew_symmetric_row.mtx"},
	"coordinate_symmetric_row.mtx":                 {want: [][]float64{{0, 0, 10}, {0, 0, 20}, {10, 20, 30}}},
	"coordinate_symmetric_row_general.mtx":         {same: "coordinate_symmetric_row.mtx"},
	"crlf.svm":                                     {want: diag11},
	"cut.mtx.gz":                                   reject("cut short"),
	"cut.npy":                                      reject("176 bytes", "171"),
	"dim3.npy":                                     {is: solver.ErrDimension, says: []string{"3 dimensions"}},
	"dim_bomb.mtx":                                 reject(":2:1:", "9000000000"),
	"dupidx.svm":                                   reject(":1:8:", "twice"),
	"dups.mtx":                                     {want: [][]float64{{3, 0}, {0, 5}}, warn: "1 entries"},
	"empty.mtx":                                    reject("empty file"),
	"empty.npy":                                    {want: [][]float64{}},
	"emptyrow.svm":                                 {want: [][]float64{{0}, {2}}},
	"f_order.npy":                                  {want: plain23},
	"float32.npy":                                  {want: plain23},
	"fortran_d.mtx":                                accept([]float64{150}),
	"header.csv":                                   {want: [][]float64{{1, 2}, {3, 4}}},
	"index0.svm":                                   reject(":1:4:", "0-based"),
	"inf.mtx":                                      {is: solver.ErrNonFinite, says: []string{":4:5:", "(2,2)", "-Inf"}},
	"int64.npy":                                    {want: plain23},
	"integer_with_decimals.mtx":                    {want: [][]float64{{1.5}}, warn: "not whole"},
	"invalid_bad_banner.mtx":                       reject("%%MatrixMarket"),
	"invalid_bad_field.mtx":                        reject(":1:1:", "____"),
	"invalid_bad_object.mtx":                       reject(":1:1:", "___"),
	"invalid_bad_value.mtx":                        reject(":3:5:", "not_a_double"),
	"invalid_bad_value_3.mtx":                      reject(":4:3:", "ffsafdsafas"),
	"invalid_dimensions_out_of_range_1.mtx":        reject(":3:1:", "-3"),
	"invalid_dimensions_out_of_range_3.mtx":        reject(":3:5:", "-3"),
	"invalid_indices_out_of_range_2.mtx":           reject(":6:3:", "2000"),
	"invalid_indices_out_of_range_4.mtx":           reject(":6:3:", `"0"`),
	"invalid_indices_out_of_range_6.mtx":           reject(":6:3:", `"-2"`),
	"invalid_symmetry_vector.mtx":                  reject(":1:1:", "vector"),
	"invalid_truncated_header_2.mtx":               reject(":1:1:", "4 words"),
	"invalid_truncated_line_2.mtx":                 reject("12 entries"),
	"invalid_vector_array_too_long.mtx":            reject(":7:", "entry 5"),
	"invalid_vector_index_out_of_range_1.mtx":      reject(":4:1:", `"0"`),
	"invalid_vector_negative_length.mtx":           reject(":2:1:", "-4"),
	"labels_012.svm":                               {want: identity3},
	"labels_12.svm":                                {want: [][]float64{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}},
	"long.mtx":                                     reject(":4:", "entry 2"),
	"mangle1.mtx":                                  reject(":1:1:", "junk"),
	"mangle3.mtx":                                  reject(":1:1:", "junk"),
	"mass_with_zeros.csv":                          {want: [][]float64{{0.5}, {0}, {0.5}}},
	"nan.mtx":                                      {is: solver.ErrNonFinite, says: []string{":3:5:", "(1,1)", "NaN"}},
	"nan.npy":                                      {is: solver.ErrNonFinite, says: []string{"(1,2)", "NaN"}},
	"nanval.svm":                                   {is: solver.ErrNonFinite, says: []string{":1:4:", "(1,1)", "NaN"}},
	"negidx.svm":                                   reject(":1:4:", "-1:1"),
	"no_final_newline.mtx":                         {want: diag12},
	"notgz.mtx.gz":                                 accept([]float64{3}),
	"nul.mtx":                                      reject(":3:5:", `\x00`),
	"object.npy":                                   {is: solver.ErrUnsupported, says: []string{"|O", "never read"}},
	"only_banner.mtx":                              reject(":2:", "sizes"),
	"overflow_index_gt_int64.mtx":                  reject(":6:1:", "19223372036854775808"),
	"overflow_value_gt_complex128.mtx":             {is: solver.ErrUnsupported, says: []string{"complex"}},
	"overflow_value_gt_float64.mtx":                reject(":4:5:", "too large"),
	"overflow_value_gt_int64.mtx":                  {want: [][]float64{{1, 0, 0}, {0, 2147483648, 0}, {0, 0, 1.9223372036854775808e19}}},
	"pattern_with_values.mtx":                      reject(":3:5:", `"5"`),
	"permissive_banner_leading_spaces_eye3.mtx":    {want: identity3},
	"permissive_lines_indented.mtx":                accept([]float64{1}),
	"ragged.csv":                                   reject(":2:", "2 cells"),
	"semicolon.csv":                                reject(":1:2:", "semicolons"),
	"shape_bomb.npy":                               reject("at most 136"),
	"skew_diag.mtx":                                reject(":3:1:", "(1,1)"),
	"sym_both.mtx":                                 reject(":5:1:", "both (i,j) and (j,i)", "line 4"),
	"version2.npy":                                 {want: plain23},
	"west0067_comments.mtx":                        {is: solver.ErrNonFinite, says: []string{":6:5:", "(1,1)", "1 in the file"}},
	"west0067_jumbled.mtx":                         {},
	"zero_by_zero.mtx":                             {want: [][]float64{}},
	"zero_mass.csv":                                {want: [][]float64{{0}, {0}, {0}}},
}

var diag11 = [][]float64{{1, 0}, {0, 1}}

func rowsOf(t *testing.T, f *File) [][]float64 {
	t.Helper()
	d, err := f.AsDense(0)
	if err != nil {
		t.Fatal(err)
	}
	rows := [][]float64{}
	for i := range d.Rows {
		rows = append(rows, d.Row(i))
	}
	return rows
}

func sameRows(a, b [][]float64) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !sameBits(a[i], b[i]) {
			return false
		}
	}
	return true
}

func sameBits(a, b []float64) bool {
	if len(a) != len(b) {
		return false
	}
	for k := range a {
		if math.Float64bits(a[k]) != math.Float64bits(b[k]) {
			return false
		}
	}
	return true
}

func (v verdict) check(t *testing.T, path string) {
	f, err := ReadFile(path, v.opt)
	if v.is != nil {
		if err == nil {
			t.Fatalf("accepted as %d×%d", f.Rows, f.Cols)
		}
		if !errors.Is(err, v.is) {
			t.Errorf("%v: does not wrap %q", err, v.is)
		}
		for _, s := range append(v.says, filepath.Base(path)) {
			if !strings.Contains(err.Error(), s) {
				t.Errorf("%v: does not say %q", err, s)
			}
		}
		if strings.ContainsAny(err.Error(), "\n\x00") {
			t.Errorf("%q is more than a line of text", err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if (f.Dense == nil) == (f.Sparse == nil) {
		t.Fatal("Dense and Sparse: want exactly one")
	}
	got := rowsOf(t, f)
	if v.same != "" {
		v.want = rowsOf(t, mustRead(t, filepath.Join(filepath.Dir(path), v.same)))
	}
	if v.want != nil && !sameRows(got, v.want) {
		t.Errorf("read %v, want %v", got, v.want)
	}
	if w := strings.Join(f.Warnings, "\n"); !strings.Contains(w, v.warn) {
		t.Errorf("warnings %q do not say %q", w, v.warn)
	}
}

func mustRead(t *testing.T, path string) *File {
	t.Helper()
	f, err := ReadFile(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestOddFiles(t *testing.T) {
	paths, _ := filepath.Glob("testdata/formats/*")
	if len(paths) == 0 {
		t.Fatal("testdata/formats is empty")
	}
	for _, path := range paths {
		v, ok := verdicts[filepath.Base(path)]
		if !ok {
			t.Errorf("%s: no verdict", path)
			continue
		}
		t.Run(filepath.Base(path), func(t *testing.T) { v.check(t, path) })
	}
}

func TestSharedOddFiles(t *testing.T) {
	list, err := os.Open(filepath.Join(sharedFormats, "expected.csv"))
	if err != nil {
		t.Skipf("the shared collection is not there: %v", err)
	}
	defer list.Close()
	records, err := csv.NewReader(list).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records[1:] {
		v, ok := verdicts[r[0]]
		if !ok {
			t.Errorf("%s: no verdict", r[0])
			continue
		}
		if accepts := v.is == nil; strings.HasPrefix(r[2], "reject") && !strings.Contains(r[2], "accept") && !strings.Contains(r[2], "report") && accepts {
			t.Errorf("%s: the collection says %q", r[0], r[2])
		}
		t.Run(r[0], func(t *testing.T) { v.check(t, filepath.Join(sharedFormats, r[0])) })
	}
	for _, name := range []string{"west0067_comments.mtx", "west0067_jumbled.mtx"} {
		f, err := ReadFile(filepath.Join(sharedFormats, name), &ReadOptions{AllowNonFinite: true})
		if err != nil {
			t.Fatal(err)
		}
		if f.Rows != 67 || f.Sparse.NNZ() < 294 {
			t.Errorf("%s: %d rows, %d entries", name, f.Rows, f.Sparse.NNZ())
		}
	}
}

// The two storages of one matrix differ by a NaN that one of them adds.
func TestJumbledEntries(t *testing.T) {
	read := func(name string) *matrix.CSR {
		f, err := ReadFile(filepath.Join(sharedFormats, name), &ReadOptions{AllowNonFinite: true})
		if errors.Is(err, os.ErrNotExist) {
			t.Skipf("the shared collection is not there: %v", err)
		}
		if err != nil {
			t.Fatal(err)
		}
		return f.Sparse
	}
	a, b := read("west0067_comments.mtx"), read("west0067_jumbled.mtx")
	if !math.IsNaN(a.At(0, 0)) || b.At(0, 0) != 0 {
		t.Fatalf("entry (1,1) is %v and %v", a.At(0, 0), b.At(0, 0))
	}
	for i := range 67 {
		for j := range 67 {
			if i+j > 0 && a.At(i, j) != b.At(i, j) {
				t.Errorf("entry (%d,%d): %v and %v", i+1, j+1, a.At(i, j), b.At(i, j))
			}
		}
	}
}

func TestOptionsDecide(t *testing.T) {
	dir := "testdata/formats/"
	for _, c := range []struct {
		file string
		opt  ReadOptions
		want [][]float64
	}{
		{"semicolon.csv", ReadOptions{Sep: ';'}, [][]float64{{1, 2}, {3, 4}}},
		{"index0.svm", ReadOptions{ZeroBased: true}, [][]float64{{1, 2}, {0, 1}}},
		{"blankcell.csv", ReadOptions{Missing: new(-1.0)}, [][]float64{{1, -1, 3}, {4, 5, 6}}},
		{"inf.mtx", ReadOptions{AllowNonFinite: true}, [][]float64{{1, 0}, {0, math.Inf(-1)}}},
		{"nan.npy", ReadOptions{AllowNonFinite: true}, nil},
	} {
		f, err := ReadFile(dir+c.file, &c.opt)
		if err != nil {
			t.Errorf("%s: %v", c.file, err)
			continue
		}
		if got := rowsOf(t, f); c.want != nil && !sameRows(got, c.want) {
			t.Errorf("%s: %v", c.file, got)
		}
		if want := int64(0); c.opt.AllowNonFinite && f.Nonfinite != want+1 {
			t.Errorf("%s: counted %d entries that are not finite", c.file, f.Nonfinite)
		}
	}
}
