package batch

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"solve/solver"
)

// The results of a batch as one table: a row a job, a column for each number
// or word anywhere in the reports, named by its path, as stats.solve_s or
// certificates.relative_residual.value.

// firstColumns stand first, and are there even where no report has them.
var firstColumns = []string{"job.number", "job.command", "status", "reason", "job.exit", "message", "objective", "job.wall_s"}

// longestList is the most elements that a list without names may have to
// become a cell; longer ones are data, such as vectors.
const longestList = 64

// cell is one value of a row, as JSON.
type cell struct {
	column string
	value  json.RawMessage
}

// WriteResults writes the rows of the jobs that have ended, in the order of
// jobs, as csv or jsonl.
func (d Dir) WriteResults(w io.Writer, format string, jobs []*Job) error {
	if format == "jsonl" {
		return d.eachRow(jobs, func(row []cell) error { return writeObject(w, row) })
	}
	columns, known := slices.Clone(firstColumns), map[string]bool{}
	for _, c := range columns {
		known[c] = true
	}
	err := d.eachRow(jobs, func(row []cell) error {
		for _, c := range row {
			if !known[c.column] {
				known[c.column] = true
				columns = append(columns, c.column)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	table := csv.NewWriter(w)
	if err := table.Write(columns); err != nil {
		return err
	}
	err = d.eachRow(jobs, func(row []cell) error {
		values := map[string]string{}
		for _, c := range row {
			values[c.column] = c.text()
		}
		line := make([]string, len(columns))
		for k, name := range columns {
			line[k] = values[name]
		}
		return table.Write(line)
	})
	table.Flush()
	if err == nil {
		err = table.Error()
	}
	return err
}

// eachRow flattens the results one after the other: there may be more than
// fit in memory.
func (d Dir) eachRow(jobs []*Job, fn func([]cell) error) error {
	for _, j := range jobs {
		if d.Result(j.Number) == nil {
			continue
		}
		raw, err := os.ReadFile(d.place(j.Number, "json"))
		if err != nil {
			return err
		}
		row, err := flatten(raw)
		if err != nil {
			return fmt.Errorf("%s: %w", d.place(j.Number, "json"), err)
		}
		if err := fn(row); err != nil {
			return err
		}
	}
	return nil
}

// text is a value as a cell of CSV.
func (c cell) text() string {
	var s string
	switch {
	case string(c.value) == "null":
		return ""
	case json.Unmarshal(c.value, &s) == nil:
		return s
	}
	return string(c.value)
}

func writeObject(w io.Writer, row []cell) error {
	var b bytes.Buffer
	b.WriteByte('{')
	for k, c := range row {
		if k > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(c.column)
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%s:%s", name, c.value)
	}
	b.WriteString("}\n")
	_, err := w.Write(b.Bytes())
	return err
}

// flatten lists the values of a JSON object by path, firstColumns first.
func flatten(raw []byte) ([]cell, error) {
	var row []cell
	if err := walk("", raw, &row); err != nil {
		return nil, fmt.Errorf("%w: %w", err, solver.ErrFormat)
	}
	var first []cell
	for _, name := range firstColumns {
		k := slices.IndexFunc(row, func(c cell) bool { return c.column == name })
		if k >= 0 {
			first = append(first, row[k])
			row = slices.Delete(row, k, k+1)
		}
	}
	return append(first, row...), nil
}

func walk(path string, raw json.RawMessage, row *[]cell) error {
	switch {
	case path == "job.command":
		var words []string
		if err := json.Unmarshal(raw, &words); err != nil {
			return err
		}
		line, err := json.Marshal(Quote(words))
		*row = append(*row, cell{path, line})
		return err
	case raw[0] == '{':
		return walkObject(path, raw, "", row)
	case raw[0] == '[':
		return walkList(path, raw, row)
	}
	*row = append(*row, cell{path, raw})
	return nil
}

// walkObject keeps the order of the members; skip is one that the path names
// already.
func walkObject(path string, raw json.RawMessage, skip string, row *[]cell) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	if _, err := dec.Token(); err != nil {
		return err
	}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return err
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return err
		}
		if name == skip {
			continue
		}
		if err := walk(below(path, name.(string)), value, row); err != nil {
			return err
		}
	}
	return nil
}

// walkList names the elements by their own name or role; a list of
// anything else is one cell.
func walkList(path string, raw json.RawMessage, row *[]cell) error {
	var list []json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil {
		return err
	}
	names, members := make([]string, len(list)), make([]string, len(list))
	for k, e := range list {
		var named struct{ Name, Role string }
		if e[0] == '{' && json.Unmarshal(e, &named) == nil {
			names[k], members[k] = cmp.Or(named.Name, named.Role), "name"
			if named.Name == "" {
				members[k] = "role"
			}
		}
	}
	if len(list) == 0 || slices.Contains(names, "") {
		if len(list) > 0 && len(list) <= longestList {
			*row = append(*row, cell{path, raw})
		}
		return nil
	}
	for k, e := range list {
		name := names[k]
		if slices.Contains(names[:k], name) {
			name += "." + strconv.Itoa(k+1)
		}
		if err := walkObject(below(path, name), e, members[k], row); err != nil {
			return err
		}
	}
	return nil
}

func below(path, name string) string { return strings.TrimPrefix(path+"."+name, ".") }
