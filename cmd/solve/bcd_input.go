package main

import (
	"fmt"
	"math"
	"runtime/debug"
	"slices"
	"strconv"

	"solve/bcd"
	"solve/internal/report"
	"solve/loss"
	"solve/matrix"
	"solve/matrix/matio"
	"solve/solver"
)

// quadraticLoss is the --loss that has no samples.
const quadraticLoss = "quadratic"

// regressionSource says where a problem of `bcd` comes from and how its files
// are meant. `bcd` fills it from flags, `check` from a report.
type regressionSource struct {
	data, target                           string
	a, y, b, labels                        string
	weights, offset, groups, penaltyFactor string

	loss, penalty       string
	delta               float64
	lambda, lambdaRatio float64 // at most one of them > 0; 0 and 0: see lambdaGiven
	lambdaGiven         bool
	alpha, l2           float64
	lower, upper        float64 // NaN = not given
	nonneg              bool
	scale               string
	intercept           bool
	standardize         bool
}

const (
	defaultLambdaRatio = 0.1
	defaultAlpha       = 0.5
	defaultDelta       = 1
	defaultC           = 1
)

func parseRegressionSource(v *values) regressionSource {
	s := regressionSource{
		data: v.text("data"), target: v.text("target"), a: v.text("A"), y: v.text("y"), b: v.text("b"), labels: v.text("labels"),
		weights: v.text("weights"), offset: v.text("offset"), groups: v.text("groups"), penaltyFactor: v.text("penalty-factor"),
		loss: v.word("loss", loss.Squared().Name()), delta: v.positive("delta", defaultDelta),
		lambda: v.nonNegative("lambda", 0), lambdaGiven: v.given("lambda"), lambdaRatio: v.nonNegative("lambda-ratio", 0),
		alpha: v.nonNegative("alpha", defaultAlpha), l2: v.nonNegative("l2", 0),
		lower: v.number("lower"), upper: v.number("upper"), nonneg: v.flag("nonneg"),
		scale: v.word("scale", bcd.Mean), intercept: v.flag("intercept"), standardize: v.flag("standardize"),
	}
	s.penalty = v.word("penalty", s.defaultPenalty())
	s.applyC(v)
	s.checkFlags(v)
	return s
}

func (s *regressionSource) svm() bool {
	return s.loss == loss.Hinge().Name() || s.loss == loss.SquaredHinge().Name()
}

func (s *regressionSource) quadratic() bool { return s.loss == quadraticLoss }

func (s *regressionSource) defaultPenalty() string {
	if s.svm() || s.quadratic() {
		return bcd.NoPenalty
	}
	return bcd.L1
}

// applyC translates LIBLINEAR's C: P/C with the sum of losses.
func (s *regressionSource) applyC(v *values) {
	plain := s.svm() && s.penalty == bcd.NoPenalty && !v.given("l2")
	if !v.given("C") && !plain {
		return
	}
	v.refuseWith("--C", "lambda", "lambda-ratio", "scale", "l2")
	c := v.positive("C", defaultC)
	s.scale = bcd.Sum
	if s.penalty == bcd.NoPenalty {
		s.l2 = lowerC(s.loss, c)
		return
	}
	s.lambda, s.lambdaGiven = lowerC(s.loss, c), true
}

// checkFlags refuses flags that would be ignored.
func (s *regressionSource) checkFlags(v *values) {
	refuse := func(cond bool, why string, names ...string) {
		if cond {
			v.refuseWith(why, names...)
		}
	}
	refuse(s.penalty == bcd.NoPenalty, "--penalty none", "lambda", "lambda-ratio", "penalty-factor")
	refuse(s.penalty != bcd.ElasticNet && s.penalty != bcd.SparseGroup, "--penalty "+s.penalty, "alpha")
	refuse(s.penalty != bcd.Group && s.penalty != bcd.SparseGroup, "--penalty "+s.penalty, "groups")
	refuse(s.loss != "huber" && s.loss != "smooth-huber", "--loss "+s.loss, "delta")
	refuse(s.quadratic(), "--loss quadratic", "data", "y", "target", "weights", "offset", "scale", "intercept", "standardize")
	refuse(!s.quadratic(), "--loss "+s.loss, "b", "labels")
	refuse(v.given("lambda"), "--lambda", "lambda-ratio")
	refuse(v.given("data"), "--data", "A", "y")
	refuse(v.given("b"), "--b", "labels")
	if s.alpha > 1 {
		v.refuse("alpha", v.text("alpha"), "a number in [0, 1]")
	}
	if !s.lambdaGiven && s.lambdaRatio == 0 && s.penalty != bcd.NoPenalty {
		s.lambdaRatio = defaultLambdaRatio
	}
}

// takePositionals takes the data from the arguments.
func (s *regressionSource) takePositionals(args []string) error {
	place, flag := &s.data, "--data"
	if s.quadratic() {
		place, flag = &s.a, "--A"
	}
	switch {
	case len(args) > 1:
		return usageError("a matrix and its targets are --A FILE --y FILE", "one data file is needed, not %d", len(args))
	case len(args) == 1 && (*place != "" || s.a != ""):
		return usageError("leave one of them out", "%s is a second data file beside %s or --A", args[0], flag)
	case len(args) == 1:
		*place = args[0]
	}
	switch {
	case s.quadratic() && s.a == "":
		return usageError("solve bcd --loss quadratic --A FILE --b FILE", "the matrix is missing")
	case s.quadratic() || s.data != "":
		return nil
	case s.a == "":
		return usageError("solve bcd DATA.svm, or solve bcd --A X.csv --y y.csv", "the data are missing")
	case s.y == "":
		return usageError("--y FILE holds them", "the targets are missing")
	}
	return nil
}

// files lists what is read.
func (s *regressionSource) files() []string {
	var out []string
	for _, f := range []string{s.data, s.a, s.y, s.b, s.labels, s.weights, s.offset, s.groups, s.penaltyFactor} {
		if f != "" {
			out = append(out, f)
		}
	}
	return out
}

// regression is a problem as read.
type regression struct {
	problem bcd.Problem
	names   []string // of the features; nil = by number
}

// readRegression reads the data and what goes with them.
func readRegression(in *inputs, s *regressionSource) (*regression, error) {
	r := &regression{problem: bcd.Problem{
		Penalty: s.penalty, Lambda: s.lambda, LambdaRatio: s.lambdaRatio, L2: s.l2, NonNegative: s.nonneg,
		Scale: s.scale, Intercept: s.intercept, Standardize: s.standardize,
	}}
	p := &r.problem
	if s.penalty == bcd.ElasticNet || s.penalty == bcd.SparseGroup {
		p.Alpha = s.alpha
	}
	if !math.IsNaN(s.lower) {
		p.Lower = []float64{s.lower}
	}
	if !math.IsNaN(s.upper) {
		p.Upper = []float64{s.upper}
	}
	var err error
	if s.loss != softmaxLoss {
		if p.Loss, err = loss.ByName(s.loss, s.delta); err != nil {
			return nil, err
		}
	}
	if s.data != "" {
		err = r.readTable(in, s)
	} else {
		err = r.readMatrix(in, s)
	}
	if err != nil {
		return nil, err
	}
	n, cols := p.X.Dims()
	for _, x := range []struct {
		role, path string
		n          int
		to         *[]float64
	}{{"weights", s.weights, n, &p.Weights}, {"offset", s.offset, n, &p.Offset}, {"penalty-factor", s.penaltyFactor, cols, &p.PenaltyFactor}} {
		if *x.to, err = readNumbers(in, x.role, x.path, x.n); err != nil {
			return nil, err
		}
		if x.role != "offset" {
			if err := checkNonNegative(*x.to); err != nil {
				return nil, fmt.Errorf("%s: %w", in.name(x.role, x.path), err)
			}
		}
	}
	return r, r.readGroups(in, s.groups, cols)
}

// readTable reads samples and targets from one file.
func (r *regression) readTable(in *inputs, s *regressionSource) error {
	f, err := in.read("data", s.data, nil)
	if err != nil {
		return err
	}
	p := &r.problem
	switch {
	case f.Labels != nil && s.target != "":
		return inputError("leave --target out", "the targets of %s are its labels", in.name("data", s.data))
	case f.Labels != nil:
		p.X, p.Y = f.Sparse, f.Labels
	default:
		if err := r.splitTarget(f, s.target, in.options.MaxMemory); err != nil {
			return err
		}
	}
	n, cols := p.X.Dims()
	in.con.say("data", "%s: %s samples, %s features", in.name("data", s.data), grouped(n), grouped(cols))
	return nil
}

// splitTarget takes a column of a table as the targets.
func (r *regression) splitTarget(f *matio.File, target string, maxMemory int64) error {
	if target == "" {
		return inputError("name the column of targets with --target, or give the matrix and the targets as --A and --y", "%s has no targets", f.Name)
	}
	d, err := f.AsDense(maxMemory)
	if err != nil {
		return err
	}
	at := slices.Index(f.Header, target)
	if at >= 0 && slices.Contains(f.Header[at+1:], target) {
		return inputError("give its number", "%s has two columns named %q", f.Name, target)
	}
	if at < 0 {
		number, err := strconv.Atoi(target)
		if err != nil || number < 1 || number > d.Cols {
			return inputError("give a name of the header, or a number from 1", "%s has no column %q", f.Name, target)
		}
		at = number - 1
	}
	x := &matrix.Dense{Rows: d.Rows, Cols: d.Cols - 1, Data: make([]float64, 0, d.Rows*(d.Cols-1))}
	y := make([]float64, d.Rows)
	for i := range d.Rows {
		row := d.Row(i)
		x.Data = append(append(x.Data, row[:at]...), row[at+1:]...)
		y[i] = row[at]
	}
	r.problem.X, r.problem.Y = x, y
	if f.Header != nil {
		r.names = slices.Delete(slices.Clone(f.Header), at, at+1)
	}
	return nil
}

// readMatrix reads samples and targets from two files.
func (r *regression) readMatrix(in *inputs, s *regressionSource) error {
	f, err := in.read("A", s.a, nil)
	if err != nil {
		return err
	}
	sparse, dense, err := asMatrix(f)
	if err != nil {
		return err
	}
	p := &r.problem
	if sparse != nil {
		p.X = sparse
	} else {
		p.X, r.names = dense, f.Header
	}
	in.con.say("A", "%s: %s samples, %s features", in.name("A", s.a), grouped(f.Rows), grouped(f.Cols))
	p.Y, err = readNumbers(in, "y", s.y, f.Rows)
	return err
}

// readNumbers reads n numbers; nil without a file.
func readNumbers(in *inputs, role, path string, n int) ([]float64, error) {
	if path == "" {
		return nil, nil
	}
	f, err := in.read(role, path, func(o *matio.ReadOptions) { o.AllowNonFinite = role == "penalty-factor" || role == "labels" })
	if err != nil {
		return nil, err
	}
	x, err := f.Vector()
	if err != nil {
		return nil, err
	}
	if len(x) != n {
		return nil, fmt.Errorf("%s: %d numbers, but %d are needed: %w", in.name(role, path), len(x), n, solver.ErrDimension)
	}
	return x, nil
}

// checkNonNegative names the first number that is negative or none.
func checkNonNegative(x []float64) error {
	for i, v := range x {
		if v < 0 {
			return fmt.Errorf("number %d is %v: %w", i+1, v, solver.ErrNegative)
		}
		if math.IsNaN(v) {
			return fmt.Errorf("number %d is %v: %w", i+1, v, solver.ErrNonFinite)
		}
	}
	return nil
}

// readGroups reads the group of each feature.
func (r *regression) readGroups(in *inputs, path string, cols int) error {
	number, err := readNumbers(in, "groups", path, cols)
	if err != nil {
		return err
	}
	if number == nil {
		if r.problem.Penalty == bcd.Group || r.problem.Penalty == bcd.SparseGroup {
			return usageError("--groups FILE has the number of the group of each feature", "the groups are missing")
		}
		return nil
	}
	at := map[float64]int{}
	var groups [][]int32
	for j, g := range number {
		if g != math.Trunc(g) {
			return fmt.Errorf("%s: feature %d is in group %v: %w", in.name("groups", path), j+1, g, solver.ErrFormat)
		}
		k, ok := at[g]
		if !ok {
			k, at[g] = len(groups), len(groups)
			groups = append(groups, nil)
		}
		groups[k] = append(groups[k], int32(j))
	}
	r.problem.Groups = groups
	return nil
}

// featureNames are the names of the coefficients as written: the intercept's
// first where there is one; nil where numbers alone do.
func (r *regression) featureNames(intercept bool) []string {
	if r.names == nil && !intercept {
		return nil
	}
	var out []string
	if intercept {
		out = append(out, interceptName)
	}
	_, cols := r.problem.X.Dims()
	for j := range cols {
		name := strconv.Itoa(j + 1)
		if r.names != nil && r.names[j] != "" {
			name = r.names[j]
		}
		out = append(out, name)
	}
	return out
}

const interceptName = "(intercept)"

// record states the problem for the report.
func (s *regressionSource) record(opts *report.Fields) {
	opts.Add("loss", s.loss)
	opts.Add("penalty", s.penalty)
	if s.loss == "huber" || s.loss == "smooth-huber" {
		opts.Add("delta", s.delta)
	}
	if s.penalty == bcd.ElasticNet || s.penalty == bcd.SparseGroup {
		opts.Add("alpha", s.alpha)
	}
	if s.l2 > 0 {
		opts.Add("l2", s.l2)
	}
	for _, x := range []struct {
		name  string
		value float64
	}{{"lower", s.lower}, {"upper", s.upper}} {
		if !math.IsNaN(x.value) {
			opts.Add(x.name, x.value)
		}
	}
	if !s.quadratic() {
		opts.Add("scale", s.scale)
	}
	if s.target != "" {
		opts.Add("target", s.target)
	}
	for _, x := range []struct {
		name string
		on   bool
	}{{"nonneg", s.nonneg}, {"intercept", s.intercept}, {"standardize", s.standardize}} {
		if x.on {
			opts.Add(x.name, "true")
		}
	}
}

// byColumns turns a sparse matrix into columns, which is what the solver works
// on, and lets the rows go.
func (r *regression) byColumns() {
	if a, ok := r.problem.X.(*matrix.CSR); ok {
		r.problem.X = a.ToCSC()
		debug.FreeOSMemory()
	}
}
