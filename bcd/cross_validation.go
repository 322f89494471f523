package bcd

import (
	"context"
	"fmt"
	"math"
	"slices"

	"solve/internal/par"
	"solve/internal/rng"
	"solve/loss"
	"solve/solver"
)

// CVOptions shape a cross-validation.
type CVOptions struct {
	Folds   int    // 0 = DefaultFolds
	Measure string // a name of Measures; "" = mse for the squared loss, deviance otherwise
}

// ErrTooFewRows refuses more folds than rows.
var ErrTooFewRows = fmt.Errorf("too few rows: %w", solver.ErrInput)

// Measures are the errors that cross-validation knows: mean squared and mean
// absolute error of the response, mean deviance, the share of wrong classes,
// and 1 − the area under the ROC curve.
var Measures = []string{"mse", "mae", "deviance", "class", "auc"}

// CVResult is what K folds say about each λ, and the path on all data.
type CVResult struct {
	Path *PathResult

	Measure string
	Lambdas []float64 // descending
	Mean    []float64 // of the measure over the folds, weighted by their rows
	StdErr  []float64 // of that mean
	Fold    []int     // fold of each row, from 0

	LambdaMin, Lambda1SE float64 // of the least mean, and the largest λ within one standard error of it
	IndexMin, Index1SE   int
}

// CrossValidate fits the path of p, and the same λ without each of K folds of
// the rows, drawn by Settings.Seed. Folds run side by side.
func CrossValidate(ctx context.Context, p *Problem, opt *Options) (*CVResult, error) {
	if opt == nil {
		opt = &Options{}
	}
	if err := opt.Validate(); err != nil {
		return nil, err
	}
	cv, err := newCrossValidation(p, opt)
	if err != nil {
		return nil, err
	}
	s, err := New(ctx, p, opt)
	if err != nil {
		return nil, err
	}
	path, err := s.Path(ctx)
	if path == nil {
		return nil, err
	}
	out := &CVResult{Path: path, Measure: cv.measure, Fold: cv.fold}
	for k := range path.Points {
		out.Lambdas = append(out.Lambdas, path.Points[k].Lambda)
	}
	cv.labels, cv.lambdas = s.m.labels, out.Lambdas
	cv.results, cv.errs = make([][]float64, cv.folds), make([]error, cv.folds)
	cv.weights = make([]float64, cv.folds)
	if err := par.ForCtx(ctx, par.Threads(opt.Threads), cv.folds, func(k int) { cv.errs[k] = cv.run(ctx, k) }); err != nil {
		return nil, fmt.Errorf("bcd: cross-validation: %w", solver.ErrInterrupted)
	}
	for k, err := range cv.errs {
		if err != nil {
			return nil, fmt.Errorf("bcd: fold %d: %w", k+1, err)
		}
	}
	cv.summarise(out)
	return out, path.Err()
}

type crossValidation struct {
	p       *Problem
	opt     *Options
	loss    loss.Loss
	measure string
	folds   int
	fold    []int
	lambdas []float64
	labels  *[2]float64
	results [][]float64
	weights []float64
	errs    []error
}

func newCrossValidation(p *Problem, opt *Options) (*crossValidation, error) {
	if err := p.validate(); err != nil {
		return nil, err
	}
	cv := &crossValidation{p: p, opt: opt, loss: p.loss(), measure: opt.CV.Measure, folds: opt.CV.Folds}
	if cv.folds == 0 {
		cv.folds = DefaultFolds
	}
	n := len(p.Y)
	if cv.folds > n {
		return nil, fmt.Errorf("bcd: %d folds of %d rows: %w", cv.folds, n, ErrTooFewRows)
	}
	classes := cv.loss.Name() == "logistic" || cv.loss.Name() == "sqhinge"
	switch cv.measure {
	case "":
		cv.measure = "deviance"
		if cv.loss.Name() == "squared" {
			cv.measure = "mse"
		}
	case "class", "auc":
		if !classes {
			return nil, fmt.Errorf("bcd: measure %s with the %s loss, which knows no classes: %w", cv.measure, cv.loss.Name(), solver.ErrInput)
		}
	default:
		if !slices.Contains(Measures, cv.measure) {
			return nil, fmt.Errorf("bcd: %w", &solver.OptionError{Name: "measure", Value: cv.measure, Want: "one of mse, mae, deviance, class, auc"})
		}
	}
	cv.fold = make([]int, n)
	for k, i := range rng.New(opt.Seed).Perm(n) {
		cv.fold[i] = k % cv.folds
	}
	return cv, nil
}

// run fits without fold k and measures on it.
func (cv *crossValidation) run(ctx context.Context, k int) error {
	train := *cv.p
	train.Weights = make([]float64, len(cv.fold))
	for i, f := range cv.fold {
		if f != k {
			train.Weights[i] = 1
			if cv.p.Weights != nil {
				train.Weights[i] = cv.p.Weights[i]
			}
		}
	}
	opt := *cv.opt
	opt.Threads, opt.Recorder = 1, nil
	opt.Path = PathOptions{Lambdas: cv.lambdas, All: true}
	path, err := Path(ctx, &train, &opt)
	if path == nil {
		return err
	}
	if len(path.Points) < len(cv.lambdas) {
		return err
	}
	_, p := cv.p.X.Dims()
	cv.results[k] = make([]float64, len(cv.lambdas))
	for l := range path.Points {
		point := &path.Points[l]
		eta, err := Predict(cv.p.X, point.Coefficients(p), point.Intercept, cv.p.Offset)
		if err != nil {
			return err
		}
		cv.results[k][l], cv.weights[k] = cv.score(k, eta)
	}
	return nil
}

// score is the measure over the rows of fold k, and their weight.
func (cv *crossValidation) score(k int, eta []float64) (value, total float64) {
	var e, y, w []float64
	for i, f := range cv.fold {
		if f != k {
			continue
		}
		weight := 1.0
		if cv.p.Weights != nil {
			weight = cv.p.Weights[i]
		}
		if weight == 0 {
			continue
		}
		target := cv.p.Y[i]
		if cv.labels != nil && cv.measure != "class" && cv.measure != "auc" {
			low, high := 0.0, 1.0
			if cv.loss.Name() == "sqhinge" {
				low = -1
			}
			if target = high; cv.p.Y[i] == cv.labels[0] {
				target = low
			}
		}
		e, y, w = append(e, eta[i]), append(y, target), append(w, weight)
		total += weight
	}
	if total == 0 {
		return 0, 0
	}
	return cv.measureOf(e, y, w) / total, total
}

// measureOf is the weighted sum of the measure.
func (cv *crossValidation) measureOf(eta, y, w []float64) float64 {
	sum := 0.0
	switch cv.measure {
	case "deviance":
		floor := -cv.loss.Conjugate(make([]float64, len(y)), y, w)
		return 2 * (cv.loss.Value(eta, y, w) - floor)
	case "class":
		for i, label := range Classify(eta, *cv.labels) {
			if label != y[i] {
				sum += w[i]
			}
		}
	case "auc":
		total := 0.0
		for _, v := range w {
			total += v
		}
		return total * (1 - areaUnderROC(eta, y, w, cv.labels[1]))
	default:
		for i, v := range Response(cv.loss, slices.Clone(eta)) {
			d := math.Abs(v - y[i])
			if cv.measure == "mse" {
				d *= d
			}
			sum += w[i] * d
		}
	}
	return sum
}

// areaUnderROC is the weighted share of pairs of both classes in the right
// order, ties counting half; ½ where one class is missing.
func areaUnderROC(eta, y, w []float64, upper float64) float64 {
	order := make([]int, len(eta))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case eta[a] < eta[b]:
			return -1
		case eta[a] > eta[b]:
			return 1
		}
		return 0
	})
	below, high, pairs := 0.0, 0.0, 0.0
	for a := 0; a < len(order); {
		b, up, down := a, 0.0, 0.0
		for ; b < len(order) && eta[order[b]] == eta[order[a]]; b++ {
			if i := order[b]; y[i] == upper {
				up += w[i]
			} else {
				down += w[i]
			}
		}
		pairs += up * (below + 0.5*down)
		below, high = below+down, high+up
		a = b
	}
	if below == 0 || high == 0 {
		return 0.5
	}
	return pairs / (below * high)
}

// summarise averages over the folds and chooses λ.
func (cv *crossValidation) summarise(out *CVResult) {
	total := 0.0
	for _, w := range cv.weights {
		total += w
	}
	for l := range cv.lambdas {
		mean, spread := 0.0, 0.0
		for k, r := range cv.results {
			mean += cv.weights[k] * r[l] / total
		}
		for k, r := range cv.results {
			spread += cv.weights[k] * (r[l] - mean) * (r[l] - mean) / total
		}
		out.Mean = append(out.Mean, mean)
		out.StdErr = append(out.StdErr, math.Sqrt(spread/float64(cv.folds-1)))
	}
	for l, m := range out.Mean {
		if m < out.Mean[out.IndexMin] {
			out.IndexMin = l
		}
	}
	limit := out.Mean[out.IndexMin] + out.StdErr[out.IndexMin]
	for out.Index1SE = 0; out.Mean[out.Index1SE] > limit; out.Index1SE++ {
	}
	out.LambdaMin, out.Lambda1SE = out.Lambdas[out.IndexMin], out.Lambdas[out.Index1SE]
}
