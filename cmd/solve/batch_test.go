package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"solve/internal/batch"
)

func cmdJobSchema(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(checkJobSchema([]byte(ts.ReadFile(args[0]))))
}

// checkJobSchema checks a job's report with its record, and without.
func checkJobSchema(text []byte) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(members["job"]))
	dec.DisallowUnknownFields()
	var rec batch.Record
	if err := dec.Decode(&rec); err != nil {
		return err
	}
	if rec.Number < 1 || len(rec.Command) == 0 || rec.Build == "" || rec.WallS <= 0 {
		return fmt.Errorf("record: %+v", rec)
	}
	delete(members, "job")
	rest, err := json.Marshal(members)
	if err != nil {
		return err
	}
	return checkSchema(rest)
}

func cmdInterruptBatch(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	c := solveCommand(ts, []string{"batch", args[2], "--dir", args[1], "-q"})
	c.Dir = ts.MkAbs(".")
	ts.Check(c.Start())
	deadline := time.AfterFunc(time.Minute, func() { c.Process.Kill() })
	defer deadline.Stop()
	for !isFile(filepath.Join(ts.MkAbs(args[1]), "1.json")) {
		time.Sleep(10 * time.Millisecond)
	}
	ts.Check(c.Process.Signal(syscall.SIGINT))
	checkCode(ts, c.Wait(), want)
}

// A batch that is killed again and again loses no job that has ended, and
// runs none of them again. SOLVE_LONG=1 does it with a thousand jobs.
func TestKilledBatchGoesOn(t *testing.T) {
	jobs, every := 200, 25
	switch {
	case os.Getenv("SOLVE_LONG") != "":
		jobs, every = 1000, 60
	case testing.Short():
		jobs, every = 40, 10
	}
	work := t.TempDir()
	var lines strings.Builder
	for k := range jobs {
		fmt.Fprintf(&lines, "gen clouds --n 3 --seed %d --emit a -o %d.csv\n", k, k)
	}
	if err := os.WriteFile(filepath.Join(work, "jobs.txt"), []byte(lines.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(work, "out")
	kept := map[int]string{}
	random := rand.New(rand.NewPCG(1, 2))
	kills := 0
	for target := 0; len(kept) < jobs; {
		target = len(kept) + 1 + random.IntN(2*every)
		if killBatch(t, work, dir, min(target, jobs), time.Duration(random.IntN(3000))*time.Microsecond) {
			kills++
		}
		takeReports(t, dir, jobs, kept)
	}
	if kills < 3 {
		t.Errorf("the batch was killed only %d times", kills)
	}
	c := solveProgram(t, work, "batch", "jobs.txt", "--dir", "out", "--json", "-q")
	out, err := c.Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{fmt.Sprintf(`"jobs":%d,"ended":%d,"failed":0`, jobs, jobs), `"ran":0,`} {
		if !strings.Contains(string(out), want) {
			t.Errorf("%s is not in %s", want, out)
		}
	}
	takeReports(t, dir, jobs, kept)
	t.Logf("%d jobs, %d kills", jobs, kills)
}

// killBatch runs the batch until so many jobs have ended and kills it a
// little later; false if it was done before.
func killBatch(t *testing.T, work, dir string, target int, later time.Duration) bool {
	t.Helper()
	c := solveProgram(t, work, "batch", "jobs.txt", "--dir", "out", "-j", "3", "-q")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	deadline := time.After(2 * time.Minute)
	for {
		reports, err := filepath.Glob(filepath.Join(dir, "*.json"))
		if err != nil {
			t.Fatal(err)
		}
		if len(reports) >= target {
			time.Sleep(later)
			_ = c.Process.Kill()
			return <-ended != nil
		}
		select {
		case <-ended:
			return false
		case <-deadline:
			_ = c.Process.Kill()
			t.Fatal("the batch takes too long")
		case <-time.After(time.Millisecond):
		}
	}
}

// takeReports checks that the reports are whole, and those seen before the
// same, byte for byte: a job that had run again would have another time.
func takeReports(t *testing.T, dir string, jobs int, kept map[int]string) {
	t.Helper()
	for k := 1; k <= jobs; k++ {
		text, err := os.ReadFile(filepath.Join(dir, fmt.Sprintf("%d.json", k)))
		if err != nil {
			if kept[k] != "" {
				t.Fatalf("job %d lost its report: %v", k, err)
			}
			continue
		}
		if err := checkJobSchema(text); err != nil {
			t.Fatalf("job %d: %v: %s", k, err, text)
		}
		if kept[k] != "" && kept[k] != string(text) {
			t.Fatalf("job %d ran again:\n%s\n%s", k, kept[k], text)
		}
		kept[k] = string(text)
	}
}

// solveProgram prepares a run of this program as `solve`.
func solveProgram(t *testing.T, dir string, args ...string) *exec.Cmd {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "solve")
	if err := os.Symlink(program, link); err != nil {
		t.Skip(err)
	}
	c := exec.Command(link, args...)
	c.Dir = dir
	return c
}
