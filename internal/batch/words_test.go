package batch

import (
	"errors"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"solve/solver"
)

func TestWords(t *testing.T) {
	tests := []struct {
		line string
		want []string
	}{
		{"", nil},
		{"  # nothing", nil},
		{"a  b\tc", []string{"a", "b", "c"}},
		{"a #b", []string{"a"}},
		{"a#b", []string{"a#b"}},
		{"'a b' c", []string{"a b", "c"}},
		{`"a b"c'd e'`, []string{"a bcd e"}},
		{`'' ""`, []string{"", ""}},
		{`a\ b`, []string{"a b"}},
		{`'a\'`, []string{`a\`}},
		{`"a\"b\\c\d"`, []string{`a"b\c\d`}},
		{`"\$x" '$x' \$x`, []string{"$x", "$x", "$x"}},
		{"--b A*ones [x] {}", []string{"--b", "A*ones", "[x]", "{}"}},
		{"a~ 'b|c'", []string{"a~", "b|c"}},
	}
	for _, tt := range tests {
		got, err := Words(tt.line)
		if err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("%q: %q, %v, want %q", tt.line, got, err, tt.want)
		}
	}
	for line, column := range map[string]int{
		"a 'b": 3, `a "b`: 3, `a\`: 2, "a | b": 3, "a>b": 2, "a; b": 2, "a &": 3, "$x": 1, `"a $x"`: 4, "a `b`": 3, "~/x": 1, "a (b)": 3, "a\x00": 2,
	} {
		_, err := Words(line)
		var bad *wordError
		if !errors.As(err, &bad) || bad.column != column {
			t.Errorf("%q: %v, want column %d", line, err, column)
		}
	}
}

// A shell is the judge: what Words accepts, it splits in the same way.
func TestWordsAgreesWithShell(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("there is no sh")
	}
	var lines []string
	gen := rapid.StringOfN(rapid.SampledFrom([]rune(`ab '"\#-=*{$é`+"\t")), 0, 14, -1)
	for seed := range 1500 {
		line := gen.Example(seed)
		if words, err := Words(line); err == nil && len(words) > 0 {
			lines = append(lines, line)
		}
	}
	if len(lines) < 300 {
		t.Fatalf("only %d lines are accepted", len(lines))
	}
	var script strings.Builder
	script.WriteString("set -f\nshow() { printf '%s\\1' \"$@\"; printf '\\2'; }\n")
	for _, line := range lines {
		script.WriteString("show " + line + "\n")
	}
	out, err := exec.Command(sh, "-c", script.String()).Output()
	if err != nil {
		t.Fatal(err)
	}
	answers := strings.Split(string(out), "\x02")
	for k, line := range lines {
		words, _ := Words(line)
		want := strings.Split(strings.TrimSuffix(answers[k], "\x01"), "\x01")
		if !slices.Equal(words, want) {
			t.Errorf("%q: %q, the shell says %q", line, words, want)
		}
	}
}

func TestQuoteSurvivesWords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(rapid.StringMatching(`[^\x00]*`), 1, 5).Draw(t, "words")
		got, err := Words(Quote(words))
		if err != nil || !slices.Equal(got, words) {
			t.Fatalf("%q became %q: %q, %v", words, Quote(words), got, err)
		}
	})
}

func FuzzWords(f *testing.F) {
	f.Add(`ot a.csv "b c" 'd' # e`)
	f.Fuzz(func(t *testing.T, line string) {
		words, err := Words(line)
		if err != nil {
			return
		}
		again, err := Words(Quote(words))
		if err != nil || !slices.Equal(words, again) {
			t.Fatalf("%q: %q, again %q, %v", line, words, again, err)
		}
	})
}

func TestReadJobs(t *testing.T) {
	jobs, err := ReadJobs(strings.NewReader("\ufeffsolve ot a\r\n\n# c\n  linsys 'b c'"), "solve")
	if err != nil || len(jobs) != 2 {
		t.Fatalf("%v, %v", jobs, err)
	}
	for k, want := range []Job{{Number: 1, Line: 1, Args: []string{"ot", "a"}}, {Number: 2, Line: 4, Args: []string{"linsys", "b c"}}} {
		if j := jobs[k]; j.Number != want.Number || j.Line != want.Line || !slices.Equal(j.Args, want.Args) {
			t.Errorf("job %+v, want %+v", j, want)
		}
	}
	for text, line := range map[string]int{"": 0, "# x\n": 0, "ot a\not 'b\n": 2, "solve\n": 1, strings.Repeat("a", longestLine+1): 1} {
		_, err := ReadJobs(strings.NewReader(text), "solve")
		var bad *SyntaxError
		if !errors.As(err, &bad) || bad.Line != line || !errors.Is(err, solver.ErrFormat) {
			t.Errorf("%.20q: %v, want line %d", text, err, line)
		}
	}
}

func TestFromTemplate(t *testing.T) {
	jobs, err := FromTemplate("solve linsys {} -o '{/.}.{#}.npy' {/} --x={.}", []string{"d/a b.mtx.gz", "c"}, "solve")
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		{"linsys", "d/a b.mtx.gz", "-o", "a b.1.npy", "a b.mtx.gz", "--x=d/a b"},
		{"linsys", "c", "-o", "c.2.npy", "c", "--x=c"},
	}
	for k, j := range jobs {
		if !slices.Equal(j.Args, want[k]) {
			t.Errorf("%q, want %q", j.Args, want[k])
		}
	}
	for template, file := range map[string]string{"linsys '{}": "a", "linsys {}": "a\nb"} {
		if _, err := FromTemplate(template, []string{file}, "solve"); !errors.Is(err, solver.ErrOption) {
			t.Errorf("%q of %q: %v", template, file, err)
		}
	}
}

func TestConflictAndDependence(t *testing.T) {
	t.Chdir(t.TempDir())
	jobs := []*Job{
		{Number: 1, Line: 1, Outputs: []string{"x.csv", "x.csv"}},
		{Number: 2, Line: 2, Outputs: []string{"y.csv"}},
		{Number: 3, Line: 5, Outputs: []string{"./d/../x.csv"}, Inputs: []string{"y.csv"}},
	}
	if a, b, path := Conflict(jobs); a != jobs[0] || b != jobs[2] || path != "./d/../x.csv" {
		t.Errorf("%v, %v, %s", a, b, path)
	}
	if a, _, _ := Conflict(jobs[:2]); a != nil {
		t.Errorf("%v", a)
	}
	if r, w, path := Dependence(jobs); r != jobs[2] || w != jobs[1] || path != "y.csv" {
		t.Errorf("%v, %v, %s", r, w, path)
	}
}
