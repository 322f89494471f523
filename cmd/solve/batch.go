package main

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"time"

	"solve/internal/batch"
)

func newBatchCommand() *subcommand {
	return &subcommand{
		name:    "batch",
		purpose: "run many command lines, and go on where they were cut off",
		synopsis: []string{
			"solve batch [flags] JOBS              one command line a line",
			"solve batch [flags] 'TEMPLATE' FILE…  one job a file, which {} stands for",
			"solve batch collect [flags] DIR       the table of a batch, finished or not",
		},
		examples: []example{
			{"every example of this source tree, two at a time",
				"solve batch testdata/jobs.txt -j 2 --dir out/"},
			{"the same command for many files, and all figures in one table",
				"solve batch 'linsys {} --tol 1e-9 -o {/.}.npy' testdata/grid.mtx testdata/fit.csv --dir out/ --results results.csv"},
			{"jobs from a pipe; the table again, later",
				"printf '%s\\n' 'gen clouds --n 50 -o c1/' 'gen clouds --n 60 -o c2/' | solve batch - --dir out/ && solve batch collect out/ --results results.jsonl"},
		},
		options: []option{
			{name: "dir", group: groupOutput, value: "DIR", usage: "where K.json, K.out and K.log of job K go (JOBS.out without its extension; batch.out for a template)"},
			{name: "results", group: groupOutput, value: "FILE", usage: "all figures of all reports as one table into FILE.csv or FILE.jsonl"},
			{name: "dry-run", group: groupOutput, usage: "print what would run, and run nothing"},
			{name: "jobs", short: "j", group: groupMethod, value: "N", usage: "jobs at a time; the cores are divided among them unless a job says --threads (all cores)"},
			{name: "task", group: groupMethod, value: "K", usage: "run job K alone, as an element of a job array does"},
			{name: "retry-failed", group: groupMethod, usage: "run again what ended with any exit code but 0"},
			{name: "job-time", group: groupStopping, value: "TIME", usage: "time of each job, as 30s or 5m: it is interrupted, and killed if it goes on (none)"},
			{name: "job-memory", group: groupStopping, value: "SIZE", usage: "resident memory of each job, which is killed beyond it (any)"},
			{name: "job-output", group: groupStopping, value: "SIZE", usage: "of each job on stdout, and on stderr, beyond which it is killed (1GiB)"},
			jsonOption(),
		},
		notes: []string{
			"A line is split as a shell splits it, with quotes and # comments, but no shell runs it: no pipes, variables or patterns. The word solve in front may be left out; stdin is empty. Paths are relative to the working directory.",
			"A job whose report is there, with the same command, the same contents of its input files and the same program, is not run again. Jobs that were interrupted leave nothing.",
			"In a template {} is the file, {.} without its extension, {/} its name, {/.} its name without extension, {#} the job's number.",
		},
		seeAlso: []string{"solve check", "docs/batch.md"},
		words:   []string{"collect"},
		run: func(ctx context.Context, v *values, con *console) error {
			o, err := parseBatchOptions(v)
			if err != nil {
				return err
			}
			if o.collect {
				return collectBatch(ctx, o, con)
			}
			return runBatch(ctx, o, con)
		},
	}
}

// batchOptions is the command line of `batch`.
type batchOptions struct {
	jobsFile string   // "" with a template
	template string   // "" with a jobs file
	files    []string // of the template
	collect  bool
	dir      batch.Dir
	results  string
	format   string // of the results
	task     int    // 0 = all
	workers  int
	retry    bool
	dryRun   bool
	local    batch.Local
}

const (
	defaultJobOutput = 1 << 30
	jobGrace         = 5 * time.Second // for the best answer so far
)

func parseBatchOptions(v *values) (*batchOptions, error) {
	o := &batchOptions{
		dir: batch.Dir{Path: v.text("dir")}, results: v.text("results"),
		task: v.count("task", 0), workers: v.count("jobs", 0), retry: v.flag("retry-failed"), dryRun: v.flag("dry-run"),
		local: batch.Local{
			Time: v.duration("job-time"), Memory: v.size("job-memory", 0), Output: v.size("job-output", defaultJobOutput),
			Grace: jobGrace, Variable: reportVariable,
		},
	}
	if o.results != "" {
		format, err := historyFormat(o.results)
		if err != nil {
			v.refuse("results", o.results, "a name that ends in .csv or .jsonl")
		}
		o.format = format
	}
	if v.err != nil {
		return nil, v.err
	}
	return o, o.takePositionals(v.c.Args().Slice(), v)
}

func (o *batchOptions) takePositionals(args []string, v *values) error {
	switch {
	case len(args) == 0:
		return usageError("solve batch jobs.txt, or solve batch 'linsys {}' *.mtx", "the jobs are missing")
	case args[0] == "collect":
		return o.takeCollect(args[1:], v)
	case isTemplate(args[0]):
		o.template, o.files = args[0], args[1:]
		if len(o.files) == 0 {
			return usageError("solve batch 'linsys {}' A.mtx B.mtx", "the template %q needs files", o.template)
		}
		if o.dir.Path == "" {
			o.dir.Path = "batch.out"
		}
		return nil
	case len(args) > 1:
		return usageError("{} in the first argument stands for the file: 'linsys {}'", "one jobs file is needed, not %d, or a template with {}", len(args))
	}
	o.jobsFile = args[0]
	if o.dir.Path == "" {
		base := filepath.Base(o.jobsFile)
		if o.jobsFile == "-" {
			base = "batch"
		}
		o.dir.Path = strings.TrimSuffix(base, filepath.Ext(base)) + ".out"
	}
	return nil
}

func (o *batchOptions) takeCollect(args []string, v *values) error {
	v.refuseWith("collect", "dir", "jobs", "task", "retry-failed", "dry-run", "job-time", "job-memory", "job-output")
	if v.err != nil {
		return v.err
	}
	if len(args) != 1 {
		return usageError("solve batch collect DIR", "collect takes one directory, not %d", len(args))
	}
	o.collect, o.dir.Path = true, args[0]
	return nil
}

func isTemplate(arg string) bool {
	for _, mark := range []string{"{}", "{.}", "{/}", "{/.}"} {
		if strings.Contains(arg, mark) {
			return true
		}
	}
	return false
}

// jobError adds what to try to the end of a job without a report.
func jobError(failed *batch.FailedError) error {
	switch failed.How {
	case batch.OutOfTime:
		return withHint(failed, "raise --job-time, or give the job a --time-limit below it, so that it emits its best answer")
	case batch.OutOfMemory:
		return withHint(failed, "raise --job-memory, or lower -j")
	case batch.TooMuchSaid:
		return withHint(failed, "write the answer to a file with -o, or raise --job-output")
	case batch.Signalled:
		return withHint(failed, "was the machine out of memory? --job-memory and a smaller -j keep jobs small")
	}
	return failed
}

// errJobsFailed is the outcome of a batch in which not every job exited with 0.
var errJobsFailed = errors.New("jobs failed")
