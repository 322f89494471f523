package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// mayImport is the house: which packages of this module a package may import.
// Arrows point down only; a package that is not listed has no place yet.
var mayImport = map[string][]string{
	"solver":             nil,
	"internal/kern":      nil,
	"internal/par":       nil,
	"internal/rng":       nil,
	"internal/batch":     {"internal/report", "solver"},
	"internal/report":    {"matrix", "solver"},
	"internal/problems":  {"internal/rng", "matrix", "solver"},
	"internal/verify":    {"matrix", "solver"}, // neither a solver nor a kernel: it must not share their mistakes
	"matrix":             {"internal/kern", "internal/par", "solver"},
	"matrix/matio":       {"internal/par", "matrix", "solver"},
	"loss":               {"internal/kern", "solver"},
	"linsys/direct":      {"internal/kern", "internal/par", "internal/rng", "matrix", "solver"},
	"linsys/multigrid":   {"internal/kern", "internal/par", "internal/rng", "linsys/direct", "matrix", "solver"},
	"linsys":             {"internal/kern", "internal/par", "internal/rng", "internal/verify", "linsys/direct", "linsys/multigrid", "matrix", "solver"},
	"bcd/block":          {"internal/kern", "internal/par", "internal/rng", "linsys/direct", "loss", "matrix", "solver"},
	"bcd":                {"bcd/block", "internal/kern", "internal/par", "internal/rng", "internal/verify", "linsys/direct", "loss", "matrix", "solver"},
	"ot":                 {"internal/kern", "internal/par", "internal/verify", "linsys/direct", "matrix", "ot/exact", "ot/quadratic", "solver"},
	"ot/exact":           {"internal/kern", "internal/par", "internal/rng", "matrix", "solver"},
	"ot/quadratic":       {"internal/kern", "internal/par", "internal/rng", "linsys/direct", "matrix", "solver"},
	"constrained":        {"internal/kern", "internal/par", "internal/rng", "internal/verify", "linsys", "linsys/direct", "matrix", "solver"},
	"constrained/sif":    {"constrained", "internal/par", "internal/verify", "matrix", "solver"},
	"constrained/nl":     {"constrained", "internal/par", "internal/verify", "matrix", "solver"},
	"constrained/models": {"constrained", "internal/kern", "internal/par", "internal/rng", "internal/verify", "loss", "matrix", "solver"},
	"cmd/solve":          nil, // everything: see below
}

// TestHouse holds every import of the module against the table.
func TestHouse(t *testing.T) {
	root := filepath.Join("..", "..")
	seen := map[string]bool{}
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (strings.HasPrefix(d.Name(), ".") && file != root || strings.HasPrefix(d.Name(), "_") || d.Name() == "testdata" || d.Name() == "bench"):
			return filepath.SkipDir
		case !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go"):
			return nil
		}
		rel, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		room := path.Dir(filepath.ToSlash(rel))
		seen[room] = true
		allowed, listed := mayImport[room]
		if !listed {
			t.Errorf("%s: the house has no room for package %s", rel, room)
			return nil
		}
		for _, other := range importsOf(t, file) {
			if room != "cmd/solve" && !slices.Contains(allowed, other) {
				t.Errorf("%s imports %s", rel, other)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, room := range []string{"solver", "matrix", "linsys", "ot", "cmd/solve", "internal/verify"} {
		if !seen[room] {
			t.Errorf("package %s was not found", room)
		}
	}
}

// importsOf lists what a file imports of this module, without its name.
func importsOf(t *testing.T, file string) []string {
	t.Helper()
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	f, err := parser.ParseFile(token.NewFileSet(), file, src, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, x := range f.Imports {
		name, err := strconv.Unquote(x.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		if other, ok := strings.CutPrefix(name, "solve/"); ok {
			out = append(out, other)
		}
	}
	return out
}
