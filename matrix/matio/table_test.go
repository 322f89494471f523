package matio

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"solve/solver"
)

func TestTableRoundTrip(t *testing.T) {
	names := []string{"(intercept)", "a,b", `say "x"`, "7"}
	values := []float64{0.1, -3, 1e-300, 4}
	for _, sep := range []byte{',', '\t'} {
		var b bytes.Buffer
		if err := WriteTable(&b, sep, []string{"name", "value"}, names, values); err != nil {
			t.Fatal(err)
		}
		got, err := readTable(&b, "w.csv")
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got.Names, names) || !slices.Equal(got.Columns[0], values) || got.Header[1] != "value" {
			t.Errorf("separator %q: %+v", sep, got)
		}
	}
}

func TestTableRefusals(t *testing.T) {
	for text, line := range map[string]int{
		"":                       0,
		"name,value\n":           0,
		"a\n":                    1,
		"name,value\na,1\nb,x\n": 3,
		"a,1\nb,2,3\n":           2,
		"a,\"1\n":                1,
	} {
		_, err := readTable(strings.NewReader(text), "w.csv")
		var syntax *SyntaxError
		if !errors.As(err, &syntax) || syntax.Line != line || !errors.Is(err, solver.ErrFormat) {
			t.Errorf("%q: %v, want an error in line %d", text, err, line)
		}
	}
}

func FuzzTable(f *testing.F) {
	for _, s := range []string{"name,value\na,1\n", "a\t1\t2\nb\t3\t4\n", "\"x\"\"y\",1e400\n", "# c\na,nan\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		table, err := readTable(bytes.NewReader(data), "w.csv")
		if err != nil {
			return
		}
		for _, c := range table.Columns {
			if len(c) != len(table.Names) {
				t.Fatalf("%d names, a column of %d", len(table.Names), len(c))
			}
		}
		var b bytes.Buffer
		if err := WriteTable(&b, ',', []string{"name", "value"}, table.Names, table.Columns[0]); err != nil {
			t.Fatal(err)
		}
	})
}
