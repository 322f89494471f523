package main

import (
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"strconv"
	"strings"
	"time"

	"solve/internal/report"
	"solve/solver"
)

// watch receives the records of a run and passes them to the history, the
// progress bar, --verbose and the plot.
type watch struct {
	con     *console
	path    string // of the history
	history *report.History
	bar     *report.Progress
	keep    bool
	records []solver.Record
	said    time.Time
	err     error // of writing the history
}

// verboseEvery is the least time between two lines of --verbose.
const verboseEvery = 100 * time.Millisecond

// newWatch opens the history, if any, among the outputs. keep stores the
// records for a plot.
func newWatch(con *console, out *outputs, history string, keep bool, tol float64) (*watch, error) {
	w := &watch{con: con, path: history, keep: keep}
	if !con.quiet && !con.verbose && isTerminal(con.err) {
		w.bar = report.NewProgress(con.err, tol)
	}
	if history == "" {
		return w, nil
	}
	format, err := historyFormat(history)
	if err != nil {
		return nil, err
	}
	return w, out.write(history, func(f io.Writer) error {
		w.history, err = report.NewHistory(f, format)
		return err
	})
}

// historyFormat is the format that a history's name asks for.
func historyFormat(path string) (string, error) {
	name := strings.TrimSuffix(strings.TrimSuffix(path, ".gz"), ".zst")
	for _, f := range []string{"csv", "jsonl"} {
		if strings.HasSuffix(name, "."+f) {
			return f, nil
		}
	}
	return "", &solver.OptionError{Name: "--history", Value: strconv.Quote(path), Want: "a name that ends in .csv or .jsonl"}
}

// Record implements solver.Recorder.
func (w *watch) Record(r solver.Record) error {
	if w.keep {
		w.records = append(w.records, r)
	}
	if w.con.verbose && time.Since(w.said) >= verboseEvery {
		w.said = time.Now()
		fmt.Fprintf(w.con.err, "%-9s  %6d  %-10s residual %.3e  objective %.10g  step %.3g  %.3f s\n",
			"iter", r.Iter, r.Phase, r.Residual, r.Objective, r.Step, r.Elapsed.Seconds())
	}
	if w.bar != nil {
		if err := w.bar.Record(r); err != nil {
			w.bar = nil // a terminal that refuses a bar is no reason to stop
		}
	}
	if w.history != nil {
		if err := w.history.Record(r); err != nil {
			w.err = err
			return err
		}
	}
	return nil
}

// close wipes the bar.
func (w *watch) close() {
	if w.bar != nil {
		w.bar.Close()
	}
}

// flush writes the history's last rows; the outputs commit it.
func (w *watch) flush() error {
	if w.history == nil {
		return nil
	}
	if err := w.history.Flush(); err != nil {
		return &outputError{w.path, err}
	}
	return nil
}

// logger lets a solver talk with --verbose.
func (c *console) logger() *slog.Logger {
	if !c.verbose {
		return nil
	}
	return slog.New(slog.NewTextHandler(c.err, &slog.HandlerOptions{
		Level: slog.LevelDebug,
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey || a.Key == slog.LevelKey {
				return slog.Attr{}
			}
			return a
		},
	}))
}

// threadCount is --threads, or what there is.
func threadCount(n int) int {
	if n > 0 {
		return n
	}
	return runtime.GOMAXPROCS(0)
}
