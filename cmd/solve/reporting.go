package main

import (
	"fmt"
	"math"
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

// addAnswer names a file that was written, with its hash.
func addAnswer(rep *report.Report, name string, to destination, path string) error {
	a := report.Answer{Path: path}
	if to.dir {
		a.Path = filepath.Base(path)
	}
	if !to.device {
		hash, err := fileHash(path)
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
