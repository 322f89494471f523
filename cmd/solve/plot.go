package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"solve/internal/report"
)

func newPlotCommand() *subcommand {
	return &subcommand{
		name:     "plot",
		purpose:  "a picture of a history or of a stored answer",
		synopsis: []string{"solve plot [flags] HISTORY -o FILE", "solve plot [flags] DIR/ -o FILE"},
		examples: []example{
			{"how a run converged",
				"solve ot testdata/points_x.csv testdata/points_y.csv --reg-rel max:1e-3 --history run.csv && solve plot run.csv -o run.svg"},
			{"a stored plan: lines between points of the plane",
				"solve plot testdata/answers/points/ -o arrows.png"},
			{"the same plan as a heat map",
				"solve plot testdata/answers/points/ --kind heatmap -o heatmap.pdf"},
		},
		options: joined(readingOptions(), []option{
			{name: "input", group: groupInput, value: "ROLE=FILE", many: true, usage: "where an input of a stored answer is now; may be repeated"},
			{name: "kind", group: groupOutput, value: "KIND", words: []string{"convergence", "arrows", "heatmap"}, usage: "what to draw (by what is given)"},
			{name: "tol", group: groupInput, value: "T", usage: "tolerance to mark in a convergence curve (none)"},
			{name: "title", group: groupOutput, value: "TEXT", usage: "title of the picture"},
			{name: "to", group: groupOutput, value: "FORMAT", words: report.FigureFormats, usage: "format on stdout (svg)"},
			outputOption("the picture: FILE.svg, .png or .pdf"),
			threadsOption(), memoryOption(), jsonOption(),
		}),
		seeAlso: []string{"solve ot --plot", "solve ot --history"},
		run: func(ctx context.Context, v *values, con *console) error {
			o, err := parsePlotOptions(v, con)
			if err != nil {
				return err
			}
			return runPlot(ctx, o, con)
		},
	}
}

// plotOptions is the command line of `plot`.
type plotOptions struct {
	in     *inputs
	from   string
	stored bool // from is a directory with a report
	kind   string
	tol    float64
	title  string
	to     string // "" = stdout
	format string
}

func parsePlotOptions(v *values, con *console) (*plotOptions, error) {
	from, err := oneFile(v, "HISTORY|DIR/ -o FILE")
	if err != nil {
		return nil, err
	}
	o := &plotOptions{in: newInputs(con, v), from: from, kind: v.word("kind", ""), tol: v.positive("tol", 0), title: v.text("title"), to: v.text("output"), format: v.word("to", "svg")}
	if v.err != nil {
		return nil, v.err
	}
	if err := o.in.rename(v); err != nil {
		return nil, err
	}
	o.stored = parseDestination(from).dir
	if o.stored == (o.kind == "convergence") && o.kind != "" {
		return nil, usageError("arrows and heatmap draw a stored answer DIR/, convergence a history", "--kind %s does not suit %s", o.kind, from)
	}
	if o.to == "-" {
		o.to = ""
	}
	if o.to == "" {
		if isTerminal(con.out) {
			return nil, usageError("-o FILE.svg, .png or .pdf", "a picture cannot be printed on a terminal")
		}
		return o, nil
	}
	if o.format, err = report.FigureFormat("--output", o.to); err != nil {
		return nil, err
	}
	paths := outputs{inputs: []string{from}}
	if err := paths.claim(o.to); err != nil {
		return nil, err
	}
	return o, reachable(o.to, destination{})
}

func runPlot(ctx context.Context, o *plotOptions, con *console) error {
	fig, err := o.figure(con)
	if err != nil {
		return err
	}
	draw := func(w io.Writer) error { return fig.Write(w, o.format) }
	if o.to == "" {
		if con.reports() {
			if err := con.report(newReport(con, "plot", o.in)); err != nil || con.json {
				return err
			}
		}
		return con.print(draw)
	}
	var out outputs
	defer out.abort()
	if err := out.write(o.to, draw); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err := out.commit(); err != nil || !con.reports() {
		return err
	}
	rep := newReport(con, "plot", o.in)
	if err := addAnswer(rep, "picture", parseDestination(o.to), o.to); err != nil {
		return err
	}
	return con.report(rep)
}

func (o *plotOptions) figure(con *console) (*report.Figure, error) {
	if !o.stored {
		return o.convergence(con)
	}
	stored, err := readStoredRun(o.in, o.from)
	if err != nil {
		return nil, err
	}
	run, err := readStoredTransport(o.in, stored)
	if err != nil {
		return nil, err
	}
	for _, m := range run.mismatches {
		con.warn("%s: %s", m.what, m.why)
	}
	if run.solved.plan == nil {
		return nil, inputError("`solve ot … -o DIR/` stores one", "%s holds no plan", o.from)
	}
	return transportFigure(run.solved.problem, run.solved.row, o.kind, o.title)
}

func (o *plotOptions) convergence(con *console) (*report.Figure, error) {
	source := io.Reader(con.in)
	name := "<stdin>"
	if o.from != "-" {
		f, err := o.in.readStored(o.from)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		source, name = f, o.from
	} else if isTerminal(con.in) {
		return nil, usageError("pipe a history in, or give a file", "the history is read from stdin, but stdin is a terminal")
	}
	records, err := report.ReadHistory(source)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	title := o.title
	if title == "" && o.from != "-" {
		title = strings.TrimSuffix(filepath.Base(o.from), filepath.Ext(o.from))
	}
	fig, err := report.Convergence(title, records, o.tol)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return fig, nil
}
