//go:build unix

package batch

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"solve/internal/report"
	"solve/solver"
)

// The tests run this very program as the jobs' program: its first argument
// says what kind of job it is.
const reportVariable = "BATCH_TEST_REPORT"

func TestMain(m *testing.M) {
	if path := os.Getenv(reportVariable); path != "" {
		os.Exit(behave(os.Args[1:], path))
	}
	os.Exit(m.Run())
}

// behave is the jobs' program.
func behave(args []string, path string) int {
	fileReport := func(exit int) int {
		rep := report.New(args[0])
		rep.Status, rep.Reason, rep.Exit = solver.Solved.String(), string(solver.Tolerance), exit
		rep.Method.Options.Add("threads", os.Getenv("GOMAXPROCS"))
		rep.Stats.Add("solve_s", 0.25)
		f, err := os.Create(path)
		if err != nil {
			return 1
		}
		defer f.Close()
		if rep.Write(f) != nil {
			return 1
		}
		return exit
	}
	switch args[0] {
	case "ok":
		fmt.Println(strings.Join(args[1:], " "))
		fmt.Fprintln(os.Stderr, "said")
		return fileReport(0)
	case "stopped":
		return fileReport(4)
	case "count": // leaves a line for each run
		f, err := os.OpenFile(args[1], os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
		if err != nil {
			return 1
		}
		fmt.Fprintln(f, args[2])
		f.Close()
		return fileReport(0)
	case "crash":
		panic("out of thin air")
	case "half": // a report cut off
		if os.WriteFile(path, []byte(`{"schema":"solve/report/v1","comm`), 0o666) != nil {
			return 1
		}
		return 0
	case "hang": // deaf to SIGINT
		signal.Ignore(syscall.SIGINT)
		time.Sleep(time.Minute)
	case "polite": // SIGINT makes it end with a report
		heard := make(chan os.Signal, 1)
		signal.Notify(heard, syscall.SIGINT)
		fmt.Println("ready")
		select {
		case <-heard:
			return fileReport(130)
		case <-time.After(time.Minute):
		}
	case "eat":
		var eaten [][]byte
		for range 1 << 10 {
			b := make([]byte, 1<<20)
			for i := range b {
				b[i] = 1
			}
			eaten = append(eaten, b)
			time.Sleep(time.Millisecond)
		}
		fmt.Println(len(eaten))
	case "shout":
		line := strings.Repeat("x", 1<<16)
		for {
			if _, err := io.WriteString(os.Stdout, line); err != nil {
				return 1
			}
			time.Sleep(100 * time.Microsecond)
		}
	case "die":
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		time.Sleep(time.Minute)
	}
	return 0
}

// explain is the error object of a failure; what exit code it means is the
// caller's choice.
func explain(err error) *report.Error {
	var failed *FailedError
	e := &report.Error{Schema: report.ErrorSchema, Exit: 1, Kind: "internal", Message: err.Error()}
	if errors.As(err, &failed) {
		e.Exit = 10 + int(failed.How)
	}
	return e
}

func local(t *testing.T) *Local {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return &Local{Program: program, Build: "1", Variable: reportVariable, Workers: 2, Threads: 1, Grace: 200 * time.Millisecond, Explain: explain}
}

// jobsOf makes jobs of command lines.
func jobsOf(t *testing.T, lines ...string) []*Job {
	t.Helper()
	jobs, err := ReadJobs(strings.NewReader(strings.Join(lines, "\n")), "solve")
	if err != nil {
		t.Fatal(err)
	}
	return jobs
}
