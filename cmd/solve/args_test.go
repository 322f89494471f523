package main

import (
	"slices"
	"strings"
	"testing"
)

// probe is a subcommand with one flag of each kind.
func probe() []*subcommand {
	return []*subcommand{
		{name: "ot", options: []option{
			{name: "tol", value: "T"}, {name: "reg", value: "EPS"}, {name: "output", short: "o", value: "FILE"},
			{name: "a", value: "FILE"}, {name: "json"}, {name: "verbose", short: "v"}, {name: "answer", value: "P=F", many: true},
		}},
		{name: "help"},
	}
}

func TestNormalise(t *testing.T) {
	tests := []struct {
		in, command, flags, args string
	}{
		{"ot a.csv --tol 1e-9", "ot", "--tol=1e-9", "a.csv"},
		{"ot --tol 1e-9 a.csv b.csv", "ot", "--tol=1e-9", "a.csv b.csv"},
		{"ot a.csv --json b.csv", "ot", "--json", "a.csv b.csv"},
		{"ot - -v", "ot", "-v", "-"},
		{"ot --a -", "ot", "--a=-", ""},
		{"ot --reg -1", "ot", "--reg=-1", ""},
		{"ot --reg -1e-3 x", "ot", "--reg=-1e-3", "x"},
		{"ot -1e-3", "ot", "", "-1e-3"},
		{"ot -.5 -o out/ x", "ot", "-o=out/", "-.5 x"},
		{"ot --tol=1e-9 x", "ot", "--tol=1e-9", "x"},
		{"ot -- --tol 1", "ot", "", "--tol 1"},
		{"ot x -- -v", "ot", "", "x -v"},
		{"ot --bogus x", "ot", "--bogus", "x"},
		{"ot --answer plan=p.npy x --answer potentials=f", "ot", "--answer=plan=p.npy --answer=potentials=f", "x"},
		{"-v ot x", "ot", "-v", "x"},
		{"--tol 1e-3 ot x", "ot", "--tol=1e-3", "x"},
		{"--json=false ot", "ot", "--json=false", ""},
		{"-tol 2 ot", "ot", "-tol=2", ""},
		{"--version", "", "--version", ""},
		{"", "", "", ""},
	}
	for _, tt := range tests {
		line, err := normalise(strings.Fields(tt.in), probe())
		if err != nil {
			t.Errorf("%q: %v", tt.in, err)
			continue
		}
		command := ""
		if line.spec != nil {
			command = line.spec.name
		}
		if command != tt.command || strings.Join(line.flags, " ") != tt.flags || strings.Join(line.args, " ") != tt.args {
			t.Errorf("%q: command %q, flags %q, args %q; want %q, %q, %q", tt.in, command, line.flags, line.args, tt.command, tt.flags, tt.args)
		}
	}
}

func TestNormaliseRefuses(t *testing.T) {
	for in, want := range map[string]string{
		"otx x":            "unknown subcommand",
		"ot --tol":         "needs a value",
		"ot --tol --json":  "needs a value",
		"ot -o -v":         "needs a value",
		"ot --tol -- x":    "needs a value",
		"a.csv ot --tol 1": "unknown subcommand",
	} {
		_, err := normalise(strings.Fields(in), probe())
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", in, err, want)
		}
	}
}

// Properties that hold for every command line: nothing is lost or invented,
// positionals keep their order, and sorting twice changes nothing.
func FuzzNormalise(f *testing.F) {
	for _, s := range []string{"ot a --tol 1 b", "ot -- -v", "-v ot - --reg -1e-3", "ot --answer a=b=c --json x", "ot --o", "help ot"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		args := strings.Split(text, " ")
		line, err := normalise(args, probe())
		if err != nil {
			return
		}
		whole := map[string]int{} // arguments that may be a flag with its value
		for _, x := range args {
			if x == "--" {
				break
			}
			whole[x]++
		}
		typed := 0 // arguments that are neither the subcommand nor "--"
		for _, x := range line.flags {
			typed++
			if o, ok := findOption(probe()[0].options, flagName(x)); ok && !o.boolean() {
				if whole[x] == 0 {
					typed++ // its value was an argument of its own
					continue
				}
				whole[x]--
			}
		}
		typed += len(line.args)
		if line.spec != nil {
			typed++
		}
		if slices.Contains(args, "--") {
			if len(args)-typed > 1 {
				t.Fatalf("%q: %d arguments became %d: %+v", args, len(args), typed, line)
			}
		} else if typed != len(args) {
			t.Fatalf("%q: %d arguments became %d: %+v", args, len(args), typed, line)
		}
		if !isSubsequence(line.args, args) {
			t.Fatalf("%q: positionals %q are out of order", args, line.args)
		}
		again := append([]string{}, line.flags...)
		if line.spec != nil {
			again = append([]string{line.spec.name}, again...)
		}
		twice, err := normalise(append(append(again, "--"), line.args...), probe())
		if err != nil || !slices.Equal(twice.flags, line.flags) || !slices.Equal(twice.args, line.args) {
			t.Fatalf("%q: sorted twice: %+v, %v; once: %+v", args, twice, err, line)
		}
	})
}

func isSubsequence(sub, all []string) bool {
	for _, x := range all {
		if len(sub) > 0 && x == sub[0] {
			sub = sub[1:]
		}
	}
	return len(sub) == 0
}

func TestClosest(t *testing.T) {
	known := []string{"sinkhorn", "sns", "greenkhorn", "auto"}
	for word, want := range map[string]string{"sinkhron": "sinkhorn", "Sinkhorn": "sinkhorn", "sn": "sns", "green": "greenkhorn", "zzz": "", "auot": "auto"} {
		if got := closest(word, known); got != want {
			t.Errorf("closest(%q) = %q, want %q", word, got, want)
		}
	}
}

func TestParseSize(t *testing.T) {
	for text, want := range map[string]int64{"4GiB": 4 << 30, "512MiB": 512 << 20, "2GB": 2e9, "1e6": 1e6, "1.5k": 1536, "7 b": 7, "3T": 3 << 40} {
		if got, err := parseSize(text); err != nil || got != want {
			t.Errorf("parseSize(%q) = %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "GiB", "-1", "0", "nan", "inf", "1e30", "4 GX"} {
		if got, err := parseSize(text); err == nil {
			t.Errorf("parseSize(%q) = %d", text, got)
		}
	}
}

func TestParseShape(t *testing.T) {
	if s, err := parseShape("28x28"); err != nil || !slices.Equal(s, []int{28, 28}) {
		t.Error(s, err)
	}
	for _, text := range []string{"", "x", "0x3", "3x-1", "2x2x2x2", "99999x99999"} {
		if s, err := parseShape(text); err == nil {
			t.Errorf("%q: %v", text, s)
		}
	}
}
