package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"strings"

	"solve/bcd"
	"solve/bcd/block"
	"solve/internal/problems"
	"solve/internal/report"
	"solve/matrix/matio"
	"solve/solver"
)

// figureOf finds a figure of the paper by its number.
func figureOf(name string) (block.Figure, error) {
	var names []string
	for _, f := range block.Figures() {
		if f.Name == strings.TrimPrefix(strings.ToLower(name), "figure") {
			return f, nil
		}
		names = append(names, f.Name)
	}
	return block.Figure{}, usageError("figures of the paper: "+strings.Join(names, ", "), "there is no figure %q", name)
}

// runBCDLab draws a figure of the paper; its numbers go to stdout.
func runBCDLab(ctx context.Context, args []string, v *values, con *console) error {
	if len(args) != 1 {
		return usageError("solve bcd lab 5 -o figure5.svg", "one figure at a time, not %d", len(args))
	}
	fig, err := figureOf(args[0])
	if err != nil {
		return err
	}
	opt := &block.FigureOptions{Iterations: v.count("max-iter", 0), Seed: v.unsigned("seed", 1)}
	opt.Data = paperData(v.count("shrink", 1), opt.Seed)
	path := v.text("output")
	format := ""
	if path != "" && v.err == nil {
		if format, err = report.FigureFormat("--output", path); err != nil {
			return err
		}
		if err := reachable(path, destination{}); err != nil {
			return err
		}
	}
	if v.err != nil {
		return v.err
	}
	opt.Progress = func(panel, series string) { con.say("run", "%s: %s", panel, series) }
	con.say("figure", "%s: %s", fig.Name, fig.Summary)
	panels, err := fig.Make(ctx, opt)
	if err != nil {
		return err
	}
	var out outputs
	defer out.abort()
	if path != "" {
		picture, err := labPicture(panels)
		if err != nil {
			return err
		}
		if err := out.write(path, func(w io.Writer) error { return picture.Write(w, format) }); err != nil {
			return err
		}
		if err := out.commit(); err != nil {
			return err
		}
	}
	return printPanels(con, fig, panels)
}

// paperData makes the paper's problems.
func paperData(shrink int, seed uint64) func(string) (*block.FigureData, error) {
	return func(problem string) (*block.FigureData, error) {
		p, err := problems.Paper(problem, shrink, seed)
		if err != nil {
			return nil, err
		}
		d := &block.FigureData{X: p.X, Y: p.Y}
		if p.Graph != nil {
			d.A, d.B = p.Graph.A, p.Graph.B
		}
		if p.Side > 0 {
			d.Trees = block.LatticeForests(p.Side, p.Side, p.Graph.Unknown)
		}
		return d, nil
	}
}

// labPicture draws a row for each panel: at equal iterations, and at equal cost.
func labPicture(panels []block.Panel) (*report.Figure, error) {
	var picture *report.Figure
	for _, p := range panels {
		var byIteration, byCost []report.Curve
		for _, s := range p.Series {
			a, b := report.Curve{Name: s.Name}, report.Curve{}
			for _, q := range s.Points {
				a.X, a.Y = append(a.X, float64(q.Iteration)), append(a.Y, q.Gap)
				b.X, b.Y = append(b.X, float64(q.Cost.Columns)), append(b.Y, q.Gap)
			}
			byIteration, byCost = append(byIteration, a), append(byCost, b)
		}
		f, err := report.Curves(report.CurveAxes{Title: p.Title, X: "iteration", Y: "f − f*", LogY: true}, byIteration)
		if err != nil {
			return nil, err
		}
		cost, err := report.Curves(report.CurveAxes{Title: "the same at equal cost", X: "columns touched", Y: "f − f*", LogY: true, LogX: true}, byCost)
		if err != nil {
			return nil, err
		}
		f.Append(cost)
		if picture == nil {
			picture = f
			continue
		}
		picture.Below(f)
	}
	return picture, nil
}

// printPanels prints where every method ended.
func printPanels(con *console, fig block.Figure, panels []block.Panel) error {
	if con.reports() {
		rep := newReport(con, "bcd lab", nil)
		rep.Method.Name, rep.Method.Chosen = "figure "+fig.Name, "figure "+fig.Name
		var rows []report.Fields
		for _, p := range panels {
			for _, s := range p.Series {
				var f report.Fields
				f.Add("problem", p.Problem)
				f.Add("panel", p.Title)
				f.Add("method", s.Name)
				f.Add("block_size", s.BlockSize)
				f.Add("iterations", lastPoint(s).Iteration)
				f.Add("gap", lastPoint(s).Gap)
				f.Add("column_updates", lastPoint(s).Cost.Columns)
				f.Add("support_fixed_at", s.SupportFixedAt)
				rows = append(rows, f)
			}
		}
		rep.Stats.Add("series", rows)
		if err := con.report(rep); err != nil || con.json {
			return err
		}
	}
	var cells [][]string
	for _, p := range panels {
		for _, s := range p.Series {
			q := lastPoint(s)
			cells = append(cells, []string{p.Title, s.Name, fmt.Sprint(q.Iteration), grouped(int(q.Cost.Columns)), fmt.Sprintf("%.3g", q.Gap)})
		}
	}
	header := []string{"panel", "method", "iterations", "columns", "f − f*"}
	return con.print(func(w io.Writer) error { return report.Table(w, header, cells) })
}

func lastPoint(s block.Series) block.FigurePoint {
	if len(s.Points) == 0 {
		return block.FigurePoint{Gap: math.NaN()}
	}
	return s.Points[len(s.Points)-1]
}

// quadraticRun is one run of --loss quadratic.
type quadraticRun struct {
	bcdRun
	labels *block.Labels
	known  []float64
}

// runQuadratic minimises ½xᵀAx − bᵀx, or propagates labels.
func runQuadratic(ctx context.Context, o *bcdOptions, con *console) error {
	r := &quadraticRun{bcdRun: bcdRun{o: o, delivery: delivery{con: con, emit: o.emit, json: o.json, plot: o.files.plot}}}
	defer r.out.abort()
	q, err := r.read()
	if err != nil {
		return err
	}
	if err := r.open(o.files.history, o.settings.Tol); err != nil {
		return err
	}
	opt := o.settings
	opt.Recorder = r.watch
	res, err := bcd.SolveQuadratic(ctx, q, &opt, o.lab)
	var warnings []string
	if res != nil {
		warnings = res.Warnings
	}
	if err := r.ended(o.files.history, warnings); err != nil {
		return err
	}
	if res == nil {
		return err
	}
	r.result = res
	return r.finish(ctx, r, err)
}

// read reads the matrix and its right-hand side or labels.
func (r *quadraticRun) read() (*bcd.Quadratic, error) {
	q, labels, known, err := readQuadratic(r.o.in, &r.o.source)
	if err != nil {
		return nil, err
	}
	r.labels, r.known = labels, known
	if labels != nil {
		r.con.say("labels", "%s known, %s to find", grouped(len(known)-len(labels.Unknown)-orphanCount(labels)), grouped(len(labels.Unknown)))
		if k := orphanCount(labels); k > 0 {
			r.con.warn("%s in %s without a label: their values are not determined and come out as NaN", counted(k, "node", "nodes"), counted(len(labels.Orphans), "component", "components"))
		}
	}
	return q, nil
}

func orphanCount(l *block.Labels) int {
	n := 0
	for _, c := range l.Orphans {
		n += len(c)
	}
	return n
}

// readQuadratic reads the problem of --loss quadratic.
func readQuadratic(in *inputs, s *regressionSource) (*bcd.Quadratic, *block.Labels, []float64, error) {
	f, err := in.read("A", s.a, nil)
	if err != nil {
		return nil, nil, nil, err
	}
	sparse, _, err := asMatrix(f)
	if err != nil {
		return nil, nil, nil, err
	}
	if sparse == nil {
		if sparse, err = f.AsCSR(); err != nil {
			return nil, nil, nil, err
		}
	}
	n := f.Rows
	in.con.say("A", "%s: %s × %s, %s entries", in.name("A", s.a), grouped(n), grouped(f.Cols), grouped(sparse.NNZ()))
	q := &bcd.Quadratic{A: sparse, Lambda: s.lambda, L2: s.l2, NonNegative: s.nonneg}
	if s.penalty != bcd.NoPenalty && s.penalty != bcd.L1 {
		return nil, nil, nil, usageError("--penalty l1 or none", "--penalty %s does not go with --loss quadratic", s.penalty)
	}
	if !math.IsNaN(s.lower) {
		q.Lower = &s.lower
	}
	if !math.IsNaN(s.upper) {
		q.Upper = &s.upper
	}
	if s.labels != "" {
		known, err := readNumbers(in, "labels", s.labels, n)
		if err != nil {
			return nil, nil, nil, err
		}
		l, err := block.LabelPropagation(sparse, known)
		if err != nil {
			return nil, nil, nil, err
		}
		q.A, q.B = l.A, l.B
		return q, l, known, nil
	}
	if q.B, err = readNumbers(in, "b", s.b, n); err != nil {
		return nil, nil, nil, err
	}
	if q.B == nil {
		q.B = filled1(n).Data
	}
	if s.lambdaRatio > 0 {
		top := 0.0
		for _, v := range q.B {
			top = max(top, math.Abs(v))
		}
		q.Lambda = s.lambdaRatio * top
	}
	return q, nil, nil, nil
}

func (r *quadraticRun) makeParts() error {
	if r.reportOnly() {
		return nil
	}
	r.parts = append(r.parts, part{name: "w", format: r.emit.formatOf(matio.FormatCSV), dense: column(spread(r.labels, r.known, r.result.X)...)})
	return nil
}

// spread puts the values that were found beside the known labels.
func spread(l *block.Labels, known, x []float64) []float64 {
	if l == nil {
		return x
	}
	out := append([]float64(nil), known...)
	for k, i := range l.Unknown {
		out[i] = x[k]
	}
	return out
}

func (r *quadraticRun) figure() (*report.Figure, string, error) {
	return r.convergence("Relative residual", r.o.settings.Tol)
}

func (r *quadraticRun) summarise(float64) {
	res, say, s := r.result, r.con.say, r.result.Stats
	why := ""
	if res.Why != "" {
		why = " (" + res.Why + ")"
	}
	say("method", "%s%s", res.Method, why)
	say("work", "%s, %s rows touched", counted(s.Iterations, "iteration", "iterations"), grouped(s.ColumnUpdates))
	for _, c := range res.Certificates {
		say("", "%s", certificateLine(c, 17))
	}
	say("objective", "%.12g", res.Objective)
	if res.Status == solver.Solved {
		say("solved", "%s", res.Reason)
	}
	say("time", "read %.3g s, set up %.3g s, solve %.3g s, peak %s", r.o.in.seconds, s.Setup, s.Solve, solver.Bytes(report.PeakRSS()))
}
