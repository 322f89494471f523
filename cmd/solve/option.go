package main

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// option is one flag of a subcommand: the flag parser, the help, the
// completion scripts and did-you-mean are all drawn from it.
type option struct {
	name  string
	short string // one letter, "" = none
	group string // groupInput, …
	value string // placeholder of the value in the help; "" makes the flag boolean
	usage string // ends with the default in parentheses where there is one
	words []string
	many  bool // may be given several times
}

// The groups in the order of the help.
const (
	groupInput    = "Input"
	groupMethod   = "Method"
	groupStopping = "Stopping"
	groupOutput   = "Output"
)

var groups = []string{groupInput, groupMethod, groupStopping, groupOutput}

func (o option) boolean() bool { return o.value == "" }

// dashed is the flag as one types it.
func (o option) dashed() string { return "--" + o.name }

func (o option) answersTo(name string) bool {
	return name == o.name || (o.short != "" && name == o.short)
}

// flag is the option for the flag parser. Values stay text: values parses
// them, so that every refusal is worded in one way.
func (o option) flag() cli.Flag {
	var aliases []string
	if o.short != "" {
		aliases = []string{o.short}
	}
	switch {
	case o.boolean():
		return &cli.BoolFlag{Name: o.name, Aliases: aliases}
	case o.many:
		return &cli.StringSliceFlag{Name: o.name, Aliases: aliases}
	}
	return &cli.StringFlag{Name: o.name, Aliases: aliases}
}

// findOption returns the option that a name without dashes belongs to.
func findOption(options []option, name string) (option, bool) {
	i := slices.IndexFunc(options, func(o option) bool { return o.answersTo(name) })
	if i < 0 {
		return option{}, false
	}
	return options[i], true
}

// jsonOption belongs to every subcommand that has something to report.
func jsonOption() option {
	return option{name: "json", group: groupOutput, usage: "print the report on stdout instead of the answer, one JSON object on one line"}
}

// commonOptions belong to every subcommand.
func commonOptions() []option {
	return []option{
		{name: "quiet", short: "q", group: groupOutput, usage: "say nothing on stderr but errors"},
		{name: "verbose", short: "v", group: groupOutput, usage: "say more: one line an iteration, at most ten a second"},
		{name: "no-color", group: groupOutput, usage: "no colours on stderr (also: NO_COLOR)"},
		{name: "help", short: "h", group: groupOutput, usage: "print this help"},
	}
}

// readingOptions steer how files are read.
func readingOptions() []option {
	return []option{
		{name: "format", group: groupInput, value: "FORMAT", words: []string{"csv", "tsv", "mtx", "npy", "svm"}, usage: "how the inputs are stored (sniffed)"},
		{name: "sep", group: groupInput, value: "CHAR", usage: "separator of CSV: a character, tab or blank (sniffed)"},
		{name: "zero-based", group: groupInput, usage: "LIBSVM indices count from 0"},
	}
}

func outputOption(usage string) option {
	return option{name: "output", short: "o", group: groupOutput, value: "FILE", usage: usage}
}

func toOption(usage string) option {
	return option{name: "to", group: groupOutput, value: "FORMAT", words: []string{"csv", "tsv", "mtx", "npy"}, usage: usage}
}

func memoryOption() option {
	return option{name: "max-memory", group: groupStopping, value: "SIZE", usage: "memory that may be planned for (4GiB)"}
}

func threadsOption() option {
	return option{name: "threads", group: groupStopping, value: "N", usage: "threads to use; the answer does not depend on it (all cores)"}
}

// solverOptions belong to every solver; tol is the default tolerance.
func solverOptions(tol string) []option {
	return []option{
		{name: "tol", group: groupStopping, value: "T", usage: "tolerance, see below (" + tol + ")"},
		{name: "max-iter", group: groupStopping, value: "N", usage: "iterations at most (the method's own)"},
		{name: "time-limit", group: groupStopping, value: "TIME", usage: "time at most, as 30s or 5m (none)"},
		threadsOption(),
		{name: "seed", group: groupMethod, value: "N", usage: "seed of randomised methods (1)"},
		memoryOption(),
		{name: "history", group: groupOutput, value: "FILE", usage: "one row an iteration into FILE.csv or FILE.jsonl"},
		{name: "plot", group: groupOutput, value: "FILE", usage: "a picture into FILE.svg, .png or .pdf"},
	}
}

// joined appends lists of options.
func joined(lists ...[]option) []option { return slices.Concat(lists...) }

// names returns the flags as one types them.
func names(options []option) []string {
	var out []string
	for _, o := range options {
		out = append(out, o.dashed())
		if o.short != "" {
			out = append(out, "-"+o.short)
		}
	}
	return out
}

// heading is the flag and its value as the help shows them.
func (o option) heading() string {
	s := o.dashed()
	if o.short != "" {
		s = "-" + o.short + ", " + s
	}
	if o.value != "" {
		s += " " + o.value
	}
	return s
}

// explanation is the usage and the words that are possible.
func (o option) explanation() string {
	if len(o.words) == 0 {
		return o.usage
	}
	return o.usage + ": " + strings.Join(o.words, ", ")
}
