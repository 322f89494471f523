package main

import (
	"context"
	"io"
	"path/filepath"
	"slices"
	"time"

	"solve/internal/report"
	"solve/matrix"
	"solve/matrix/matio"
	"solve/solver"
)

// emission is what goes where: --emit, --to and -o.
type emission struct {
	what   string
	format matio.Format // of the single answer; in a directory, "" = each part its own
	to     destination
	parts  []partFormat // of the answer in a directory
}

// partFormat is a part of an answer and the format that suits it best.
type partFormat struct {
	name string
	best matio.Format
}

// parseEmission reads the flags; otherwise is --emit when it is not given.
func parseEmission(v *values, otherwise string, parts []partFormat) (emission, error) {
	e := emission{what: v.word("emit", otherwise), format: matio.Format(v.word("to", "csv")), to: parseDestination(v.text("output")), parts: parts}
	if v.err != nil {
		return e, v.err
	}
	if e.to.dir && v.given("emit") {
		return e, usageError("leave --emit out, or name a file", "-o %s writes every part into a directory, so --emit has no meaning", e.to.path)
	}
	if e.to.file() != "" && v.given("to") {
		return e, usageError("the extension of -o decides", "--to has no meaning with -o %s", e.to.path)
	}
	if e.to.dir && !v.given("to") {
		e.format = ""
	}
	var err error
	e.format, err = e.to.format(e.format, v.wordsOf("to"))
	return e, err
}

// files lists what is written, for claims.
func (e emission) files() []string {
	if !e.to.dir {
		return []string{e.to.path}
	}
	out := []string{filepath.Join(e.to.path, "report.json")}
	for _, p := range e.parts {
		out = append(out, filepath.Join(e.to.path, p.name+"."+string(e.formatOf(p.best))))
	}
	return out
}

// formatOf is the format asked for, or else what suits the part best.
func (e emission) formatOf(best matio.Format) matio.Format {
	if e.format != "" {
		return e.format
	}
	return best
}

func (e emission) wants(what string) bool {
	if e.to.dir {
		return slices.ContainsFunc(e.parts, func(p partFormat) bool { return p.name == what })
	}
	return e.what == what
}

// part is one part of an answer, ready to be written.
type part struct {
	name    string
	format  matio.Format
	dense   *matrix.Dense
	sparse  *matrix.CSR
	header  []string
	names   []string // of the rows, in text; nil = none
	dropped float64  // mass that a plan lost
}

func (p *part) write(w io.Writer) error {
	opt := &matio.WriteOptions{Header: p.header}
	if p.sparse != nil {
		return matio.WriteCSR(w, p.format, p.sparse, opt)
	}
	if p.names != nil {
		return p.writeNamed(w)
	}
	return matio.WriteDense(w, p.format, p.dense, opt)
}

// writeNamed writes a name and the numbers of a row on each line.
func (p *part) writeNamed(w io.Writer) error {
	sep := byte(',')
	if p.format == matio.FormatTSV {
		sep = '\t'
	}
	columns := make([][]float64, p.dense.Cols)
	for j := range columns {
		columns[j] = columnOf(p.dense, j)
	}
	return matio.WriteTable(w, sep, p.header, p.names, columns...)
}

func (p *part) fileName() string { return p.name + "." + string(p.format) }

func column(v ...float64) *matrix.Dense { return &matrix.Dense{Rows: len(v), Cols: 1, Data: v} }

// delivery brings the parts of an answer, the report, the history and the
// picture of a run to their places.
type delivery struct {
	con   *console
	emit  emission
	json  bool
	plot  string
	out   outputs
	watch *watch
	parts []part
}

// wantsReport tells whether a report is asked for, and with it hashes.
func (d *delivery) wantsReport() bool { return d.json || d.emit.to.dir || d.con.reportTo != "" }

// reportOnly tells whether the report takes the place of the answer on stdout.
func (d *delivery) reportOnly() bool { return d.json && d.emit.to.stdout() }

// finishedRun is what a subcommand knows of its result; delivery.finish does the rest,
// in the same order for all.
type finishedRun interface {
	// makeParts turns the result into what is written. It may change the
	// verdict to that of the numbers as written.
	makeParts() error
	verdict() solver.Verdict
	// figure draws the run for --plot; nil, and why, where there is nothing to draw.
	figure() (fig *report.Figure, why string, err error)
	summarise(writeS float64)
	// report gathers everything but the exit code, write_s and the answers.
	report() *report.Report
}

// finish writes the answer, the history, the picture and the report, says how
// the run ended, and returns the outcome: err, or else the verdict on the
// numbers as written.
func (d *delivery) finish(ctx context.Context, r finishedRun, outcome error) error {
	start := time.Now()
	if err := r.makeParts(); err != nil {
		return err
	}
	if outcome == nil {
		outcome = r.verdict().Err()
	}
	exit := exitCode(ctx, outcome)
	if err := d.writeParts(); err != nil {
		return err
	}
	if err := d.writePlot(r); err != nil {
		return err
	}
	if err := d.out.commit(); err != nil {
		return err
	}
	writeS := time.Since(start).Seconds()
	r.summarise(writeS)
	rep := r.report()
	rep.Exit = exit
	if err := d.deliverReport(rep, writeS); err != nil {
		return err
	}
	if err := d.print(rep); err != nil {
		return err
	}
	return outcome
}

// writePlot draws the run where --plot asks for it.
func (d *delivery) writePlot(r finishedRun) error {
	if d.plot == "" {
		return nil
	}
	fig, why, err := r.figure()
	if err != nil {
		return err
	}
	if fig == nil {
		d.con.warn("%s is not written: %s", d.plot, why)
		return nil
	}
	format, err := report.FigureFormat("--plot", d.plot)
	if err != nil {
		return err
	}
	return d.out.write(d.plot, func(w io.Writer) error { return fig.Write(w, format) })
}

// convergence is the figure of a solver that has nothing else to draw; a direct
// method has no iterations.
func (d *delivery) convergence(title string, tol float64) (*report.Figure, string, error) {
	fig, err := report.Convergence(title, d.watch.records, tol)
	if err != nil {
		return nil, "there is no iteration to draw", nil
	}
	return fig, "", nil
}

// ended closes the history after the solver has returned, and passes its
// warnings on.
func (d *delivery) ended(history string, warnings []string) error {
	d.watch.close()
	if d.watch.err != nil {
		return &outputError{history, d.watch.err}
	}
	for _, w := range warnings {
		d.con.warn("%s", w)
	}
	return nil
}

// outputFlags are --history and --plot.
type outputFlags struct{ history, plot string }

// parseOutputFlags reads them and claims every output against the inputs.
func parseOutputFlags(v *values, e emission, inputs []string) (outputFlags, error) {
	f := outputFlags{v.text("history"), v.text("plot")}
	if f.history != "" {
		if _, err := historyFormat(f.history); err != nil {
			return f, err
		}
	}
	if f.plot != "" {
		if _, err := report.FigureFormat("--plot", f.plot); err != nil {
			return f, err
		}
	}
	out := outputs{inputs: inputs}
	if err := out.claim(append(e.files(), f.history, f.plot)...); err != nil {
		return f, err
	}
	for _, path := range []string{e.to.file(), f.history, f.plot} {
		if err := reachable(path, e.to); err != nil {
			return f, err
		}
	}
	return f, nil
}

// open makes the directory and the history before the work starts.
func (d *delivery) open(history string, tol float64) error {
	if d.emit.to.dir {
		if err := d.out.makeDir(d.emit.to.path); err != nil {
			return err
		}
	}
	var err error
	d.watch, err = newWatch(d.con, &d.out, history, d.plot != "", tol)
	return err
}

// writeParts writes what -o asks for and the history's last rows.
func (d *delivery) writeParts() error {
	for k := range d.parts {
		p := &d.parts[k]
		path := d.emit.to.path
		switch {
		case d.emit.to.dir:
			path = filepath.Join(path, p.fileName())
		case d.emit.to.stdout():
			continue
		}
		if err := d.out.write(path, p.write); err != nil {
			return err
		}
	}
	return d.watch.flush()
}

// deliverReport completes the report and writes it into the directory.
func (d *delivery) deliverReport(rep *report.Report, writeS float64) error {
	if !d.wantsReport() {
		return nil
	}
	for k := range d.parts {
		p := &d.parts[k]
		if d.emit.to.stdout() {
			continue
		}
		file := d.emit.to.path
		if d.emit.to.dir {
			file = filepath.Join(file, p.fileName())
		}
		if err := addAnswer(rep, p.name, d.emit.to, file); err != nil {
			return err
		}
		if p.dropped > 0 || p.name == "plan" {
			a, dropped := rep.Answers[p.name], report.Number(p.dropped)
			a.DroppedMass = &dropped
			rep.Answers[p.name] = a
		}
	}
	rep.Stats.Add("write_s", writeS)
	rep.Stats.Add("peak_rss_bytes", report.PeakRSS())
	if d.emit.to.dir {
		if err := d.out.writeReport(d.emit.to.path, rep); err != nil {
			return err
		}
	}
	return d.con.file(rep)
}

// print prints the report or the answer.
func (d *delivery) print(rep *report.Report) error {
	if d.json {
		return d.con.print(rep.Write)
	}
	if !d.emit.to.stdout() || len(d.parts) == 0 {
		return nil
	}
	return d.con.print(d.parts[0].write)
}
