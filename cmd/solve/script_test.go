package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"solve/internal/report"
	"solve/matrix/matio"
)

func TestMain(m *testing.M) {
	if os.Getenv(reportVariable) != "" { // a job of a batch, which runs its own executable again: this one
		main()
	}
	testscript.Main(m, map[string]func(){"solve": main, amplName: main})
}

// The scripts hold the command line's contract. Commands beside
// testscript's own:
//
//	code N PROGRAM ARG…       runs it and wants exit code N
//	numcmp FILE WANT TOL      every number in FILE against those of WANT (a file or a number), relative to max(1, |want|)
//	field FILE PATH WANT      a field of a JSON object, as stats.cost or certificates.0.ok
//	schema FILE               FILE is a report, or an error object, of its schema
//	mutate DIR PART COPY      copies DIR to COPY with the largest entry of a part of the answer times 1.1 and the hash made to match
//	edit DIR COPY OLD NEW     copies DIR to COPY with OLD replaced by NEW in its report.json
//	signal CODE NAME ARG…     runs solve -v ARG…, sends the signal after the first iteration, wants the code
//	cut FILE TO               writes the first half of FILE
//	lines FILE MOST           FILE has at most so many lines
//	closedpipe CODE ARG…      runs solve ARG… with a stdout that nobody reads
//	jobschema FILE            FILE is the report, or error object, of a batch's job
//	interruptbatch CODE DIR FILE  runs the jobs of FILE, sends SIGINT once the first has ended, wants the code
func TestScripts(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("DATA", filepath.Join(root, "testdata"))
			return nil
		},
		Condition: func(cond string) (bool, error) {
			if cond == "root" {
				return os.Geteuid() == 0, nil
			}
			return false, fmt.Errorf("unknown condition %s", cond)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code": cmdCode, "numcmp": cmdNumcmp, "field": cmdField, "schema": cmdSchema,
			"mutate": cmdMutate, "edit": cmdEdit, "signal": cmdSignal, "closedpipe": cmdClosedPipe, "cut": cmdCut, "lines": cmdLines,
			"jobschema": cmdJobSchema, "interruptbatch": cmdInterruptBatch,
		},
	})
}

func cmdCode(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	checkCode(ts, ts.Exec(args[1], args[2:]...), want)
}

func checkCode(ts *testscript.TestScript, err error, want int) {
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

func cmdNumcmp(ts *testscript.TestScript, _ bool, args []string) {
	got := numbersIn(ts.ReadFile(args[0]))
	var want []float64
	if x, err := strconv.ParseFloat(args[1], 64); err == nil {
		want = []float64{x}
	} else {
		want = numbersIn(ts.ReadFile(args[1]))
	}
	tol, err := strconv.ParseFloat(args[2], 64)
	ts.Check(err)
	if len(got) != len(want) {
		ts.Fatalf("%d numbers, want %d", len(got), len(want))
	}
	for k := range got {
		if !(math.Abs(got[k]-want[k]) <= tol*math.Max(1, math.Abs(want[k]))) {
			ts.Fatalf("number %d is %v, want %v within %g", k+1, got[k], want[k], tol)
		}
	}
}

// numbersIn returns the numbers among the words of a text.
func numbersIn(text string) []float64 {
	var out []float64
	for _, w := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(", \t\n;", r) }) {
		if x, err := strconv.ParseFloat(w, 64); err == nil {
			out = append(out, x)
		}
	}
	return out
}

func cmdField(ts *testscript.TestScript, neg bool, args []string) {
	var v any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &v))
	for _, key := range strings.Split(args[1], ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[key]
		case []any:
			k, err := strconv.Atoi(key)
			ts.Check(err)
			if k >= len(x) {
				ts.Fatalf("%s: only %d elements", args[1], len(x))
			}
			v = x[k]
		default:
			ts.Fatalf("%s: no such field", args[1])
		}
	}
	if got := fmt.Sprint(v); (got == args[2]) == neg {
		ts.Fatalf("%s is %s, want %s", args[1], got, args[2])
	}
}

// cmdSchema checks the shape of a report or an error object: fields, types,
// closed lists of words.
func cmdSchema(ts *testscript.TestScript, _ bool, args []string) {
	text := ts.ReadFile(args[0])
	if strings.Count(text, "\n") != 1 {
		ts.Fatalf("not one line")
	}
	ts.Check(checkSchema([]byte(text)))
}

func checkSchema(text []byte) error {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if bytes.Contains(text, []byte(report.ErrorSchema)) {
		var e report.Error
		if err := dec.Decode(&e); err != nil {
			return err
		}
		if e.Kind != exitWord(e.Exit) || e.Message == "" {
			return fmt.Errorf("error object: %+v", e)
		}
		return nil
	}
	var r report.Report
	if err := dec.Decode(&r); err != nil {
		return err
	}
	words := map[string]string{
		r.Status: "solved stopped infeasible unbounded breakdown",
		r.Reason: "tolerance at_roundoff iteration_limit time_limit stalled interrupted not_positive_definite singular inconsistent " +
			"locally_infeasible violating_set unbounded_ray no_feasible_k_sparse_plan gap_open acceptable evaluation_error model_unusable",
		r.Schema: report.Schema,
	}
	for word, list := range words {
		if word == "" || !strings.Contains(" "+list+" ", " "+word+" ") {
			return fmt.Errorf("%q is none of %s", word, list)
		}
	}
	if r.Command == "" || r.Version == "" || r.Kernel == "" || r.Threads < 1 {
		return fmt.Errorf("empty field: %+v", r)
	}
	for _, in := range r.Inputs {
		if len(in.SHA256) != 64 || in.Role == "" || in.Path == "" {
			return fmt.Errorf("input: %+v", in)
		}
	}
	for _, name := range []string{"read_s", "peak_rss_bytes"} {
		if _, ok := r.Stats.Float(name); !ok {
			return fmt.Errorf("stats lack %s", name)
		}
	}
	return nil
}

func cmdEdit(ts *testscript.TestScript, _ bool, args []string) {
	to := ts.MkAbs(args[1])
	ts.Check(os.CopyFS(to, os.DirFS(ts.MkAbs(args[0]))))
	path := filepath.Join(to, "report.json")
	text, err := os.ReadFile(path)
	ts.Check(err)
	if !bytes.Contains(text, []byte(args[2])) {
		ts.Fatalf("%s does not hold %s", path, args[2])
	}
	ts.Check(os.WriteFile(path, bytes.ReplaceAll(text, []byte(args[2]), []byte(args[3])), 0o666))
}

func cmdMutate(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(mutateAnswer(ts.MkAbs(args[0]), args[1], ts.MkAbs(args[2])))
}

// mutateAnswer copies a stored answer with the entry of largest absolute
// value in one part multiplied by 1.1 (0 becomes 0.1), and makes the stored
// hash match: `check` has to see it in the numbers.
func mutateAnswer(dir, part, to string) error {
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		return err
	}
	f, err := os.Open(filepath.Join(to, "report.json"))
	if err != nil {
		return err
	}
	rep, err := report.Read(f)
	f.Close()
	if err != nil {
		return err
	}
	answer, ok := rep.Answers[part]
	if !ok {
		return fmt.Errorf("%s has no answer %s", dir, part)
	}
	path := filepath.Join(to, answer.Path)
	if err := mutateFile(path); err != nil {
		return err
	}
	if answer.SHA256, err = report.FileHash(path); err != nil {
		return err
	}
	rep.Answers[part] = answer
	var out outputs
	return out.writeReport(to, rep)
}

// mutateLargest changes the entry of largest absolute value.
func mutateLargest(values []float64) {
	largest := 0
	for k, v := range values {
		if math.Abs(v) > math.Abs(values[largest]) {
			largest = k
		}
	}
	values[largest] *= 1.1
	if values[largest] == 0 {
		values[largest] = 0.1
	}
}

func mutateFile(path string) error {
	if t, err := matio.ReadTable(path); err == nil && len(t.Columns) == 1 {
		mutateLargest(t.Columns[0])
		var b bytes.Buffer
		if err := matio.WriteTable(&b, ',', t.Header, t.Names, t.Columns...); err != nil {
			return err
		}
		return os.WriteFile(path, b.Bytes(), 0o666)
	}
	m, err := matio.ReadFile(path, nil)
	if err != nil {
		return err
	}
	values := stored(m)
	if isTripletHeader(m.Header) { // i, j, mass: only the masses
		values = nil
		largest := 2
		for k := 2; k < len(m.Dense.Data); k += 3 {
			if math.Abs(m.Dense.Data[k]) > math.Abs(m.Dense.Data[largest]) {
				largest = k
			}
		}
		values = m.Dense.Data[largest : largest+1]
	}
	mutateLargest(values)
	var out outputs
	err = out.write(path, func(w io.Writer) error {
		format, _, _ := matio.FormatOf(path)
		if m.Sparse != nil {
			return matio.WriteCSR(w, format, m.Sparse, nil)
		}
		return matio.WriteDense(w, format, m.Dense, &matio.WriteOptions{Header: m.Header})
	})
	if err != nil {
		return err
	}
	return out.commit()
}

func cmdCut(ts *testscript.TestScript, _ bool, args []string) {
	whole := ts.ReadFile(args[0])
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(whole[:len(whole)/2]), 0o666))
}

func cmdLines(ts *testscript.TestScript, _ bool, args []string) {
	most, err := strconv.Atoi(args[1])
	ts.Check(err)
	if n := strings.Count(ts.ReadFile(args[0]), "\n"); n > most {
		ts.Fatalf("%d lines, want at most %d", n, most)
	}
}

// solveCommand prepares a run of solve in a script's directory.
func solveCommand(ts *testscript.TestScript, args []string) *exec.Cmd {
	program := ""
	for _, dir := range filepath.SplitList(ts.Getenv("PATH")) {
		if p := filepath.Join(dir, "solve"); program == "" && isFile(p) {
			program = p
		}
	}
	c := exec.Command(program, args...)
	c.Dir = ts.MkAbs(".")
	c.Env = []string{"PATH=" + ts.Getenv("PATH"), "HOME=" + ts.Getenv("HOME")}
	return c
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

func cmdSignal(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	number := map[string]syscall.Signal{"INT": syscall.SIGINT, "TERM": syscall.SIGTERM}[args[1]]
	c := solveCommand(ts, append(args[2:], "-v"))
	stdout, err := os.Create(ts.MkAbs("signal.out"))
	ts.Check(err)
	defer stdout.Close()
	c.Stdout = stdout
	pipe, err := c.StderrPipe()
	ts.Check(err)
	ts.Check(c.Start())
	deadline := time.AfterFunc(time.Minute, func() { c.Process.Kill() })
	defer deadline.Stop()
	var said bytes.Buffer
	buf := make([]byte, 4096)
	for sent := false; ; {
		n, err := pipe.Read(buf)
		said.Write(buf[:n])
		if !sent && bytes.Contains(said.Bytes(), []byte("\niter ")) {
			sent = true
			ts.Check(c.Process.Signal(number))
		}
		if err != nil {
			break
		}
	}
	ts.Logf("%s", said.String())
	checkCode(ts, c.Wait(), want)
}

func cmdClosedPipe(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	c := solveCommand(ts, args[1:])
	r, w, err := os.Pipe()
	ts.Check(err)
	ts.Check(r.Close())
	defer w.Close()
	c.Stdout = w
	var said bytes.Buffer
	c.Stderr = &said
	err = c.Run()
	ts.Logf("%s", said.String())
	if strings.Contains(said.String(), "cannot write") {
		ts.Fatalf("a closed stdout is not quiet")
	}
	checkCode(ts, err, want)
}
