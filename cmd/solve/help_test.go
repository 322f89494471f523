package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Every example of every --help runs from the top of the source tree. The
// commands are read back from the help text, so that what is printed is what
// is tested.
func TestHelpExamplesRun(t *testing.T) {
	run := shellRunner(t)
	for _, s := range subcommands() {
		examples := examplesIn(helpText(s))
		if len(examples) < 3 {
			t.Errorf("solve %s --help has %d examples, want 3", s.name, len(examples))
		}
		for _, command := range examples {
			t.Run(s.name, func(t *testing.T) { run(t, command) })
		}
	}
}

// TestReadmeCommandsRun runs the `solve` lines of the README in one shell.
func TestReadmeCommandsRun(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(string(text)) {
		line = strings.Replace(line, "    go run ./cmd/solve ", "    solve ", 1)
		if command, ok := strings.CutPrefix(line, "    solve "); ok {
			lines = append(lines, "solve "+command)
		}
	}
	if len(lines) < 5 {
		t.Fatalf("README.md has %d lines of commands", len(lines))
	}
	shellRunner(t)(t, strings.Join(lines, ""))
}

// shellRunner runs commands with this program as `solve` and the repository's
// testdata in an empty directory.
func shellRunner(t *testing.T) func(t *testing.T, command string) {
	root, err := filepath.Abs("../../testdata")
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	if err := os.Symlink(program, filepath.Join(bin, "solve")); err != nil {
		t.Skip(err)
	}
	return func(t *testing.T, command string) {
		dir := t.TempDir()
		if err := os.Symlink(root, filepath.Join(dir, "testdata")); err != nil {
			t.Fatal(err)
		}
		c := exec.Command("sh", "-c", "set -e\n"+command)
		c.Dir = dir
		c.Env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
		var out bytes.Buffer
		c.Stdout, c.Stderr = &out, &out
		if err := c.Run(); err != nil {
			t.Errorf("%s\n%v\n%s", command, err, out.String())
		}
	}
}

// examplesIn returns the commands under the heading Examples.
func examplesIn(help string) []string {
	_, rest, _ := strings.Cut(help, "\nExamples\n")
	section, _, _ := strings.Cut(rest, "\n\n")
	var out []string
	section = strings.ReplaceAll(section, " \\\n", " ")
	for _, line := range strings.Split(section, "\n") {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "#") {
			out = append(out, line)
		}
	}
	return out
}

// Every help names every exit code, and every flag belongs to a group. It
// fits a terminal of 80 columns.
func TestHelpIsComplete(t *testing.T) {
	for _, text := range []string{overview(), methodsText()} {
		wantNarrow(t, text)
	}
	for _, s := range subcommands() {
		text := helpText(s)
		wantNarrow(t, text)
		flowing := strings.Join(strings.Fields(text), " ")
		for _, e := range exits {
			if !strings.Contains(flowing, e.meaning) {
				t.Errorf("solve %s --help lacks exit code %d", s.name, e.code)
			}
		}
		for _, o := range s.options {
			if !strings.Contains(text, o.heading()) {
				t.Errorf("solve %s --help lacks %s", s.name, o.heading())
			}
		}
		seen := map[string]bool{}
		for _, o := range s.options {
			for _, name := range []string{o.name, o.short} {
				if name != "" && seen[name] {
					t.Errorf("solve %s has two flags -%s", s.name, name)
				}
				seen[name] = true
			}
		}
	}
	if n := strings.Count(overview(), "\n"); n > 25 {
		t.Errorf("the overview has %d lines", n)
	}
}

func wantNarrow(t *testing.T, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > 80 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}
