package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"solve/solver"
)

// values reads the flags of a command line and keeps the first refusal, so
// that callers check once.
type values struct {
	c    *cli.Context
	spec *subcommand
	err  error
}

func (v *values) given(name string) bool { return v.c.IsSet(name) }

func (v *values) text(name string) string { return v.c.String(name) }

func (v *values) list(name string) []string { return v.c.StringSlice(name) }

func (v *values) flag(name string) bool { return v.c.Bool(name) }

// refuse keeps an error about a flag's value.
func (v *values) refuse(name, value, want string) {
	if v.err == nil {
		v.err = &solver.OptionError{Name: "--" + name, Value: strconv.Quote(value), Want: want}
	}
}

// refuseWith keeps an error if one of the flags is given, for it would be
// ignored beside another.
func (v *values) refuseWith(other string, names ...string) {
	for _, name := range names {
		if v.given(name) && v.err == nil {
			v.err = usageError("leave one of them out", "--%s has no meaning with %s", name, other)
		}
	}
}

// wordsOf returns what an option can be.
func (v *values) wordsOf(name string) []string {
	o, _ := findOption(v.spec.options, name)
	return o.words
}

// word returns one of the option's words, or otherwise when it is not given.
func (v *values) word(name, otherwise string) string {
	s := v.text(name)
	if !v.given(name) {
		return otherwise
	}
	words := v.wordsOf(name)
	if !slices.Contains(words, s) && v.err == nil {
		v.err = withHint(&solver.OptionError{Name: "--" + name, Value: strconv.Quote(s), Want: strings.Join(words, ", ")}, "%s", v.wordHint(s, words))
	}
	return s
}

// wordHint adds to a refusal that has listed the words already.
func (v *values) wordHint(s string, words []string) string {
	if best := closest(s, words); best != "" {
		return fmt.Sprintf("did you mean %s?", best)
	}
	return "`solve " + v.spec.name + " --help` explains them"
}

// positive returns a finite number > 0, or otherwise.
func (v *values) positive(name string, otherwise float64) float64 {
	if !v.given(name) {
		return otherwise
	}
	x, err := strconv.ParseFloat(v.text(name), 64)
	if err != nil || !(x > 0) || math.IsInf(x, 0) {
		v.refuse(name, v.text(name), "a positive number")
	}
	return x
}

// number returns a finite number, or NaN when it is not given.
func (v *values) number(name string) float64 {
	if !v.given(name) {
		return math.NaN()
	}
	x, err := strconv.ParseFloat(v.text(name), 64)
	if err != nil || x-x != 0 {
		v.refuse(name, v.text(name), "a finite number")
	}
	return x
}

// nonNegative returns a finite number ≥ 0, or otherwise.
func (v *values) nonNegative(name string, otherwise float64) float64 {
	if !v.given(name) {
		return otherwise
	}
	x, err := strconv.ParseFloat(v.text(name), 64)
	if err != nil || !(x >= 0) || math.IsInf(x, 0) {
		v.refuse(name, v.text(name), "a number ≥ 0")
	}
	return x
}

// count returns an integer ≥ 1, or otherwise.
func (v *values) count(name string, otherwise int) int {
	if !v.given(name) {
		return otherwise
	}
	n, err := strconv.Atoi(v.text(name))
	if err != nil || n < 1 {
		v.refuse(name, v.text(name), "an integer ≥ 1")
	}
	return n
}

// unsigned returns an integer ≥ 0, or otherwise.
func (v *values) unsigned(name string, otherwise uint64) uint64 {
	if !v.given(name) {
		return otherwise
	}
	n, err := strconv.ParseUint(v.text(name), 10, 64)
	if err != nil {
		v.refuse(name, v.text(name), "an integer ≥ 0")
	}
	return n
}

// duration returns a time > 0, or 0 when it is not given.
func (v *values) duration(name string) time.Duration {
	if !v.given(name) {
		return 0
	}
	d, err := time.ParseDuration(v.text(name))
	if err != nil || d <= 0 {
		v.refuse(name, v.text(name), "a time such as 30s, 5m or 1h30m")
	}
	return d
}

// size returns a number of bytes > 0, or otherwise.
func (v *values) size(name string, otherwise int64) int64 {
	if !v.given(name) {
		return otherwise
	}
	n, err := parseSize(v.text(name))
	if err != nil {
		v.refuse(name, v.text(name), "a size such as 512MiB, 4GiB or 2GB")
	}
	return n
}

var sizeUnits = []struct {
	suffix string
	bytes  float64
}{
	{"kib", 1 << 10}, {"mib", 1 << 20}, {"gib", 1 << 30}, {"tib", 1 << 40},
	{"kb", 1e3}, {"mb", 1e6}, {"gb", 1e9}, {"tb", 1e12},
	{"k", 1 << 10}, {"m", 1 << 20}, {"g", 1 << 30}, {"t", 1 << 40}, {"b", 1},
}

// parseSize reads a byte count with an optional unit: binary (KiB, K, …) or
// decimal (KB, …).
func parseSize(s string) (int64, error) {
	number, unit := strings.ToLower(strings.TrimSpace(s)), 1.0
	for _, u := range sizeUnits {
		if rest, ok := strings.CutSuffix(number, u.suffix); ok {
			number, unit = strings.TrimSpace(rest), u.bytes
			break
		}
	}
	x, err := strconv.ParseFloat(number, 64)
	if err != nil || !(x*unit >= 1) || x*unit >= math.MaxInt64 {
		return 0, fmt.Errorf("size %q is not valid", s)
	}
	return int64(x * unit), nil
}

// separator returns the CSV separator, 0 = sniff.
func (v *values) separator(name string) byte {
	if !v.given(name) {
		return 0
	}
	sep, err := parseSeparator(v.text(name))
	if err != nil {
		v.refuse(name, v.text(name), "one character that is no digit, tab or blank")
	}
	return sep
}

// parseSeparator reads a CSV separator; "" is 0.
func parseSeparator(s string) (byte, error) {
	switch {
	case s == "":
		return 0, nil
	case s == "tab" || s == `\t`:
		return '\t', nil
	case s == "blank" || s == "space":
		return ' ', nil
	case len(s) == 1 && !strings.ContainsAny(s, "\n\r\"0123456789.+-eE"):
		return s[0], nil
	}
	return 0, fmt.Errorf("%q is not a separator", s)
}

func parsePositive(s string) (float64, error) {
	x, err := strconv.ParseFloat(s, 64)
	if err == nil && (!(x > 0) || math.IsInf(x, 0)) {
		err = fmt.Errorf("%q is not a positive number", s)
	}
	return x, err
}
