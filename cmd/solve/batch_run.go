package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"solve/internal/batch"
	"solve/internal/report"
	"solve/solver"
)

// batchRun is one run of a batch.
type batchRun struct {
	o       *batchOptions
	con     *console
	jobs    []*batch.Job
	plan    batch.Plan
	results []*batch.Result // in the order of their ends
	bar     *report.Tally
	wallS   float64 // of running jobs
}

func runBatch(ctx context.Context, o *batchOptions, con *console) error {
	r := &batchRun{o: o, con: con}
	var err error
	if r.jobs, err = o.readJobs(con); err != nil {
		return err
	}
	if o.task > len(r.jobs) {
		return usageError("jobs count from 1", "--task %d: there are %d jobs", o.task, len(r.jobs))
	}
	if err := o.claimResults(); err != nil {
		return err
	}
	if o.local.Program, o.local.Build, err = thisProgram(); err != nil {
		return err
	}
	o.local.Name = programName
	r.share()
	if !o.dryRun {
		unlock, err := r.open()
		if err != nil {
			return err
		}
		defer unlock()
	}
	r.plan = o.dir.Plan(r.chosen(), o.local.Build, o.retry)
	r.announce()
	if o.dryRun {
		return con.print(r.writeDryRun)
	}
	r.results = r.plan.Ended
	return r.finish(ctx, r.run(ctx))
}

// claimResults refuses a table that would overwrite the jobs, or that cannot
// be written.
func (o *batchOptions) claimResults() error {
	if o.results == "" {
		return nil
	}
	out := outputs{inputs: []string{o.jobsFile}}
	if err := out.claim(o.results); err != nil {
		return err
	}
	return reachable(o.results, destination{path: o.dir.Path, dir: true})
}

// thisProgram is the path of this program and its build: its version, and
// where that says little also its hash.
func thisProgram() (path, build string, err error) {
	if path, err = os.Executable(); err != nil {
		return "", "", err
	}
	// Under this name it is the same program even if its file is replaced
	// while a batch runs.
	if running := "/proc/self/exe"; runtime.GOOS == "linux" && exists(running) {
		path = running
	}
	build = version()
	if strings.HasPrefix(build, "dev") || strings.Contains(build, "dirty") {
		hash, err := report.FileHash(path)
		if err != nil {
			return "", "", err
		}
		build += " " + hash[:16]
	}
	return path, build, nil
}

// share divides the cores among the jobs that run at a time.
func (r *batchRun) share() {
	cores := runtime.GOMAXPROCS(0)
	l := &r.o.local
	l.Workers = r.o.workers
	if l.Workers == 0 {
		l.Workers = cores
	}
	l.Workers = min(l.Workers, len(r.chosen()))
	l.Threads = max(1, cores/l.Workers)
	l.Explain = func(err error) *report.Error {
		var failed *batch.FailedError
		if errors.As(err, &failed) {
			err = jobError(failed)
		}
		return r.con.errorObject(err, exitCode(context.Background(), err))
	}
}

// chosen are the jobs of this call.
func (r *batchRun) chosen() []*batch.Job {
	if k := r.o.task; k > 0 {
		return r.jobs[k-1 : k]
	}
	return r.jobs
}

// open makes the directory and stores the command lines. A single task
// leaves the list to the batch that it belongs to, if that has one.
func (r *batchRun) open() (unlock func(), err error) {
	unlock, err = r.o.dir.Open(r.o.task > 0)
	if errors.Is(err, solver.ErrInput) {
		return nil, withHint(err, "wait for it, or choose another --dir")
	}
	if err == nil && (r.o.task == 0 || !exists(r.o.dir.ListPath())) {
		if err = r.o.dir.WriteList(r.jobs); err != nil {
			unlock()
		}
	}
	if err != nil {
		return nil, &outputError{r.o.dir.Path, err}
	}
	return unlock, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// announce says what is going to happen.
func (r *batchRun) announce() {
	p, l := r.plan, r.o.local
	from := r.o.jobsFile
	switch {
	case r.o.template != "":
		from = "a template and its files"
	case from == "-":
		from = stdinName
	}
	r.con.say("jobs", "%s from %s", counted(len(r.jobs), "job", "jobs"), from)
	if len(p.Ended) > 0 {
		r.con.say("kept", "%s", counted(len(p.Ended), "job has ended before", "jobs have ended before"))
	}
	if p.Replaced > 0 {
		r.con.warn("%s: %s of other commands", r.o.dir.Path, counted(p.Replaced, "result takes the place of one", "results take the place of those"))
	}
	if len(p.Todo) > 0 {
		r.con.say("run", "%s, %d at a time, %s each, into %s", counted(len(p.Todo), "job", "jobs"), min(l.Workers, len(p.Todo)),
			counted(l.Threads, "thread", "threads"), r.o.dir.Path)
	}
}

// writeDryRun prints what would run.
func (r *batchRun) writeDryRun(w io.Writer) error {
	kept := r.kept()
	var rows [][]string
	for _, j := range r.chosen() {
		what := "run"
		if kept[j.Number] {
			what = "keep"
		}
		rows = append(rows, []string{fmt.Sprint(j.Number), what, programName + " " + batch.Quote(j.Args)})
	}
	return report.Table(w, []string{"job", "what", "command"}, rows)
}

// run runs what is left.
func (r *batchRun) run(ctx context.Context) error {
	if !r.con.quiet && !r.con.verbose && isTerminal(r.con.err) {
		r.bar = report.NewTally(r.con.err, len(r.plan.Todo), "jobs")
		defer r.bar.Clear()
	}
	start := time.Now()
	err := r.o.local.Run(ctx, r.plan.Todo, r.o.dir, r.ended)
	r.wallS = time.Since(start).Seconds()
	var unwritten *batch.DirError
	switch {
	case errors.As(err, &unwritten):
		return &outputError{unwritten.Path, unwritten.Err}
	case ctx.Err() != nil:
		return withHint(fmt.Errorf("%d of %d jobs have ended%w", len(r.results), len(r.chosen()), silent{context.Canceled}), "the same command goes on with the others")
	}
	return err
}

// ended takes the result of a job.
func (r *batchRun) ended(res *batch.Result) {
	r.results = append(r.results, res)
	if r.con.verbose || !res.OK() {
		if r.bar != nil {
			r.bar.Clear()
		}
		r.con.say(map[bool]string{true: "ended", false: "failed"}[res.OK()], "job %d, exit %d (%s), %.3g s: %s",
			res.Job.Number, res.Job.Exit, exitWord(res.Job.Exit), res.Job.WallS, whatHappened(res))
	}
	if r.bar != nil {
		r.bar.Add()
	}
}

// whatHappened is the outcome of a job in a few words.
func whatHappened(res *batch.Result) string {
	switch {
	case res.Job.Killed != "":
		return res.Job.Killed
	case res.Message != "":
		return res.Message
	}
	return res.Reason
}

// finish prints the table, and returns the outcome.
func (r *batchRun) finish(ctx context.Context, err error) error {
	slices.SortFunc(r.results, func(a, b *batch.Result) int { return a.Job.Number - b.Job.Number })
	if isOutputError(err) {
		return err
	}
	if e := r.writeResults(); e != nil {
		return e
	}
	failed := r.failed()
	if err == nil && len(failed) > 0 {
		err = withHint(fmt.Errorf("%d of %d %w", len(failed), len(r.chosen()), errJobsFailed),
			"%s says why; --retry-failed runs them again", filepath.Join(r.o.dir.Path, fmt.Sprintf("%d.log", failed[0])))
	}
	r.con.say("ended", "%d of %d, %d with exit code 0", len(r.results), len(r.chosen()), len(r.results)-len(failed))
	if n := len(r.results) - len(r.plan.Ended); n > 0 {
		r.con.say("time", "%.3g s; %.2g ms a job beside solving", r.wallS, 1e3*r.overhead()/float64(n))
	}
	if e := r.print(exitCode(ctx, err)); e != nil {
		return e
	}
	return err
}

// failed are the numbers of the jobs that ended with another code than 0.
func (r *batchRun) failed() []int {
	var out []int
	for _, res := range r.results {
		if !res.OK() {
			out = append(out, res.Job.Number)
		}
	}
	return out
}

// kept are the numbers of the jobs that had ended before.
func (r *batchRun) kept() map[int]bool {
	out := map[int]bool{}
	for _, e := range r.plan.Ended {
		out[e.Job.Number] = true
	}
	return out
}

// overhead is the time of all workers in which no solver ran.
func (r *batchRun) overhead() float64 {
	kept := r.kept()
	s := r.wallS * float64(min(r.o.local.Workers, len(r.plan.Todo)))
	for _, res := range r.results {
		if !kept[res.Job.Number] {
			s -= res.SolveS
		}
	}
	return s
}

func (r *batchRun) writeResults() error {
	if r.o.results == "" {
		return nil
	}
	var out outputs
	defer out.abort()
	err := out.write(r.o.results, func(w io.Writer) error { return r.o.dir.WriteResults(w, r.o.format, r.jobs) })
	if err != nil {
		return err
	}
	return out.commit()
}

// print prints the table, or with --json the report.
func (r *batchRun) print(exit int) error {
	if r.con.reports() {
		if err := r.con.report(r.report(exit)); err != nil || r.con.json {
			return err
		}
	}
	return r.con.print(func(w io.Writer) error { return writeSummary(w, r.chosen(), r.results) })
}

// writeSummary is the table of a batch: a line a job.
func writeSummary(w io.Writer, jobs []*batch.Job, results []*batch.Result) error {
	byNumber := map[int]*batch.Result{}
	for _, res := range results {
		byNumber[res.Job.Number] = res
	}
	rows := make([][]string, len(jobs))
	for k, j := range jobs {
		row := []string{fmt.Sprint(j.Number), "not run", "-", "-", "-"}
		if res := byNumber[j.Number]; res != nil {
			objective := "-"
			if res.Objective != nil {
				objective = fmt.Sprintf("%.10g", float64(*res.Objective))
			}
			row = []string{fmt.Sprint(j.Number), res.Status, fmt.Sprint(res.Job.Exit), objective, fmt.Sprintf("%.3f", res.Job.WallS)}
		}
		rows[k] = append(row, batch.Quote(j.Args))
	}
	return report.Table(w, []string{"job", "status", "exit", "objective", "seconds", "command"}, rows)
}

func (r *batchRun) report(exit int) *report.Report {
	rep := newReport(r.con, "batch", nil)
	rep.Method.Name, rep.Method.Chosen = "local", "local"
	rep.Exit = exit
	switch exit {
	case exitSolved:
	case exitFailed:
		rep.Status, rep.Reason = solver.Stopped.String(), string(solver.GapOpen)
	default:
		rep.Status, rep.Reason = solver.Stopped.String(), string(solver.Interrupted)
	}
	failed := r.failed()
	rep.Stats.Add("jobs", len(r.chosen()))
	rep.Stats.Add("ended", len(r.results))
	rep.Stats.Add("failed", len(failed))
	rep.Stats.Add("failed_jobs", append([]int{}, failed...))
	rep.Stats.Add("ran", len(r.results)-len(r.plan.Ended))
	rep.Stats.Add("workers", r.o.local.Workers)
	rep.Stats.Add("wall_s", r.wallS)
	rep.Stats.Add("overhead_s", r.overhead())
	rep.Stats.Add("dir", r.o.dir.Path)
	return rep
}

// collectBatch prints the table of a directory.
func collectBatch(ctx context.Context, o *batchOptions, con *console) error {
	r := &batchRun{o: o, con: con}
	var err error
	if r.jobs, err = o.dir.ReadList(); err != nil {
		return withHint(wordJobs(o.dir.ListPath(), err), "name the --dir of a batch")
	}
	if err := o.claimResults(); err != nil {
		return err
	}
	for _, j := range r.jobs {
		if res := o.dir.Result(j.Number); res != nil && slices.Equal(res.Job.Command, j.Args) {
			r.results = append(r.results, res)
		}
	}
	r.plan.Ended = r.results
	if left := len(r.jobs) - len(r.results); left > 0 {
		err = withHint(fmt.Errorf("%d of %d jobs have not ended%w", left, len(r.jobs), silent{errJobsFailed}), "the batch's own command goes on with them")
	}
	return r.finish(ctx, err)
}
