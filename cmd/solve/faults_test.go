package main

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"solve/matrix/matio"
)

// Faults, and what is promised then; docs/reliability.md has the table.
// SOLVE_LONG=1 tries more of each.

// often is how many times a fault is tried.
func often(usually, long int) int {
	switch {
	case os.Getenv("SOLVE_LONG") != "":
		return long
	case testing.Short():
		return max(1, usually/4)
	}
	return usually
}

// damaged returns a copy of a file's bytes with one random fault.
func damaged(r *rand.Rand, b []byte) []byte {
	out := slices.Clone(b)
	at := func() int { return r.IntN(len(out)) }
	switch r.IntN(5) {
	case 0: // truncated
		return out[:at()]
	case 1: // bits flipped
		for range 1 + r.IntN(8) {
			out[at()] ^= 1 << r.IntN(8)
		}
	case 2: // a piece lost
		from := at()
		return slices.Delete(out, from, min(len(out), from+1+r.IntN(64)))
	case 3: // a piece twice
		from := at()
		to := min(len(out), from+1+r.IntN(64))
		return slices.Insert(out, to, slices.Clone(out[from:to])...)
	case 4: // bytes from elsewhere
		for k := range min(len(out), 1+r.IntN(16)) {
			out[(k+at())%len(out)] = byte(r.IntN(256))
		}
	}
	return out
}

// damageable are inputs of every reader.
func damageable(t *testing.T) map[string][]byte {
	t.Helper()
	files := map[string][]byte{
		"small.svm": []byte("1 1:0.5 3:2\n-1 2:1e-3 4:7\n1 1:1 2:2 3:3 4:4\n-1 4:0.25\n"),
		"sym.mtx":   []byte("%%MatrixMarket matrix coordinate real symmetric\n% c\n4 4 6\n1 1 4\n2 1 -1\n2 2 4\n3 3 4\n4 4 4\n4 3 -1\n"),
		"array.mtx": []byte("%%MatrixMarket matrix array real general\n3 3\n4\n1\n0\n1\n5\n1\n0\n1\n6\n"),
		"cells.tsv": []byte("a\tb\tc\n\"1\"\t2\t3e0\n4\t5.5\t6\n7\t8\t-9\n"),
	}
	for _, name := range []string{"grid.mtx", "cost.csv", "cost.csv.gz", "cost.npy", "hist_a.csv"} {
		b, err := os.ReadFile(filepath.Join("../../testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = b
	}
	dir := t.TempDir()
	packed := filepath.Join(dir, "x.csv.zst")
	if code, _, said := captured(t, subcommands(), "convert", "../../testdata/cost.csv", packed); code != 0 {
		t.Fatal(said)
	}
	b, err := os.ReadFile(packed)
	if err != nil {
		t.Fatal(err)
	}
	files["x.csv.zst"] = b
	return files
}

// A damaged input is refused, or read as the numbers that it now holds; it is
// never a bug's exit, and never hangs.
func TestDamagedInputs(t *testing.T) {
	commands := [][]string{
		{"info", "FILE"},
		{"linsys", "FILE", "--time-limit", "2s", "--max-memory", "64MiB", "-q"},
		{"ot", "--cost", "FILE", "--reg-rel", "max:0.1", "--time-limit", "2s", "--max-memory", "64MiB", "-q"},
		{"convert", "FILE", "OUT"},
		{"bcd", "FILE", "--target", "1", "--time-limit", "2s", "--max-memory", "64MiB", "-q"},
	}
	dir := t.TempDir()
	seen := map[int]int{}
	for name, whole := range damageable(t) {
		r := rand.New(rand.NewPCG(7, uint64(len(whole))))
		path := filepath.Join(dir, name)
		for k := range often(24, 200) {
			b := damaged(r, whole)
			if err := os.WriteFile(path, b, 0o666); err != nil {
				t.Fatal(err)
			}
			args := slices.Clone(commands[k%len(commands)])
			for i, a := range args {
				args[i] = strings.NewReplacer("FILE", path, "OUT", filepath.Join(dir, "out.npy")).Replace(a)
			}
			code, _, said := captured(t, subcommands(), args...)
			seen[code]++
			if !slices.Contains([]int{exitSolved, exitInput, exitStopped, exitInfeasible, exitBreakdown, exitResources}, code) {
				t.Errorf("%s: exit %d\n%s\n%q", strings.Join(args, " "), code, said, b)
			}
		}
	}
	t.Logf("exit codes: %v", seen)
}

// exitOf is the exit code of a process as a shell has it.
func exitOf(err error) int {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return 0
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return exitSignal + int(status.Signal())
	}
	return exit.ExitCode()
}

// SIGINT at any moment: exit 130 with the best answer or none, or the usual
// end; an output is whole or absent, and nothing else is left.
func TestInterruptAtAnyMoment(t *testing.T) {
	work := t.TempDir()
	must := func(args ...string) {
		t.Helper()
		if out, err := solveProgram(t, work, args...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	must("gen", "clouds", "--n", "150", "-o", "c/", "-q")
	must("gen", "poisson3d", "--n", "16", "--emit", "A", "-o", "A.mtx", "-q")
	must("gen", "correlated", "--n", "200", "--p", "2000", "-o", "r/", "-q")
	runs := []struct {
		args []string
		rows int
	}{
		{strings.Fields("ot c/a.csv c/b.csv --reg-rel max:1e-5 --method sinkhorn --tol 1e-14 --max-iter 1000000 --time-limit 1s --emit potentials -o x.csv -q"), 300},
		{strings.Fields("linsys A.mtx --method gmres --precond none --tol 1e-15 --time-limit 1s -o x.csv -q"), 4096},
		{strings.Fields("bcd --A r/A.csv --y r/y.csv --method cd --lambda-ratio 0.001 --tol 1e-14 --time-limit 1s -o x.csv -q"), 2000},
	}
	r := rand.New(rand.NewPCG(3, 4))
	seen := map[int]int{}
	for k := range often(12, 100) {
		run := runs[k%len(runs)]
		path := filepath.Join(work, "x.csv")
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		c := solveProgram(t, work, run.args...)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(r.IntN(60000)) * time.Microsecond)
		_ = c.Process.Signal(os.Interrupt)
		code := exitOf(c.Wait())
		seen[code]++
		if !slices.Contains([]int{0, exitStopped, 130}, code) {
			t.Errorf("%v: exit %d", run.args, code)
		}
		if f, err := matio.ReadFile(path, nil); err == nil {
			if f.Rows != run.rows {
				t.Errorf("%v: %d rows, want %d", run.args, f.Rows, run.rows)
			}
		} else if isFile(path) {
			t.Errorf("%v: %v", run.args, err)
		}
		if left, _ := filepath.Glob(filepath.Join(work, ".*")); len(left) > 0 {
			t.Fatalf("%v: left behind: %v", run.args, left)
		}
	}
	t.Logf("exit codes: %v", seen)
}

// Whatever needs memory refuses before it takes it.
func TestTinyMemory(t *testing.T) {
	t.Chdir("../..")
	for _, line := range []string{
		"ot testdata/points_x.csv testdata/points_y.csv --reg-rel max:0.01",
		"ot --cost testdata/cost.csv --reg-rel max:0.01",
		"linsys testdata/grid.mtx",
		"linsys testdata/fit.csv --b testdata/fit_b.csv",
		"bcd testdata/blobs.svm --loss logistic",
		"bcd --loss quadratic --A testdata/grid.mtx",
		"info testdata/cost.npy",
		"convert testdata/cost.csv.gz /dev/null --to csv",
		"gen clouds --n 100000 --emit a",
		"check ot testdata/hist_a.csv testdata/hist_b.csv --reg 5 --answer plan=testdata/small_5x7_plan.csv",
	} {
		code, out, said := captured(t, subcommands(), append(strings.Fields(line), "--max-memory", "100")...)
		if code != exitResources || out != "" || !strings.Contains(said, "--max-memory") {
			t.Errorf("%s: exit %d\n%s", line, code, said)
		}
	}
}

// trickle writes in pieces of seven bytes.
type trickle struct{ w io.Writer }

func (s trickle) Write(p []byte) (int, error) {
	done := 0
	for piece := range slices.Chunk(p, 7) {
		n, err := s.w.Write(piece)
		done += n
		if err != nil {
			return done, err
		}
	}
	return done, nil
}

// A pipe that trickles at both ends carries the same bytes.
func TestSlowPipes(t *testing.T) {
	matrix, err := os.ReadFile("../../testdata/grid.mtx")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	fast := solveProgram(t, dir, "linsys", "-", "-q")
	fast.Stdin = bytes.NewReader(matrix)
	want, err := fast.Output()
	if err != nil {
		t.Fatal(err)
	}
	slow := solveProgram(t, dir, "linsys", "-", "-q")
	in, err := slow.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := slow.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := slow.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_, err := trickle{in}.Write(matrix)
		if err == nil {
			err = in.Close()
		}
		if err != nil {
			t.Errorf("stdin: %v", err)
		}
	}()
	var got []byte
	for buf := make([]byte, 5); ; {
		n, err := out.Read(buf)
		got = append(got, buf[:n]...)
		if err != nil {
			break
		}
	}
	if err := slow.Wait(); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%d bytes, want %d", len(got), len(want))
	}
}

// A program that stops reading is no failure.
func TestReaderThatLeaves(t *testing.T) {
	c := solveProgram(t, "../..", "gen", "clouds", "--n", "20000", "--emit", "a", "-q")
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	c.Stderr = &said
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(out, make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	if code := exitOf(c.Wait()); code != 0 || said.Len() > 0 {
		t.Errorf("exit %d, %s", code, said.String())
	}
}

// wantNothingLeft fails if a directory holds anything but the names.
func wantNothingLeft(t *testing.T, dir string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !slices.Contains(names, e.Name()) {
			t.Errorf("%s: %s is left behind", dir, e.Name())
		}
	}
}

// wantUnwritten runs lines that cannot write into a directory DISK.
func wantUnwritten(t *testing.T, disk string, lines []string, left ...string) {
	t.Helper()
	for _, line := range lines {
		c := solveProgram(t, "../..", strings.Fields(strings.ReplaceAll(line, "DISK", disk))...)
		out, err := c.CombinedOutput()
		if code := exitOf(err); code != exitResources || !strings.Contains(string(out), "cannot write") {
			t.Errorf("%s: exit %d\n%.600s", line, code, out)
		}
		wantNothingLeft(t, disk, left...)
	}
}

var writers = []string{
	"ot testdata/points_x.csv testdata/points_y.csv --reg-rel max:0.01 --emit plan -o DISK/plan.csv",
	"ot testdata/points_x.csv testdata/points_y.csv --reg-rel max:0.01 -o DISK/out/",
	"ot testdata/points_x.csv testdata/points_y.csv --reg-rel max:0.01 --plot DISK/x.png",
	"linsys testdata/grid.mtx --method cg --history DISK/h.csv -o DISK/x.csv",
	"bcd testdata/plants.csv --target yield -o DISK/fit/",
	"gen clouds --n 9000 -o DISK/c/",
	"convert testdata/cost.csv DISK/c.npy",
	"batch testdata/jobs.txt --dir DISK/b/",
}
