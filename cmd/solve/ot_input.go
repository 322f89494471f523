package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"solve/internal/report"
	"solve/internal/verify"
	"solve/matrix"
	"solve/matrix/matio"
	"solve/ot"
	"solve/solver"
)

// transportSource says where a transport problem comes from and how its
// files are meant. `ot` fills it from flags, `check` also from a report.
type transportSource struct {
	a, b, wa, wb string // "" = not given
	cost         string
	as           string // "", points, weights
	grid         []int
	metric       string
	p            float64
	normalize    bool
	maximize     bool
	assignment   bool // --method assignment: the masses are 1
}

func transportOptions() []option {
	var metrics []string
	for _, m := range ot.Metrics() {
		metrics = append(metrics, string(m))
	}
	return []option{
		{name: "a", group: groupInput, value: "FILE", usage: "masses (one column) or points (one a row) to move from; also the first FILE"},
		{name: "b", group: groupInput, value: "FILE", usage: "masses or points to move onto; also the second FILE"},
		{name: "wa", group: groupInput, value: "FILE", usage: "masses of the points of --a (uniform)"},
		{name: "wb", group: groupInput, value: "FILE", usage: "masses of the points of --b (uniform)"},
		{name: "as", group: groupInput, value: "KIND", words: []string{"points", "weights"}, usage: "how --a and --b are meant (by their shape)"},
		{name: "cost", group: groupInput, value: "FILE", usage: "the n×m cost matrix; inf forbids a pair; --a, --b may be left out (uniform)"},
		{name: "grid", group: groupInput, value: "HxW[xD]", usage: "masses live on the integer points of a grid, row-major"},
		{name: "metric", group: groupInput, value: "NAME", words: metrics, usage: "ground metric between points (sqeuclidean)"},
		{name: "p", group: groupInput, value: "P", usage: "cost = metric to the power P (1)"},
		{name: "normalize", group: groupInput, usage: "scale both masses to a total of 1"},
		{name: "maximize", group: groupInput, usage: "unregularised: the dearest plan instead of the cheapest"},
	}
}

// parseTransportSource reads transportOptions and up to two positionals.
func parseTransportSource(v *values) transportSource {
	s := transportSource{
		a: v.text("a"), b: v.text("b"), wa: v.text("wa"), wb: v.text("wb"), cost: v.text("cost"),
		as: v.word("as", ""), metric: v.word("metric", string(ot.SqEuclidean)), p: v.positive("p", 1),
		normalize: v.flag("normalize"), maximize: v.flag("maximize"),
	}
	if s.cost != "" {
		v.refuseWith("--cost", "metric", "p")
	}
	if v.given("grid") {
		var err error
		if s.grid, err = parseShape(v.text("grid")); err != nil {
			v.refuse("grid", v.text("grid"), "one to three sizes such as 28x28 or 16x16x8")
		}
	}
	return s
}

// takePositionals gives leftover arguments to --a and --b in this order.
func (s *transportSource) takePositionals(args []string) error {
	for _, arg := range args {
		switch {
		case s.a == "":
			s.a = arg
		case s.b == "":
			s.b = arg
		default:
			return usageError("two files at most: A and B", "one file too many: %s", arg)
		}
	}
	return nil
}

// parseShape reads 28x28 or 16x16x8.
func parseShape(text string) ([]int, error) {
	var shape []int
	total := 1
	for _, part := range strings.Split(strings.ToLower(text), "x") {
		n, err := strconv.Atoi(part)
		if err != nil || n < 1 || total > math.MaxInt32/n {
			return nil, fmt.Errorf("size %q: %w", part, solver.ErrOption)
		}
		total *= n
		shape = append(shape, n)
	}
	if len(shape) > 3 {
		return nil, fmt.Errorf("a grid has at most 3 axes: %w", solver.ErrOption)
	}
	return shape, nil
}

func shapeText(shape []int) string {
	parts := make([]string, len(shape))
	for k, n := range shape {
		parts[k] = strconv.Itoa(n)
	}
	return strings.Join(parts, "x")
}

// files lists every file of the source, for what must not be overwritten.
func (s *transportSource) files() []string {
	var out []string
	for _, f := range []string{s.a, s.b, s.wa, s.wb, s.cost} {
		if f != "" && f != "-" {
			out = append(out, f)
		}
	}
	return out
}

// record writes how the files are meant into a report's options.
func (s *transportSource) record(f *report.Fields) {
	if s.as != "" {
		f.Add("as", s.as)
	}
	if s.grid != nil {
		f.Add("grid", shapeText(s.grid))
	}
	if s.cost == "" {
		f.Add("metric", s.metric)
		f.Add("p", s.p)
	}
	f.Add("normalize", s.normalize)
	if s.maximize {
		f.Add("maximize", true)
	}
}

// transport is a problem as understood: masses, and a cost that is stored,
// between points, or on a grid.
type transport struct {
	a, b   []float64
	x, y   *matrix.Dense // points; nil for a stored cost or a grid
	stored *matrix.Dense // --cost
	shape  []int         // grid
	metric string
	p      float64

	maximize bool
	spare    bool // columns may be left over: an assignment
}

// readTransport reads a source and says what was understood.
func readTransport(in *inputs, s *transportSource) (*transport, error) {
	t := &transport{metric: s.metric, p: s.p, maximize: s.maximize}
	var err error
	switch {
	case s.cost != "":
		err = t.readStored(in, s)
	case s.a == "" || s.b == "":
		missing := "--a"
		if s.a != "" {
			missing = "--b"
		}
		return nil, usageError("both are needed, --a FILE and --b FILE; with --cost an absent one is uniform", "%s is missing", missing)
	case s.grid != nil:
		err = t.readGrid(in, s)
	default:
		err = t.readPointsOrLine(in, s)
	}
	if err != nil {
		return nil, err
	}
	if s.assignment {
		return t, t.assign(in.con)
	}
	return t, t.balance(in.con, s.normalize)
}

func (s *transportSource) refuseWeights(why string) error {
	if s.wa != "" || s.wb != "" {
		return usageError("--a and --b hold the masses themselves here", "--wa and --wb are the masses of points, but %s", why)
	}
	if s.as == "points" {
		return usageError("leave --as out", "--as points: %s", why)
	}
	return nil
}

func (t *transport) readStored(in *inputs, s *transportSource) error {
	if s.grid != nil {
		return usageError("leave one of them out", "--grid and --cost both define the cost")
	}
	if err := s.refuseWeights("--cost compares no points"); err != nil {
		return err
	}
	f, err := in.read("cost", s.cost, func(o *matio.ReadOptions) { o.AllowNonFinite = true })
	if err != nil {
		return err
	}
	if t.stored, err = f.AsDense(in.options.MaxMemory); err != nil {
		return err
	}
	name := in.name("cost", s.cost)
	if f.Rows == 0 || f.Cols == 0 {
		return inputError("a cost needs a row for each source and a column for each target", "%s: the cost is empty (%d×%d)", name, f.Rows, f.Cols)
	}
	for _, side := range []struct {
		role, path string
		size       int
		dst        *[]float64
	}{{"a", s.a, f.Rows, &t.a}, {"b", s.b, f.Cols, &t.b}} {
		if side.path == "" {
			*side.dst = uniformMasses(side.size)
			in.con.say(side.role, "%s", counted(side.size, "uniform mass", "uniform masses"))
			continue
		}
		if *side.dst, err = readCostMasses(in, side.role, side.path, side.size, s.as); err != nil {
			return err
		}
	}
	if len(t.a) != f.Rows || len(t.b) != f.Cols {
		hint := "the cost needs one row for each mass of a and one column for each of b"
		if len(t.a) == f.Cols && len(t.b) == f.Rows {
			hint = "exchange --a and --b, or transpose the cost"
		}
		return withHint(fmt.Errorf("%s: the cost is %d×%d but a has %d and b %d masses: %w", name, f.Rows, f.Cols, len(t.a), len(t.b), solver.ErrDimension), "%s", hint)
	}
	in.con.say("cost", "%s: %s×%s matrix", name, grouped(f.Rows), grouped(f.Cols))
	return nil
}

func (t *transport) readGrid(in *inputs, s *transportSource) error {
	if err := s.refuseWeights("--grid places the masses"); err != nil {
		return err
	}
	t.shape = s.grid
	var err error
	if t.a, err = readHistogram(in, "a", s.a, s.grid); err != nil {
		return err
	}
	if t.b, err = readHistogram(in, "b", s.b, s.grid); err != nil {
		return err
	}
	in.con.say("cost", "%s between the points of a %s grid", t.costName(), strings.ReplaceAll(shapeText(s.grid), "x", "×"))
	return nil
}

func (t *transport) readPointsOrLine(in *inputs, s *transportSource) error {
	fa, err := in.read("a", s.a, nil)
	if err != nil {
		return err
	}
	fb, err := in.read("b", s.b, nil)
	if err != nil {
		return err
	}
	nameA, nameB := in.name("a", s.a), in.name("b", s.b)
	pa, err := meansPoints("a", nameA, s.as, fa)
	if err != nil {
		return err
	}
	pb, err := meansPoints("b", nameB, s.as, fb)
	if err != nil {
		return err
	}
	if pa != pb {
		return inputError("--as points, or --as weights, reads both the same way",
			"%s (%d×%d) was read as %s but %s (%d×%d) as %s", nameA, fa.Rows, fa.Cols, kindWord(pa), nameB, fb.Rows, fb.Cols, kindWord(pb))
	}
	if pa {
		return t.takePoints(in, s, fa, fb)
	}
	return t.takeLine(in, s, fa, fb)
}

func kindWord(points bool) string {
	if points {
		return "points"
	}
	return "weights"
}

// meansPoints decides between points and weights by shape unless --as does.
func meansPoints(role, path, as string, f *matio.File) (bool, error) {
	switch {
	case f.Rows == 0 || f.Cols == 0:
		return false, inputError("is the file complete, and is it the right one?", "%s: %s is empty (%d×%d)", path, role, f.Rows, f.Cols)
	case as == "points":
		return true, nil
	case as == "weights":
		return false, nil
	case f.Rows == 1 && f.Cols > 1:
		return false, inputError(fmt.Sprintf("--as weights: %d masses; --as points: one point in R^%d", f.Cols, f.Cols),
			"%s: a single row of %d numbers can be masses or a point", path, f.Cols)
	}
	return f.Cols > 1, nil
}

func (t *transport) takePoints(in *inputs, s *transportSource, fa, fb *matio.File) error {
	var err error
	if t.x, t.a, err = takeCloud(in, "a", s.a, s.wa, fa); err != nil {
		return err
	}
	if t.y, t.b, err = takeCloud(in, "b", s.b, s.wb, fb); err != nil {
		return err
	}
	if t.x.Cols != t.y.Cols {
		return withHint(fmt.Errorf("%s holds points in %s but %s in %s: %w", in.name("a", s.a), space(t.x.Cols), in.name("b", s.b), space(t.y.Cols), solver.ErrDimension),
			"both need the same number of columns; masses go into --wa and --wb")
	}
	in.con.say("cost", "%s between the points", t.costName())
	return nil
}

func takeCloud(in *inputs, role, path, weights string, f *matio.File) (*matrix.Dense, []float64, error) {
	points, err := f.AsDense(in.options.MaxMemory)
	if err != nil {
		return nil, nil, err
	}
	name := in.name(role, path)
	warnOfWeights(in.con, name, f.Header)
	read := fmt.Sprintf("%s: read as %s in %s", name, counted(points.Rows, "point", "points"), space(points.Cols))
	if weights == "" {
		in.con.say(role, "%s, uniform weights", read)
		return points, uniformMasses(points.Rows), nil
	}
	in.con.say(role, "%s", read)
	w, err := readMasses(in, "w"+role, weights)
	if err == nil && len(w) != points.Rows {
		err = withHint(fmt.Errorf("%s holds %d masses for the %d points of %s: %w", in.name("w"+role, weights), len(w), points.Rows, name, solver.ErrDimension),
			"--w%s needs one mass for each row of --%s", role, role)
	}
	return points, w, err
}

// warnOfWeights points at a column that its header calls a mass but that is
// read as a coordinate.
func warnOfWeights(con *console, path string, header []string) {
	for _, h := range header {
		switch strings.ToLower(strings.TrimSpace(h)) {
		case "w", "weight", "weights", "mass", "masses":
			con.warn("%s: the column %q is read as a coordinate; masses go into a file of their own, --wa or --wb", path, h)
		}
	}
}

func space(d int) string {
	switch d {
	case 1:
		return "R"
	case 2:
		return "R²"
	case 3:
		return "R³"
	}
	return fmt.Sprintf("R^%d", d)
}

// takeLine places weights at 0, 1, 2, … on a line.
func (t *transport) takeLine(in *inputs, s *transportSource, fa, fb *matio.File) error {
	if err := s.refuseWeights(fmt.Sprintf("%s holds masses", in.name("a", s.a))); err != nil {
		return err
	}
	var err error
	if t.a, err = masses(in, "a", s.a, fa); err != nil {
		return err
	}
	if t.b, err = masses(in, "b", s.b, fb); err != nil {
		return err
	}
	if len(t.a) == len(t.b) {
		t.shape = []int{len(t.a)}
	} else {
		t.x, t.y = line(len(t.a)), line(len(t.b))
	}
	in.con.say("cost", "%s between the positions 0, 1, 2, … on a line", t.costName())
	return nil
}

func line(n int) *matrix.Dense {
	d := &matrix.Dense{Rows: n, Cols: 1, Data: make([]float64, n)}
	for i := range d.Data {
		d.Data[i] = float64(i)
	}
	return d
}

func (t *transport) costName() string {
	if t.p != 1 {
		return fmt.Sprintf("%s^%v", t.metric, t.p)
	}
	return t.metric
}

// cost is the ground cost for the solver.
func (t *transport) cost() (ot.Cost, error) {
	switch {
	case t.stored != nil:
		return ot.NewDenseCost(t.stored), nil
	case t.shape != nil:
		return ot.NewGridCost(t.shape, ot.Metric(t.metric), t.p)
	}
	return ot.NewPointCost(t.x, t.y, ot.Metric(t.metric), t.p)
}

// forbidsAll tells whether a stored cost has inf everywhere.
func (t *transport) forbidsAll() bool {
	return t.stored != nil && !slices.ContainsFunc(t.stored.Data, func(v float64) bool { return !math.IsInf(v, 1) })
}

// checkedCost is the same cost for the independent checker.
func (t *transport) checkedCost() (verify.Cost, error) {
	switch {
	case t.stored != nil:
		return verify.DenseCost(t.stored), nil
	case t.shape != nil:
		return verify.GridCost(t.shape, t.metric, t.p)
	}
	return verify.PointCost(t.x, t.y, t.metric, t.p)
}

// checked is the problem as the independent checker sees it.
func (t *transport) checked(reg float64, threads int) (verify.Transport, error) {
	cost, err := t.checkedCost()
	return verify.Transport{A: t.a, B: t.b, Cost: cost, Reg: reg, Threads: threads, Maximize: t.maximize, Spare: t.spare}, err
}

// certify recomputes the certificates of an answer: a plan, potentials or
// both.
func (t *transport) certify(plan verify.Rows, f, g []float64, reg float64, threads int) (verify.TransportCertificate, error) {
	problem, err := t.checked(reg, threads)
	if err != nil {
		return verify.TransportCertificate{}, err
	}
	if reg > 0 {
		return verify.Entropic(problem, plan, f, g)
	}
	return verify.Unregularised(problem, plan, f, g)
}

// targets are the points of b: nil when a stored cost hides them.
func (t *transport) targets() *matrix.Dense {
	if t.shape == nil {
		return t.y
	}
	d := len(t.shape)
	points := &matrix.Dense{Rows: len(t.b), Cols: d, Data: make([]float64, len(t.b)*d)}
	for i := range points.Rows {
		rest := i
		for k := d - 1; k >= 0; k-- {
			points.Data[i*d+k] = float64(rest % t.shape[k])
			rest /= t.shape[k]
		}
	}
	return points
}

// sources are the points of a, likewise.
func (t *transport) sources() *matrix.Dense {
	if t.shape == nil {
		return t.x
	}
	return t.targets()
}
