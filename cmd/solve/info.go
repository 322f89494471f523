package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"gonum.org/v1/gonum/mat"

	"solve/internal/report"
	"solve/linsys"
	"solve/matrix"
	"solve/matrix/matio"
	"solve/solver"
)

func newInfoCommand() *subcommand {
	return &subcommand{
		name:     "info",
		purpose:  "what a file holds: kind, size, symmetry, condition",
		synopsis: []string{"solve info [flags] FILE"},
		examples: []example{
			{"points", "solve info testdata/points_x.csv"},
			{"a cost matrix as JSON", "solve info testdata/small_5x7_cost.csv --json"},
			{"a nonlinear program", "solve info testdata/chain.SIF"},
			{"from a pipe", "solve gen assignment --n 5 --emit cost -q | solve info -"},
		},
		options: joined(readingOptions(), csvOptions(), []option{threadsOption(), memoryOption(), jsonOption()}),
		notes:   []string{fmt.Sprintf("Definiteness and the condition number are computed for dense square matrices up to %d rows, and for sparse ones whose factorisation is foretold to be cheap; NaN and infinities are counted, not refused.", denseUpTo)},
		seeAlso: []string{"solve convert"},
		run: func(ctx context.Context, v *values, con *console) error {
			path, err := oneFile(v, "FILE")
			if err != nil {
				return err
			}
			in := newInputs(con, v)
			in.options.AllowNonFinite, in.options.Hash = true, con.json
			csvReading(v, &in.options)
			if v.err != nil {
				return v.err
			}
			if isModelName(path) && !v.given("format") {
				return runModelInfo(ctx, in, path, con)
			}
			return runInfo(ctx, in, path, con)
		},
	}
}

// csvOptions are the finer points of reading.
func csvOptions() []option {
	return []option{
		{name: "header", group: groupInput, value: "WORD", words: []string{"yes", "no"}, usage: "whether a CSV starts with a header (sniffed)"},
		{name: "missing", group: groupInput, value: "X", usage: "what empty and NA cells of a CSV stand for (they are errors)"},
		{name: "real", group: groupInput, usage: "accept a complex MatrixMarket file whose imaginary parts are zero"},
	}
}

func csvReading(v *values, opt *matio.ReadOptions) {
	opt.Header = v.word("header", "")
	opt.Real = v.flag("real")
	if !v.given("missing") {
		return
	}
	x, err := strconv.ParseFloat(v.text("missing"), 64)
	if err != nil {
		v.refuse("missing", v.text("missing"), "a number")
	}
	opt.Missing = &x
}

// oneFile returns the only positional.
func oneFile(v *values, what string) (string, error) {
	if n := v.c.Args().Len(); n != 1 {
		return "", usageError("solve "+v.spec.name+" "+what, "one file is needed, not %d", n)
	}
	return v.c.Args().First(), nil
}

func runInfo(ctx context.Context, in *inputs, path string, con *console) error {
	f, err := in.read("file", path, nil)
	if err != nil {
		return err
	}
	facts, err := describe(ctx, in, f)
	if err != nil {
		return err
	}
	if con.reports() {
		rep := newReport(con, "info", in)
		rep.Stats = append(facts, rep.Stats...)
		if err := con.report(rep); err != nil || con.json {
			return err
		}
	}
	var rows [][]string
	for _, x := range facts {
		rows = append(rows, []string{strings.ReplaceAll(x.Name, "_", " "), fmt.Sprint(x.Value)})
	}
	return con.print(func(w io.Writer) error { return report.Table(w, nil, rows) })
}

// describe lists the facts of a file in the order of interest.
func describe(ctx context.Context, in *inputs, f *matio.File) (report.Fields, error) {
	var out report.Fields
	out.Add("kind", kindOf(f))
	out.Add("format", strings.TrimSpace(string(f.Format)+" "+f.Compression))
	if words := strings.TrimSpace(strings.Join([]string{f.Object, f.Field, f.Symmetry}, " ")); words != "" {
		out.Add("declared", words)
	}
	out.Add("bytes", f.Bytes)
	out.Add("rows", f.Rows)
	out.Add("cols", f.Cols)
	if f.Sparse != nil {
		out.Add("nnz", f.NNZ)
		if cells := float64(f.Rows) * float64(f.Cols); cells > 0 {
			out.Add("density", float64(f.NNZ)/cells)
		}
	}
	if len(f.Header) > 0 {
		out.Add("header", strings.Join(f.Header, ", "))
	}
	if f.Labels != nil {
		out.Add("labels", len(f.Labels))
	}
	addRange(&out, f)
	if f.Nonfinite > 0 || f.Rows == 0 || f.Cols == 0 {
		return out, nil
	}
	if f.Sparse != nil {
		return out, addSparseFacts(ctx, &out, in, f.Sparse)
	}
	if f.Rows == f.Cols && f.Rows > 1 {
		addSquareFacts(&out, f)
	}
	return out, nil
}

// addSparseFacts tells what the solvers of linear systems look at.
func addSparseFacts(ctx context.Context, out *report.Fields, in *inputs, a *matrix.CSR) error {
	opt := &linsys.Options{Settings: solver.Settings{Threads: in.options.Threads, MaxMemory: in.options.MaxMemory}}
	e, err := linsys.Examine(ctx, a, opt)
	if err != nil {
		return err
	}
	out.Add("longest_row", e.Longest)
	out.Add("empty_rows", e.EmptyRows)
	out.Add("empty_cols", e.EmptyCols)
	if !e.Square() || e.Rows < 2 {
		return nil
	}
	out.Add("symmetric", e.Symmetric)
	out.Add("pattern_symmetric", e.PatternSymmetric)
	if e.Asymmetry > 0 {
		out.Add("asymmetry", e.Asymmetry)
	}
	out.Add("diagonal_signs", fmt.Sprintf("%d positive, %d negative, %d zero", e.DiagPositive, e.DiagNegative, e.DiagZero))
	out.Add("diagonally_dominant", e.Dominant == e.Rows)
	out.Add("rows_that_sum_to_zero", e.ZeroSums)
	out.Add("bandwidth", fmt.Sprintf("%d below, %d above", e.Lower, e.Upper))
	out.Add("components", e.Components)
	out.Add("norm_inf", e.NormInf)
	if e.Grid != nil {
		out.Add("grid", e.Grid)
	}
	if e.Definiteness != "" {
		out.Add("definiteness", fmt.Sprintf("%s (%s)", e.Definiteness, e.How))
	}
	if e.Condition > 0 {
		out.Add("condition_estimate", e.Condition)
	}
	return nil
}

func kindOf(f *matio.File) string {
	switch {
	case f.Rows == 0 || f.Cols == 0:
		return "empty matrix"
	case f.Labels != nil:
		return "labelled rows"
	case f.Sparse != nil:
		return "sparse matrix"
	case f.Rows == 1 && f.Cols == 1:
		return "number"
	case f.Cols == 1:
		return "vector (one column)"
	case f.Rows == 1:
		return "vector (one row)"
	}
	return "dense matrix, or points one a row"
}

// stored returns the values that a file stores.
func stored(f *matio.File) []float64 {
	if f.Sparse != nil {
		return f.Sparse.Val
	}
	return f.Dense.Data
}

func addRange(out *report.Fields, f *matio.File) {
	lo, hi := math.Inf(1), math.Inf(-1)
	var sum float64
	negative, zeros := 0, 0
	for _, v := range stored(f) {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			continue
		}
		lo, hi, sum = math.Min(lo, v), math.Max(hi, v), sum+v
		if v < 0 {
			negative++
		} else if v == 0 {
			zeros++
		}
	}
	if lo <= hi {
		out.Add("min", lo)
		out.Add("max", hi)
		out.Add("sum", sum)
	}
	out.Add("negative", negative)
	out.Add("stored_zeros", zeros)
	out.Add("nonfinite", f.Nonfinite)
}

// denseUpTo bounds the square dense matrices whose definiteness and condition are
// computed.
const denseUpTo = 1000

func addSquareFacts(out *report.Fields, f *matio.File) {
	symmetric := f.Dense.CheckSymmetric() == nil
	out.Add("symmetric", symmetric)
	positive, dominant := diagonalFacts(f)
	out.Add("positive_diagonal", positive)
	out.Add("diagonally_dominant", dominant)
	if f.Rows > denseUpTo {
		if symmetric && positive && dominant {
			out.Add("definiteness", "positive semidefinite (symmetric, dominant positive diagonal)")
		}
		return
	}
	d := f.Dense
	if symmetric {
		var chol mat.Cholesky
		if chol.Factorize(mat.NewSymDense(d.Rows, d.Data)) {
			out.Add("definiteness", "positive definite (Cholesky)")
		} else {
			out.Add("definiteness", "not positive definite (Cholesky)")
		}
	}
	var lu mat.LU
	lu.Factorize(mat.NewDense(d.Rows, d.Cols, d.Data))
	out.Add("condition_estimate", lu.Cond())
}

// diagonalFacts tells whether all diagonal entries are positive and whether
// each is at least the sum of the absolute values of the others in its row.
func diagonalFacts(f *matio.File) (positive, dominant bool) {
	positive, dominant = true, true
	for i := range f.Rows {
		diagonal, rest := 0.0, 0.0
		for j, v := range f.Dense.Row(i) {
			if j == i {
				diagonal = v
			} else {
				rest += math.Abs(v)
			}
		}
		positive = positive && diagonal > 0
		dominant = dominant && math.Abs(diagonal) >= rest
	}
	return positive, dominant
}
