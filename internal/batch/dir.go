package batch

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"solve/solver"
)

// Dir is a batch's directory.
type Dir struct{ Path string }

// listName is the file with the batch's command lines, for Collect and for
// whoever wonders what the numbers mean.
const listName = "batch.jobs"

// lockName is the file that a running batch holds a lock on.
const lockName = ".batch.lock"

func (d Dir) file(name string) string { return filepath.Join(d.Path, name) }

// place is the file of job k with an extension; draft is where it grows. A
// draft that a killed batch left behind is written over.
func (d Dir) place(k int, ext string) string { return d.file(fmt.Sprintf("%d.%s", k, ext)) }
func (d Dir) draft(k int, ext string) string { return d.file(fmt.Sprintf(".%d.%s~", k, ext)) }

// Open makes the directory and takes its lock: shared for single tasks, of
// which many run side by side, exclusive for a whole batch.
func (d Dir) Open(shared bool) (unlock func(), err error) {
	if err := os.MkdirAll(d.Path, 0o777); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(d.file(lockName), os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, err
	}
	if err := lock(f, shared); err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: another batch is running there: %w", d.Path, solver.ErrInput)
	}
	return func() { f.Close() }, nil
}

// ListPath is where WriteList stores the command lines.
func (d Dir) ListPath() string { return d.file(listName) }

// WriteList stores the command lines.
func (d Dir) WriteList(jobs []*Job) error {
	var b bytes.Buffer
	for _, j := range jobs {
		fmt.Fprintf(&b, "%s\n", Quote(j.Args))
	}
	if old, err := os.ReadFile(d.ListPath()); err == nil && bytes.Equal(old, b.Bytes()) {
		return nil
	}
	return d.write(listName, "."+listName+"~", b.Bytes())
}

// ReadList reads what WriteList stored.
func (d Dir) ReadList() ([]*Job, error) {
	f, err := os.Open(d.ListPath())
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return ReadJobs(f, "")
}

// write writes a file under a draft's name and renames it.
func (d Dir) write(name, draft string, text []byte) error {
	if err := os.WriteFile(d.file(draft), text, 0o666); err != nil {
		os.Remove(d.file(draft))
		return err
	}
	return os.Rename(d.file(draft), d.file(name))
}

// Result reads K.json; nil where there is none, or none that is whole.
func (d Dir) Result(k int) *Result {
	raw, err := os.ReadFile(d.place(k, "json"))
	if err != nil {
		return nil
	}
	r, err := parseResult(raw)
	if err != nil || r.Job.Number != k {
		return nil
	}
	return r
}

// Plan divides the jobs of a batch.
type Plan struct {
	Todo     []*Job
	Ended    []*Result // same command, same inputs, same build
	Replaced int       // results of other commands that Todo is going to replace
}

// Plan tells which jobs have ended. With retry, what failed is run again.
func (d Dir) Plan(jobs []*Job, build string, retry bool) Plan {
	var p Plan
	h := newHasher()
	for _, j := range jobs {
		r := d.Result(j.Number)
		switch {
		case r == nil:
			p.Todo = append(p.Todo, j)
		case !slices.Equal(r.Job.Command, j.Args):
			p.Todo = append(p.Todo, j)
			p.Replaced++
		case retry && !r.OK() || !r.stillHolds(j, build, h):
			p.Todo = append(p.Todo, j)
		default:
			p.Ended = append(p.Ended, r)
		}
	}
	return p
}

// lastWords is the line of a log that says most about an end without a
// report: that of a crash, or the last one.
func lastWords(path string) string {
	const most = 1 << 16
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() > most {
		if _, err := f.Seek(-most, io.SeekEnd); err != nil {
			return ""
		}
	}
	text, err := io.ReadAll(io.LimitReader(f, most))
	if err != nil {
		return ""
	}
	last := ""
	for line := range strings.Lines(strings.ToValidUTF8(string(text), "?")) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "fatal error:") || strings.HasPrefix(line, "panic:") {
			last = line
			break
		}
		if line != "" {
			last = line
		}
	}
	return last[:min(len(last), 300)]
}
