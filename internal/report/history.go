package report

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"solve/solver"
)

// historyColumns are the columns of a history, in order.
var historyColumns = []string{"iter", "phase", "elapsed_s", "objective", "residual", "gap", "step"}

// History writes one row an iteration, as CSV or as JSON lines. It is a
// solver.Recorder. Fields that a method lacks are "nan".
type History struct {
	buf  *bufio.Writer
	csv  *csv.Writer // nil: JSON lines
	json *json.Encoder
}

// NewHistory starts a history on w; format is "csv" or "jsonl".
func NewHistory(w io.Writer, format string) (*History, error) {
	h := &History{buf: bufio.NewWriter(w)}
	switch format {
	case "csv":
		h.csv = csv.NewWriter(h.buf)
		return h, h.csv.Write(historyColumns)
	case "jsonl":
		h.json = json.NewEncoder(h.buf)
		return h, nil
	}
	return nil, &solver.OptionError{Name: "history", Value: format, Want: "a name that ends in .csv or .jsonl"}
}

// historyRow is one line of a JSON-lines history.
type historyRow struct {
	Iter      int    `json:"iter"`
	Phase     string `json:"phase"`
	ElapsedS  Number `json:"elapsed_s"`
	Objective Number `json:"objective"`
	Residual  Number `json:"residual"`
	Gap       Number `json:"gap"`
	Step      Number `json:"step"`
}

func rowOf(r solver.Record) historyRow {
	return historyRow{r.Iter, r.Phase, Number(r.Elapsed.Seconds()), Number(r.Objective), Number(r.Residual), Number(r.Gap), Number(r.Step)}
}

func (x historyRow) record() solver.Record {
	return solver.Record{
		Iter: x.Iter, Phase: x.Phase, Elapsed: time.Duration(float64(x.ElapsedS) * float64(time.Second)),
		Objective: float64(x.Objective), Residual: float64(x.Residual), Gap: float64(x.Gap), Step: float64(x.Step),
	}
}

// Record writes one row.
func (h *History) Record(r solver.Record) error {
	x := rowOf(r)
	if h.json != nil {
		return h.json.Encode(x)
	}
	return h.csv.Write([]string{strconv.Itoa(x.Iter), x.Phase, x.ElapsedS.String(), x.Objective.String(), x.Residual.String(), x.Gap.String(), x.Step.String()})
}

// Flush writes what is buffered.
func (h *History) Flush() error {
	if h.csv != nil {
		h.csv.Flush()
		if err := h.csv.Error(); err != nil {
			return err
		}
	}
	return h.buf.Flush()
}

// ReadHistory reads a history in either form, compressed by gzip or zstd or
// not. Errors wrap solver.ErrFormat and start with the line's number.
func ReadHistory(rd io.Reader) ([]solver.Record, error) {
	plain, err := decompressed(bufio.NewReader(rd))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", err, solver.ErrFormat)
	}
	br := bufio.NewReader(plain)
	first, err := br.Peek(1)
	if err != nil {
		return nil, fmt.Errorf("empty history: %w", solver.ErrFormat)
	}
	if first[0] == '{' {
		return readJSONLines(br)
	}
	return readHistoryCSV(br)
}

// decompressed looks at the first bytes for those of gzip and zstd.
func decompressed(br *bufio.Reader) (io.Reader, error) {
	magic, err := br.Peek(4)
	switch {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		return gzip.NewReader(br)
	case bytes.HasPrefix(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		return zstd.NewReader(br, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(128<<20))
	case err != nil && err != io.EOF:
		return nil, err
	}
	return br, nil
}

func readJSONLines(rd io.Reader) ([]solver.Record, error) {
	var out []solver.Record
	dec := json.NewDecoder(rd)
	for line := 1; dec.More(); line++ {
		x := rowOf(solver.Record{Objective: math.NaN(), Residual: math.NaN(), Gap: math.NaN(), Step: math.NaN()})
		if err := dec.Decode(&x); err != nil {
			return nil, fmt.Errorf("line %d: %w: %w", line, err, solver.ErrFormat)
		}
		out = append(out, x.record())
	}
	return out, nil
}

func readHistoryCSV(rd io.Reader) ([]solver.Record, error) {
	cr := csv.NewReader(rd)
	header, err := cr.Read()
	if err != nil {
		return nil, fmt.Errorf("line 1: %w: %w", err, solver.ErrFormat)
	}
	at := map[string]int{}
	for k, name := range header {
		at[name] = k
	}
	if _, ok := at["iter"]; !ok {
		return nil, fmt.Errorf("line 1: a history starts with a header that has the column iter: %w", solver.ErrFormat)
	}
	var out []solver.Record
	for line := 2; ; line++ {
		cells, err := cr.Read()
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w: %w", line, err, solver.ErrFormat)
		}
		x, err := parseHistoryRow(cells, at)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		out = append(out, x.record())
	}
}

func parseHistoryRow(cells []string, at map[string]int) (historyRow, error) {
	var x historyRow
	number := func(name string) (Number, error) {
		k, ok := at[name]
		if !ok || cells[k] == "" {
			return Number(math.NaN()), nil
		}
		v, err := strconv.ParseFloat(cells[k], 64)
		if err != nil {
			return 0, fmt.Errorf("%s: %q is not a number: %w", name, cells[k], solver.ErrFormat)
		}
		return Number(v), nil
	}
	iter, err := number("iter")
	if err != nil {
		return x, err
	}
	x.Iter = int(iter)
	if k, ok := at["phase"]; ok {
		x.Phase = cells[k]
	}
	for _, f := range []struct {
		name string
		dst  *Number
	}{{"elapsed_s", &x.ElapsedS}, {"objective", &x.Objective}, {"residual", &x.Residual}, {"gap", &x.Gap}, {"step", &x.Step}} {
		if *f.dst, err = number(f.name); err != nil {
			return x, err
		}
	}
	return x, nil
}
