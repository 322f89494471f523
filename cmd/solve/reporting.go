package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"

	"solve/internal/kern"
	"solve/internal/report"
	"solve/solver"
)

// newReport starts the report of a subcommand that succeeded: who ran, what
// was read, what was warned of. in may be nil.
func newReport(con *console, command string, in *inputs) *report.Report {
	rep := report.New(command)
	rep.Version, rep.Kernel, rep.Threads = version(), kern.Name(), threadCount(0)
	rep.Status, rep.Reason = solver.Solved.String(), string(solver.Tolerance)
	readS := 0.0
	if in != nil {
		rep.Threads = threadCount(in.options.Threads)
		rep.Inputs = append(rep.Inputs, in.list...)
		readS = in.seconds
	}
	rep.Stats.Add("read_s", readS)
	rep.Stats.Add("peak_rss_bytes", report.PeakRSS())
	rep.Warnings = append(rep.Warnings, con.warnings...)
	return rep
}

// reportVariable names the file that a batch wants a job's report in.
const reportVariable = "SOLVE_REPORT"

// reports tells whether a report is wanted at all.
func (c *console) reports() bool { return c.json || c.reportTo != "" }

// report files the report for a batch, and prints it with --json.
func (c *console) report(rep *report.Report) error {
	if err := c.file(rep); err != nil || !c.json {
		return err
	}
	return c.print(rep.Write)
}

// file writes the report, or the error object, where a batch wants it.
func (c *console) file(rep interface{ Write(io.Writer) error }) error {
	if c.reportTo == "" {
		return nil
	}
	f, err := os.Create(c.reportTo)
	if err == nil {
		err = rep.Write(f)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		return &outputError{c.reportTo, err}
	}
	return nil
}

// addAnswer names a file that was written, with its hash.
func addAnswer(rep *report.Report, name string, to destination, path string) error {
	a := report.Answer{Path: path}
	if to.dir {
		a.Path = filepath.Base(path)
	}
	if !to.device {
		hash, err := report.FileHash(path)
		if err != nil {
			return &outputError{path, err}
		}
		a.SHA256 = hash
	}
	rep.Answers[name] = a
	return nil
}

// certificateLine is a certificate with its tolerance; names take width columns.
func certificateLine(c solver.Certificate, width int) string {
	tol := ""
	if !math.IsNaN(c.Tol) {
		tol = fmt.Sprintf(" (tol %.3g)", c.Tol)
		if !c.OK {
			tol = fmt.Sprintf(" > tol %.3g", c.Tol)
		}
	}
	return fmt.Sprintf("%-*s %.10g%s", width, c.Name, c.Value, tol)
}
