package matio

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"solve/solver"
)

// npyOf is a version 1.0 file of the given dtype, shape and data.
func npyOf(descr, shape string, data any) []byte {
	dict := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': %s, }\n", descr, shape)
	b := append([]byte(npyMagic+"\x01\x00"), byte(len(dict)), 0)
	b = append(b, dict...)
	switch v := data.(type) {
	case string:
		return append(b, v...)
	default:
		b, err := binary.Append(b, binary.LittleEndian, v)
		if err != nil {
			panic(err)
		}
		return b
	}
}

type member struct {
	name string
	data []byte
}

func npzOf(method uint16, members ...member) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, m := range members {
		w, err := z.CreateHeader(&zip.FileHeader{Name: m.name + ".npy", Method: method})
		if err == nil {
			_, err = w.Write(m.data)
		}
		if err != nil {
			panic(err)
		}
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// sparseMembers is [[1, 0, 2], [0, 3, 0]] as scipy.sparse.save_npz stores it.
func sparseMembers(format string) []member {
	lists := map[string][][]int32{
		"csr": {{0, 2, 1}, {0, 2, 3}}, "csc": {{0, 1, 0}, {0, 1, 2, 3}}, "coo": {{0, 0, 1}, {0, 2, 1}},
	}[format]
	data := []float64{1, 2, 3}
	names := []string{"indices", "indptr"}
	if format == "csc" {
		data = []float64{1, 3, 2}
	} else if format == "coo" {
		names = []string{"row", "col"}
	}
	return []member{
		{names[0], npyOf("<i4", fmt.Sprintf("(%d,)", len(lists[0])), lists[0])},
		{names[1], npyOf("<i4", fmt.Sprintf("(%d,)", len(lists[1])), lists[1])},
		{"format", npyOf("|S3", "()", format)},
		{"shape", npyOf("<i8", "(2,)", []int64{2, 3})},
		{"data", npyOf("<f8", "(3,)", data)},
	}
}

func TestNPZ(t *testing.T) {
	x := member{"x", npyOf("<f8", "(2, 2)", []float64{1, 2, 3, 4})}
	y := member{"y", npyOf(">i2", "(2,)", []byte{0, 5, 255, 255})}
	dir := t.TempDir()
	for _, method := range []uint16{zip.Store, zip.Deflate} {
		two := filepath.Join(dir, "two.npz")
		if err := os.WriteFile(two, npzOf(method, x, y), 0o600); err != nil {
			t.Fatal(err)
		}
		if f, err := ReadFile(two+"#y", nil); err != nil || !sameRows(rowsOf(t, f), [][]float64{{5}, {-1}}) {
			t.Errorf("#y: %v, %v", f, err)
		}
		for path, says := range map[string]string{two: "2 arrays (x, y)", two + "#z": `no array "z"`} {
			if _, err := ReadFile(path, nil); !errors.Is(err, solver.ErrFormat) || !strings.Contains(err.Error(), says) {
				t.Errorf("%s: %v", path, err)
			}
		}
		if f, err := Read(bytes.NewReader(npzOf(method, x)), "-", nil); err != nil || !sameRows(rowsOf(t, f), [][]float64{{1, 2}, {3, 4}}) {
			t.Errorf("one array: %v, %v", f, err)
		}
		for _, format := range []string{"csr", "csc", "coo"} {
			f, err := Read(bytes.NewReader(npzOf(method, sparseMembers(format)...)), "-", nil)
			if err != nil || f.Sparse == nil || !sameRows(rowsOf(t, f), [][]float64{{1, 0, 2}, {0, 3, 0}}) {
				t.Errorf("%s: %v, %v", format, f, err)
			}
		}
	}
}

// Each line damages one member of a sparse archive.
func TestDamagedNPZ(t *testing.T) {
	for _, c := range []struct{ name, descr, shape string }{
		{"indptr", "<i4", "(2,)"},
		{"indices", "<f4", "(3,)"},
		{"shape", "<i8", "(1,)"},
		{"format", "|S1", "()"},
		{"data", "<c8", "(3,)"},
		{"data", "|O", "(3,)"},
	} {
		members := sparseMembers("csr")
		for k, m := range members {
			if m.name == c.name {
				members[k].data = npyOf(c.descr, c.shape, strings.Repeat("\x07", 12))
			}
		}
		_, err := Read(bytes.NewReader(npzOf(zip.Store, members...)), "a.npz", nil)
		if !errors.Is(err, solver.ErrFormat) && !errors.Is(err, solver.ErrUnsupported) {
			t.Errorf("%s as %s%s: %v", c.name, c.descr, c.shape, err)
		}
	}
	whole := npzOf(zip.Deflate, sparseMembers("csr")...)
	for n := 4; n < len(whole); n++ {
		if _, err := Read(bytes.NewReader(whole[:n]), "cut.npz", nil); err == nil {
			t.Errorf("accepted %d of %d bytes", n, len(whole))
		}
	}
}
