package main

import (
	"context"
	"io"

	"solve/matrix"
	"solve/matrix/matio"
)

func newConvertCommand() *subcommand {
	return &subcommand{
		name:    "convert",
		purpose: "the same data in another format",
		synopsis: []string{
			"solve convert [flags] IN OUT",
			"solve convert [flags] IN [--to FORMAT] [-o OUT]",
		},
		examples: []example{
			{"CSV to compressed MatrixMarket", "solve convert testdata/small_5x7_cost.csv out.mtx.gz"},
			{"to NPY", "solve convert testdata/points_x.csv -o out.npy"},
			{"from a pipe to stdout, zeros left out", "solve gen assignment --n 3 --emit cost -q | solve convert - --to mtx --sparse"},
		},
		options: joined(readingOptions(), csvOptions(), []option{
			{name: "allow-nonfinite", group: groupInput, usage: "keep NaN and infinities"},
			{name: "sparse", group: groupOutput, usage: "leave out zeros (coordinate .mtx, i,j,value lines)"},
			{name: "dense", group: groupOutput, usage: "write every entry"},
			{name: "labels", group: groupOutput, value: "FILE", usage: "write the labels of a LIBSVM file into FILE (they are dropped)"},
			{name: "to", group: groupOutput, value: "FORMAT", words: []string{"csv", "tsv", "mtx", "npy", "svm"}, usage: "format on stdout (csv)"},
			outputOption("the file to write; also the second argument"),
			threadsOption(), memoryOption(), jsonOption(),
		}),
		notes:   []string{"Numbers are written with the fewest digits that read back as the same double. A sparse matrix becomes i,j,value lines in CSV unless --dense is given."},
		seeAlso: []string{"solve info"},
		run: func(ctx context.Context, v *values, con *console) error {
			o, err := parseConvertOptions(v, con)
			if err != nil {
				return err
			}
			return runConvert(ctx, o, con)
		},
	}
}

// convertOptions is the command line of `convert`.
type convertOptions struct {
	in            *inputs
	from          string
	to            destination
	format        matio.Format
	sparse, dense bool
	labels        string
}

func parseConvertOptions(v *values, con *console) (*convertOptions, error) {
	args := v.c.Args().Slice()
	out := v.text("output")
	if len(args) == 2 && out == "" {
		out, args = args[1], args[:1]
	}
	if len(args) != 1 {
		return nil, usageError("solve convert IN OUT", "convert takes one input and one output, not %d arguments", len(args))
	}
	o := &convertOptions{in: newInputs(con, v), from: args[0], to: parseDestination(out), sparse: v.flag("sparse"), dense: v.flag("dense"), labels: v.text("labels")}
	csvReading(v, &o.in.options)
	o.in.options.AllowNonFinite, o.in.options.Hash = v.flag("allow-nonfinite"), con.json
	o.format = matio.Format(v.word("to", "csv"))
	switch {
	case v.err != nil:
		return nil, v.err
	case o.sparse && o.dense:
		return nil, usageError("leave one of them out", "--sparse and --dense contradict each other")
	case o.to.dir:
		return nil, usageError("name a file in it", "-o %s is a directory", o.to.path)
	case o.to.file() != "" && v.given("to"):
		return nil, usageError("the extension of the output decides", "--to has no meaning with an output file")
	}
	var err error
	if o.format, err = o.to.format(o.format, v.wordsOf("to")); err != nil {
		return nil, err
	}
	paths := outputs{inputs: []string{o.from}}
	if err := paths.claim(o.to.path, o.labels); err != nil {
		return nil, err
	}
	return o, reachable(o.to.file(), o.to)
}

func runConvert(ctx context.Context, o *convertOptions, con *console) error {
	f, err := o.in.read("file", o.from, nil)
	if err != nil {
		return err
	}
	con.say("read", "%s: %s, %s×%s", o.from, f.Format, grouped(f.Rows), grouped(f.Cols))
	dense, sparse, err := o.representation(f)
	if err != nil {
		return err
	}
	opt := &matio.WriteOptions{Labels: f.Labels}
	if sparse == nil {
		opt.Header = f.Header
	}
	if f.Labels != nil && o.labels == "" && o.format != matio.FormatLIBSVM {
		con.warn("the labels are dropped: --labels FILE keeps them")
	}
	write := func(w io.Writer) error {
		if sparse != nil {
			return matio.WriteCSR(w, o.format, sparse, opt)
		}
		return matio.WriteDense(w, o.format, dense, opt)
	}
	var out outputs
	defer out.abort()
	if o.labels != "" && f.Labels != nil {
		if err := out.write(o.labels, func(w io.Writer) error {
			return matio.WriteDense(w, matio.FormatCSV, column(f.Labels...), nil)
		}); err != nil {
			return err
		}
	}
	if !o.to.stdout() {
		if err := out.write(o.to.path, write); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err := out.commit(); err != nil {
		return err
	}
	if con.reports() {
		if err := o.report(con); err != nil || con.json {
			return err
		}
	}
	if o.to.stdout() {
		return con.print(write)
	}
	return nil
}

func (o *convertOptions) report(con *console) error {
	rep := newReport(con, "convert", o.in)
	if !o.to.stdout() {
		if err := addAnswer(rep, "matrix", o.to, o.to.path); err != nil {
			return err
		}
	}
	return con.report(rep)
}

// representation is the matrix as it is to be written: as it was read,
// unless --sparse or --dense says otherwise.
func (o *convertOptions) representation(f *matio.File) (*matrix.Dense, *matrix.CSR, error) {
	if o.sparse || (f.Sparse != nil && !o.dense) {
		csr, err := f.AsCSR()
		return nil, csr, err
	}
	d, err := f.AsDense(o.in.options.MaxMemory)
	return d, nil, err
}
