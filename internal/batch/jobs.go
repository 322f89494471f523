package batch

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"solve/solver"
)

// Job is one command line.
type Job struct {
	Number  int      // from 1
	Line    int      // of the jobs file; 0 = made from a template
	Args    []string // without the program's name
	Inputs  []string // files and directories whose contents the outcome depends on
	Outputs []string // files and directories that it writes
	Threads bool     // the command line says how many threads it uses
}

// Name is how messages call a job.
func (j *Job) Name() string {
	if j.Line > 0 {
		return fmt.Sprintf("line %d", j.Line)
	}
	return fmt.Sprintf("job %d", j.Number)
}

const longestLine = 1 << 20 // bytes

// SyntaxError is a line of a jobs file that is no command line. It wraps
// solver.ErrFormat.
type SyntaxError struct {
	Line, Column int // from 1, the column in bytes; 0 = of the whole
	Text         string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("jobs, line %d, column %d: %s", e.Line, e.Column, e.Text)
}

func (e *SyntaxError) Unwrap() error { return solver.ErrFormat }

// ReadJobs reads command lines, one a line, split as Words does; lines
// without words are skipped, a leading word program is dropped. Errors of
// the text are *SyntaxError.
func ReadJobs(r io.Reader, program string) ([]*Job, error) {
	var jobs []*Job
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, longestLine)
	number := 0
	for lines.Scan() {
		number++
		text := lines.Text()
		if number == 1 {
			text = strings.TrimPrefix(text, "\ufeff")
		}
		words, err := Words(strings.TrimSuffix(text, "\r"))
		var bad *wordError
		if errors.As(err, &bad) {
			return nil, &SyntaxError{number, bad.column, bad.text}
		}
		if len(words) > 0 && words[0] == program {
			words = words[1:]
			if len(words) == 0 {
				return nil, &SyntaxError{Line: number, Text: "a subcommand is missing"}
			}
		}
		if len(words) > 0 {
			jobs = append(jobs, &Job{Number: len(jobs) + 1, Line: number, Args: words})
		}
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return nil, &SyntaxError{Line: number + 1, Text: "the line is longer than " + solver.Bytes(longestLine)}
	case err != nil:
		return nil, fmt.Errorf("%w: %w", err, solver.ErrInput)
	case len(jobs) == 0:
		return nil, &SyntaxError{Text: "there are no jobs"}
	}
	return jobs, nil
}

// FromTemplate makes a job of each file. In every word of the template, as
// GNU parallel has it, {} stands for the file, {.} for it without its
// extension, {/} for its name alone, {/.} for the name without extension,
// and {#} for the job's number; .gz and .zst go with the extension before
// them.
func FromTemplate(template string, files []string, program string) ([]*Job, error) {
	words, err := Words(template)
	if err != nil {
		return nil, fmt.Errorf("the template, %w: %w", err, solver.ErrOption)
	}
	if len(words) > 0 && words[0] == program {
		words = words[1:]
	}
	var jobs []*Job
	for k, file := range files {
		if strings.ContainsAny(file, "\n\x00") {
			return nil, fmt.Errorf("%q cannot be part of a line: %w", file, solver.ErrOption)
		}
		short := withoutExtension(file)
		fill := strings.NewReplacer("{}", file, "{.}", short, "{/}", filepath.Base(file), "{/.}", filepath.Base(short), "{#}", strconv.Itoa(k+1))
		args := make([]string, len(words))
		for i, w := range words {
			args[i] = fill.Replace(w)
		}
		jobs = append(jobs, &Job{Number: k + 1, Args: args})
	}
	return jobs, nil
}

func withoutExtension(file string) string {
	for _, packed := range []string{".gz", ".zst"} {
		file = strings.TrimSuffix(file, packed)
	}
	return strings.TrimSuffix(file, filepath.Ext(file))
}

// Conflict returns the first two jobs that write the same file, and the file;
// nil if there are none.
func Conflict(jobs []*Job) (first, second *Job, file string) {
	owner := map[string]*Job{}
	for _, j := range jobs {
		for _, path := range j.Outputs {
			key := absolute(path)
			if other := owner[key]; other != nil && other != j {
				return other, j, path
			}
			owner[key] = j
		}
	}
	return nil, nil, ""
}

// Dependence returns the first job that reads what another one writes, and
// the file; nil if there is none. Jobs run in no promised order.
func Dependence(jobs []*Job) (reader, writer *Job, file string) {
	owner := map[string]*Job{}
	for _, j := range jobs {
		for _, path := range j.Outputs {
			owner[absolute(path)] = j
		}
	}
	for _, j := range jobs {
		for _, path := range j.Inputs {
			if other := owner[absolute(path)]; other != nil && other != j {
				return j, other, path
			}
		}
	}
	return nil, nil, ""
}

// absolute is one name for a file however it is written. It follows links of
// its directory, as two names of a file may differ in them.
func absolute(path string) string {
	full, err := filepath.Abs(path)
	if err != nil {
		return filepath.Clean(path)
	}
	if dir, err := filepath.EvalSymlinks(filepath.Dir(full)); err == nil {
		return filepath.Join(dir, filepath.Base(full))
	}
	return full
}
