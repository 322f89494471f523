package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"solve/internal/problems"
	"solve/internal/report"
	"solve/matrix/matio"
	"solve/solver"
)

func newGenCommand() *subcommand {
	generators := problems.Generators()
	var words, list []string
	for _, g := range generators {
		words = append(words, g.Name)
		list = append(list, fmt.Sprintf("%s (solve %s): %s.", g.Name, g.Area, g.Summary))
	}
	return &subcommand{
		name:     "gen",
		purpose:  "make a reproducible test problem",
		synopsis: []string{"solve gen PROBLEM [--PARAMETER VALUE…] [--seed N] -o DIR/"},
		examples: []example{
			{"random assignment, the cost matrix alone on stdout", "solve gen assignment --n 5 --emit cost"},
			{"two clouds of points into a directory", "solve gen clouds --n 200 -o out/"},
			{"two images, as NPY", "solve gen images --seed 3 --to npy -o out/"},
			{"regression: A, y and the w behind it", "solve gen correlated --n 50 --p 200 -o out/"},
		},
		options: joined(generatorOptions(generators), []option{
			{name: "seed", group: groupInput, value: "N", usage: "seed of the random stream (1)"},
			{name: "emit", group: groupOutput, value: "PART", usage: "print or write only this part"},
			toOption("format on stdout and of the parts in a directory (csv; mtx for a sparse matrix)"),
			outputOption("write one part into FILE, or with a trailing / every part into a directory"),
			memoryOption(), jsonOption(),
		}),
		notes:   list,
		seeAlso: []string{"solve ot"},
		words:   words,
		run: func(ctx context.Context, v *values, con *console) error {
			o, err := parseGenOptions(v, con)
			if err != nil {
				return err
			}
			return runGen(ctx, o, con)
		},
	}
}

// generatorOptions are the parameters of all generators, each name once,
// explained for each problem that has it.
func generatorOptions(generators []problems.Generator) []option {
	var out []option
	for _, g := range generators {
		for _, p := range g.Params {
			usage := fmt.Sprintf("%s: %s (%s)", g.Name, p.Help, p.Default)
			if k := slices.IndexFunc(out, func(o option) bool { return o.name == p.Name }); k >= 0 {
				out[k].usage += "; " + usage
				continue
			}
			out = append(out, option{name: p.Name, group: groupInput, value: strings.ToUpper(p.Kind), usage: usage})
		}
	}
	return out
}

func parameterNames(g problems.Generator) string {
	var out []string
	for _, p := range g.Params {
		out = append(out, "--"+p.Name)
	}
	return strings.Join(out, ", ")
}

// genOptions is the command line of `gen`.
type genOptions struct {
	generator problems.Generator
	values    problems.Values
	seed      uint64
	maxMemory int64
	emit      string
	to        matio.Format
	toGiven   bool
	dest      destination
}

func parseGenOptions(v *values, con *console) (*genOptions, error) {
	args := v.c.Args().Slice()
	words := v.spec.words
	if len(args) != 1 {
		return nil, usageError("one of "+strings.Join(words, ", "), "gen takes the name of one problem, not %d arguments", len(args))
	}
	g, ok := problems.Find(args[0])
	if !ok {
		return nil, usageError(didYouMean(args[0], words), "unknown problem %q", args[0])
	}
	o := &genOptions{
		generator: g, values: problems.Values{}, seed: v.unsigned("seed", 1), maxMemory: v.size("max-memory", solver.DefaultMaxMemory),
		emit: v.text("emit"), to: matio.Format(v.word("to", "csv")), toGiven: v.given("to"), dest: parseDestination(v.text("output")),
	}
	for _, name := range everyParameter() {
		if !v.given(name) {
			continue
		}
		if !slices.ContainsFunc(g.Params, func(p problems.Param) bool { return p.Name == name }) && v.err == nil {
			v.err = usageError("its parameters are "+parameterNames(g), "%s has no parameter --%s", g.Name, name)
		}
		o.values[name] = v.text(name)
	}
	if v.err != nil {
		return nil, v.err
	}
	if o.dest.file() != "" && o.toGiven {
		return nil, usageError("the extension of -o decides", "--to has no meaning with -o %s", o.dest.path)
	}
	if o.dest.file() != "" {
		f, err := o.dest.format("", v.wordsOf("to"))
		if err != nil {
			return nil, err
		}
		o.to, o.toGiven = f, true
	}
	return o, nil
}

func everyParameter() []string {
	var out []string
	for _, o := range generatorOptions(problems.Generators()) {
		out = append(out, o.name)
	}
	return out
}

func runGen(ctx context.Context, o *genOptions, con *console) error {
	inst, err := o.generator.Generate(o.values, o.seed, o.maxMemory)
	if err != nil {
		return err
	}
	for _, n := range inst.Notes {
		con.say("note", "%s", n)
	}
	files, err := o.choose(inst)
	if err != nil {
		return err
	}
	if o.dest.stdout() && !con.reports() {
		return con.print(func(w io.Writer) error { return o.write(w, files[0]) })
	}
	rep := newReport(con, "gen", nil)
	rep.Seed, rep.Method.Name, rep.Method.Chosen = o.seed, o.generator.Name, o.generator.Name
	if !o.dest.stdout() {
		if err := o.writeFiles(ctx, files, rep, con); err != nil {
			return err
		}
	}
	if !con.reports() {
		return nil
	}
	if err := con.report(rep); err != nil || con.json || !o.dest.stdout() {
		return err
	}
	return con.print(func(w io.Writer) error { return o.write(w, files[0]) })
}

// writeFiles writes the parts and names them in the report.
func (o *genOptions) writeFiles(ctx context.Context, files []problems.NamedData, rep *report.Report, con *console) error {
	var out outputs
	defer out.abort()
	if o.dest.dir {
		if err := out.makeDir(o.dest.path); err != nil {
			return err
		}
	}
	paths := make([]string, len(files))
	for k, f := range files {
		paths[k] = o.dest.path
		if o.dest.dir {
			paths[k] = filepath.Join(o.dest.path, f.Name+"."+string(o.formatOf(f)))
		}
		if err := out.write(paths[k], func(w io.Writer) error { return o.write(w, f) }); err != nil {
			return err
		}
		con.say("wrote", "%s", paths[k])
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err := out.commit(); err != nil || !con.reports() {
		return err
	}
	for k, f := range files {
		if err := addAnswer(rep, f.Name, o.dest, paths[k]); err != nil {
			return err
		}
	}
	return nil
}

// choose returns the parts to write.
func (o *genOptions) choose(inst *problems.Instance) ([]problems.NamedData, error) {
	var names []string
	for _, f := range inst.Files {
		if f.Name == o.emit {
			return []problems.NamedData{f}, nil
		}
		names = append(names, f.Name)
	}
	if o.emit != "" {
		return nil, usageError(didYouMean(o.emit, names), "%s has no part %q", o.generator.Name, o.emit)
	}
	if len(inst.Files) > 1 && !o.dest.dir {
		return nil, usageError("-o DIR/ takes them all, --emit PART chooses one of "+strings.Join(names, ", "), "%s has %d parts", o.generator.Name, len(names))
	}
	return inst.Files, nil
}

// formatOf is the format asked for, or what suits the part.
func (o *genOptions) formatOf(f problems.NamedData) matio.Format {
	if f.Sparse != nil && !o.toGiven {
		return matio.FormatMTX
	}
	return o.to
}

func (o *genOptions) write(w io.Writer, f problems.NamedData) error {
	if f.Sparse != nil {
		return matio.WriteCSR(w, o.formatOf(f), f.Sparse, nil)
	}
	return matio.WriteDense(w, o.formatOf(f), f.Dense, nil)
}
