//go:build unix

package batch

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"os"
	"slices"
	"testing"
)

// stored writes the text of a report as the result of a job.
func stored(t *testing.T, dir Dir, j *Job, object string) {
	t.Helper()
	text, err := withRecord([]byte(object), &Record{Number: j.Number, Command: j.Args, Inputs: []Input{{"a", "b"}}, Exit: 0})
	if err == nil {
		err = os.WriteFile(dir.place(j.Number, "json"), text, 0o666)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestWriteResults(t *testing.T) {
	dir, jobs := Dir{t.TempDir()}, jobsOf(t, "ok 'x, y'", "ok", "ok")
	stored(t, dir, jobs[0], `{"schema":"solve/report/v1","status":"solved","objective":1.5,
		"certificates":[{"name":"gap","value":"inf"},{"name":"gap","value":2}],"inputs":[{"role":"a","rows":3}],"list":[1,2],"stats":{"solve_s":0.1,"deep":{"x":null}}}`)
	stored(t, dir, jobs[2], `{"schema":"solve/error/v1","exit":3,"kind":"input","message":"no \"such\" file"}`)
	var out bytes.Buffer
	if err := dir.WriteResults(&out, "csv", jobs); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil || len(rows) != 3 {
		t.Fatalf("%q, %v", rows, err)
	}
	if !slices.Equal(rows[0][:len(firstColumns)], firstColumns) {
		t.Errorf("columns %q", rows[0])
	}
	at := func(row int, column string) string {
		k := slices.Index(rows[0], column)
		if k < 0 {
			t.Errorf("no column %s in %q", column, rows[0])
			return ""
		}
		return rows[row][k]
	}
	for _, tt := range []struct {
		row          int
		column, want string
	}{
		{1, "job.number", "1"}, {1, "job.command", "ok 'x, y'"}, {1, "status", "solved"}, {1, "objective", "1.5"},
		{1, "certificates.gap.value", "inf"}, {1, "certificates.gap.2.value", "2"}, {1, "inputs.a.rows", "3"}, {1, "list", "[1,2]"},
		{1, "stats.solve_s", "0.1"}, {1, "stats.deep.x", ""}, {1, "kind", ""},
		{2, "job.number", "3"}, {2, "kind", "input"}, {2, "message", `no "such" file`}, {2, "stats.solve_s", ""},
	} {
		if got := at(tt.row, tt.column); got != tt.want {
			t.Errorf("row %d, %s: %q, want %q", tt.row, tt.column, got, tt.want)
		}
	}
	out.Reset()
	if err := dir.WriteResults(&out, "jsonl", jobs); err != nil {
		t.Fatal(err)
	}
	lines := bytes.Split(bytes.TrimSpace(out.Bytes()), []byte("\n"))
	var first map[string]any
	if len(lines) != 2 || json.Unmarshal(lines[0], &first) != nil || first["certificates.gap.2.value"] != 2.0 || first["job.command"] != "ok 'x, y'" {
		t.Errorf("%s", out.Bytes())
	}
}

// The list of a batch reads back as it was written.
func TestList(t *testing.T) {
	dir, jobs := Dir{t.TempDir()}, jobsOf(t, "ok 'x  \"y'", "solve ok a\\'b")
	if err := dir.WriteList(jobs); err != nil {
		t.Fatal(err)
	}
	again, err := dir.ReadList()
	if err != nil || len(again) != 2 {
		t.Fatal(again, err)
	}
	for k := range jobs {
		if !slices.Equal(jobs[k].Args, again[k].Args) {
			t.Errorf("%q, want %q", again[k].Args, jobs[k].Args)
		}
	}
	if _, err := run(t, context.Background(), local(t), dir, again); err != nil {
		t.Error(err)
	}
}
