package main

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"

	"solve/bcd"
	"solve/loss"
	"solve/matrix"
	"solve/matrix/matio"
	"solve/solver"
)

// coefficients are what a fit wrote: the numbers, and the intercept.
type coefficients struct {
	names     []string // nil = by number
	x         []float64
	intercept float64
}

// readCoefficients reads w: name,value lines, or numbers, of which the first is
// the intercept where there is one. With undetermined, values that are NaN pass:
// those of nodes that no label reaches.
func readCoefficients(in *inputs, path string, intercept, undetermined bool) (*coefficients, error) {
	c := &coefficients{}
	var values []float64
	t, err := matio.ReadTable(path)
	if err == nil && len(t.Columns) == 1 {
		c.names, values = t.Names, t.Columns[0]
	} else {
		opt := in.options
		opt.Format, opt.Sep, opt.Hash, opt.AllowNonFinite = "", 0, false, undetermined
		f, err := in.open("w", path, &opt)
		if err != nil {
			return nil, err
		}
		if values, err = f.Vector(); err != nil {
			return nil, err
		}
	}
	for i, v := range values {
		if v-v != 0 && !(undetermined && math.IsNaN(v)) {
			return nil, fmt.Errorf("%s: %w", path, &solver.EntryError{What: "coefficient", Row: i + 1, Value: v, Err: solver.ErrNonFinite})
		}
	}
	if !intercept {
		c.x = values
		return c, nil
	}
	if c.names != nil && c.names[0] != interceptName {
		return nil, fmt.Errorf("%s: the first line is not %s: %w", path, interceptName, solver.ErrFormat)
	}
	if c.names != nil {
		c.names = c.names[1:]
	}
	c.intercept, c.x = values[0], values[1:]
	return c, nil
}

// prediction is how `bcd predict` turns A w into answers.
type prediction struct {
	loss    string
	classes []float64 // of a classifier: low, high; of softmax all of them
	fit     *coefficients
	softmax *softmaxAnswer // instead of fit
	in      *inputs
}

// predictRefuses are flags that state a problem, not how to apply a fit.
var predictRefuses = []string{
	"y", "b", "labels", "weights", "groups", "penalty-factor", "lambdas", "loss", "delta", "penalty", "lambda", "lambda-ratio",
	"alpha", "l2", "C", "lower", "upper", "nonneg", "scale", "intercept", "standardize", "allow-unpenalized", "method", "history", "plot",
}

// readModel reads a stored fit; path is the file of its coefficients.
func readModel(in *inputs, dir string) (p *prediction, path string, err error) {
	run, err := readStoredRun(in, dir)
	if err != nil {
		return nil, "", err
	}
	if run.report.Command != "bcd" {
		return nil, "", fmt.Errorf("%s: a report of %q is no fit: %w", dir, run.report.Command, solver.ErrUnsupported)
	}
	a, ok := run.report.Answers["w"]
	if !ok {
		return nil, "", inputError("`solve bcd … -o DIR/` stores them", "%s: the report names no coefficients", dir)
	}
	opts := run.report.Method.Options
	p = &prediction{loss: opts.Text("loss"), in: in}
	if v, ok := run.report.Stats.Get("classes"); ok {
		list, _ := v.([]any)
		for _, x := range list {
			f, _ := x.(float64)
			p.classes = append(p.classes, f)
		}
	}
	if p.loss == quadraticLoss {
		return nil, "", inputError("a fit has samples and features", "%s: --loss quadratic has nothing to predict", dir)
	}
	path = filepath.Join(dir, a.Path)
	if p.loss == softmaxLoss {
		if p.softmax, err = readSoftmax(in, path, opts.Text("intercept") == "true"); err == nil && p.softmax.K != len(p.classes) {
			err = run.damaged("it has %d classes, but w has %d columns", len(p.classes), p.softmax.K)
		}
		return p, path, err
	}
	p.fit, err = readCoefficients(in, path, opts.Text("intercept") == "true", false)
	return p, path, err
}

func runBCDPredict(args []string, v *values, con *console) error {
	model := v.text("model")
	if model == "" {
		return usageError("solve bcd predict --model DIR/ DATA", "--model is missing: the directory of a fit")
	}
	data := v.text("data")
	if data == "" {
		data = v.text("A")
	}
	switch {
	case len(args) > 1:
		return usageError("solve bcd predict --model DIR/ DATA", "one data file is needed, not %d", len(args))
	case len(args) == 1 && data != "":
		return usageError("leave one of them out", "%s is a second data file beside %s", args[0], data)
	case len(args) == 1:
		data = args[0]
	case data == "":
		return usageError("solve bcd predict --model DIR/ DATA", "the data are missing")
	}
	v.refuseWith("bcd predict: the fit has it", predictRefuses...)
	in := newInputs(con, v)
	e := emission{what: v.word("emit", "prediction"), format: matio.Format(v.word("to", "csv")), to: parseDestination(v.text("output"))}
	if v.err != nil {
		return v.err
	}
	if !slices.Contains([]string{"prediction", "link", "class"}, e.what) {
		return usageError("prediction, link or class", "--emit %s belongs to another verb of bcd", e.what)
	}
	if e.to.dir {
		return usageError("-o FILE", "bcd predict writes one file, not a directory")
	}
	var err error
	if e.format, err = e.to.format(e.format, v.wordsOf("to")); err != nil {
		return err
	}
	p, path, err := readModel(in, model)
	if err != nil {
		return err
	}
	if _, err := parseOutputFlags(v, e, []string{data, v.text("offset"), filepath.Join(model, "report.json"), path}); err != nil {
		return err
	}
	y, err := p.apply(e.what, data, v.text("target"), v.text("offset"))
	if err != nil {
		return err
	}
	d := &delivery{con: con, emit: e, json: con.json}
	defer d.out.abort()
	d.parts = []part{{name: e.what, format: e.format, dense: y}}
	if err := d.open("", 0); err != nil {
		return err
	}
	d.watch.close()
	if err := d.writeParts(); err != nil {
		return err
	}
	if err := d.out.commit(); err != nil {
		return err
	}
	rep := newReport(con, "bcd predict", in)
	rep.Method.Name, rep.Method.Chosen = p.loss, p.loss
	if err := d.deliverReport(rep, 0); err != nil {
		return err
	}
	return d.print(rep)
}

// features is how many coefficients the fit has, and their names.
func (p *prediction) features() (n int, names []string) {
	if p.softmax != nil {
		return len(p.softmax.x) / p.softmax.K, p.softmax.names
	}
	return len(p.fit.x), p.fit.names
}

// apply reads the data and returns what is asked for of each sample.
func (p *prediction) apply(what, path, target, offsets string) (*matrix.Dense, error) {
	f, err := p.in.read("data", path, nil)
	if err != nil {
		return nil, err
	}
	offset, err := readNumbers(p.in, "offset", offsets, f.Rows)
	if err != nil {
		return nil, err
	}
	var x bcd.Design
	cols, _ := p.features()
	if f.Sparse != nil {
		if f.Cols > cols {
			return nil, fmt.Errorf("%s: %d features, but the model has %d: %w", p.in.name("data", path), f.Cols, cols, solver.ErrDimension)
		}
		// A LIBSVM file need not hold its last features.
		a := f.Sparse
		if x, err = matrix.NewCSR(a.Rows, cols, a.RowPtr, a.Col, a.Val); err != nil {
			return nil, err
		}
	} else if x, err = p.columns(f, target); err != nil {
		return nil, err
	}
	if p.softmax != nil {
		if offset != nil {
			return nil, inputError("leave --offset out", "a softmax fit takes no offsets")
		}
		scores, err := p.softmax.scores(x)
		if err != nil {
			return nil, err
		}
		return emitSoftmax(what, scores, p.classes), nil
	}
	eta, err := bcd.Predict(x, p.fit.x, p.fit.intercept, offset)
	if err != nil {
		return nil, err
	}
	y, err := p.emit(what, eta)
	return column(y...), err
}

// columns brings the columns of a table into the order of the coefficients: by
// name where both have names, else as they stand.
func (p *prediction) columns(f *matio.File, target string) (*matrix.Dense, error) {
	if target != "" {
		r := &regression{}
		if err := r.splitTarget(f, target, p.in.options.MaxMemory); err != nil {
			return nil, err
		}
		f = &matio.File{Name: f.Name, Dense: r.problem.X.(*matrix.Dense), Header: r.names, Rows: f.Rows, Cols: f.Cols - 1}
	}
	d := f.Dense
	cols, names := p.features()
	if f.Header == nil || names == nil {
		if d.Cols != cols {
			return nil, withHint(fmt.Errorf("%s: %d features, but the model has %d: %w", f.Name, d.Cols, cols, solver.ErrDimension), "is the column of targets still there? --target names it")
		}
		return d, nil
	}
	at := map[string]int{}
	for j, name := range f.Header {
		if _, twice := at[name]; twice {
			return nil, fmt.Errorf("%s: two columns are named %q: %w", f.Name, name, solver.ErrInput)
		}
		at[name] = j
	}
	out := &matrix.Dense{Rows: d.Rows, Cols: cols, Data: make([]float64, d.Rows*cols)}
	for j, name := range names {
		from, ok := at[name]
		if !ok {
			return nil, fmt.Errorf("%s: the model's feature %q is not among its columns: %w", f.Name, name, solver.ErrDimension)
		}
		for i := range d.Rows {
			out.Row(i)[j] = d.At(i, from)
		}
	}
	return out, nil
}

// emit turns the link into what is asked for.
func (p *prediction) emit(what string, eta []float64) ([]float64, error) {
	switch what {
	case "link":
		return eta, nil
	case "class":
		if len(p.classes) != 2 {
			return nil, inputError("--emit prediction", "a %s fit has no classes", p.loss)
		}
		return bcd.Classify(eta, [2]float64(p.classes)), nil
	}
	l, err := loss.ByName(p.loss, defaultDelta)
	if err != nil {
		return nil, err
	}
	return bcd.Response(l, eta), nil
}
