package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"solve/internal/batch"
	"solve/internal/report"
	"solve/matrix/matio"
)

// programName may stand in front of a job's command line.
const programName = "solve"

// readJobs reads the command lines and refuses what no input could make
// right, before anything runs.
func (o *batchOptions) readJobs(con *console) ([]*batch.Job, error) {
	jobs, err := o.listJobs(con)
	if err != nil {
		return nil, err
	}
	commands := subcommands()
	for _, j := range jobs {
		if err := prepareJob(j, commands); err != nil {
			return nil, o.atJob(j, err)
		}
	}
	if a, b, path := batch.Conflict(jobs); a != nil {
		return nil, o.atJob(a, usageError("give each job its own place, as -o {/.}.npy does in a template", "%s writes %s as well", b.Name(), path))
	}
	if reader, writer, path := batch.Dependence(jobs); reader != nil {
		con.warn("%s reads %s, which %s writes: jobs run side by side, in any order", reader.Name(), path, writer.Name())
	}
	return jobs, nil
}

func (o *batchOptions) listJobs(con *console) ([]*batch.Job, error) {
	if o.template != "" {
		jobs, err := batch.FromTemplate(o.template, o.files, programName)
		return jobs, wordJobs("", err)
	}
	con.reading.Store(true)
	defer con.reading.Store(false)
	if o.jobsFile != "-" {
		f, err := os.Open(o.jobsFile)
		if err != nil {
			return nil, withHint(err, "a template such as 'linsys {}' needs {}; otherwise check the name of the jobs file")
		}
		defer f.Close()
		jobs, err := batch.ReadJobs(f, programName)
		return jobs, wordJobs(o.jobsFile, err)
	}
	if isTerminal(con.in) {
		return nil, usageError("pipe the jobs in, or give a file", "the jobs are read from stdin, but stdin is a terminal")
	}
	jobs, err := batch.ReadJobs(con.in, programName)
	return jobs, wordJobs(stdinName, err)
}

// wordJobs says where a command line of a batch is wrong, and how one is
// written.
func wordJobs(file string, err error) error {
	if err == nil {
		return nil
	}
	var syntax *batch.SyntaxError
	if errors.As(err, &syntax) {
		err = &matio.SyntaxError{File: file, Line: syntax.Line, Col: syntax.Column, Msg: syntax.Text}
	}
	return withHint(err, "a job is one line: a solve command line, with quotes as in a shell")
}

// atJob says which command line an error is about, and keeps what to try.
func (o *batchOptions) atJob(j *batch.Job, err error) error {
	where := j.Name()
	if j.Line > 0 {
		name := o.jobsFile
		if name == "-" {
			name = stdinName
		}
		where = fmt.Sprintf("%s:%d", name, j.Line)
	}
	return withHint(fmt.Errorf("%s: %w", where, err), "%s", hintFor(err))
}

// prepareJob checks a command line as far as that needs no input, and tells
// which files it reads and writes.
func prepareJob(j *batch.Job, commands []*subcommand) error {
	line, err := normalise(j.Args, commands)
	if err != nil {
		return err
	}
	if line.spec == nil {
		return usageError("a job is a solve command line", "a subcommand is missing")
	}
	if _, ok := findOption(line.spec.options, "json"); !ok || line.spec.name == "batch" || line.asksHelp() {
		return usageError("run it by itself", "%s is no job: it has nothing to report", batch.Quote(j.Args))
	}
	if err := line.check(); err != nil {
		return err
	}
	for _, f := range line.flags {
		o, _ := findOption(line.spec.options, flagName(f))
		_, value, _ := strings.Cut(f, "=")
		j.Threads = j.Threads || o.name == "threads"
		if !strings.Contains(o.value, "FILE") && o.value != "DIR" {
			continue
		}
		if strings.Contains(o.value, "=FILE") {
			_, value, _ = strings.Cut(value, "=")
		}
		if o.group == groupOutput {
			j.Outputs = append(j.Outputs, value)
		} else {
			j.Inputs = append(j.Inputs, value)
		}
	}
	takeArguments(j, line)
	j.Outputs = slices.DeleteFunc(j.Outputs, func(p string) bool { return p == "-" || p == "/dev/null" })
	if slices.Contains(j.Inputs, "-") {
		return usageError("give it a file", "a job's stdin is empty")
	}
	addStored(j)
	return nil
}

// takeArguments sorts the positionals: all are inputs, but a verb or a
// problem's name in front, and what convert writes.
func takeArguments(j *batch.Job, line commandLine) {
	for k, arg := range line.args {
		switch {
		case k == 0 && slices.Contains(line.spec.words, arg):
		case k == 1 && line.spec.name == "convert":
			j.Outputs = append(j.Outputs, arg)
		default:
			j.Inputs = append(j.Inputs, arg)
		}
	}
}

// addStored adds the inputs that a stored answer names: `check DIR/` reads
// them.
func addStored(j *batch.Job) {
	for _, dir := range slices.Clone(j.Inputs) {
		f, err := os.Open(filepath.Join(dir, "report.json"))
		if err != nil {
			continue // no stored answer
		}
		rep, err := report.Read(f)
		if err = errors.Join(err, f.Close()); err != nil {
			continue // the job will say so
		}
		for _, in := range rep.Inputs {
			if in.Path != "-" {
				j.Inputs = append(j.Inputs, in.Path)
			}
		}
	}
}
