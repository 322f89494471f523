package main

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"text/tabwriter"

	"solve/ot"
	"solve/solver"
)

const helpWidth = 100

func newHelpCommand() *subcommand {
	return &subcommand{
		name:     "help",
		purpose:  "print help: of a subcommand, or the list of methods with their papers",
		synopsis: []string{"solve help [SUBCOMMAND | methods]"},
		examples: []example{
			{"the subcommands", "solve help"},
			{"the flags of one of them", "solve help ot"},
			{"every method and its paper", "solve help methods"},
		},
		words: []string{"methods"},
		run:   func(_ context.Context, v *values, con *console) error { return runHelp(v.c.Args().Slice(), con) },
	}
}

func runHelp(args []string, con *console) error {
	commands := subcommands()
	topics := append(commandNames(commands), "methods")
	switch {
	case len(args) == 0:
		return con.printText(overview())
	case len(args) > 1:
		return usageError("one topic at a time", "help takes one argument, not %d", len(args))
	case args[0] == "methods":
		return con.printText(methodsText())
	}
	s, ok := findSubcommand(commands, args[0])
	if !ok {
		return usageError(didYouMean(args[0], topics), "no help on %q", args[0])
	}
	return con.printText(helpText(s))
}

// overview is what `solve` alone prints.
func overview() string {
	var b bytes.Buffer
	b.WriteString("solve: classical numerical problems from the shell, each answer with its certificate\n\n")
	tw := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, c := range subcommands() {
		fmt.Fprintf(tw, "  solve %s\t%s\n", c.name, c.purpose)
	}
	tw.Flush()
	b.WriteString(`
Start here
  solve ot --a testdata/points_x.csv --b testdata/points_y.csv --reg-rel max:0.01

The answer goes to stdout, everything else to stderr; - is stdin.
` + "`solve SUBCOMMAND --help` has examples, flags and exit codes; `solve help methods` the methods.\n")
	return b.String()
}

// helpText is the --help of a subcommand.
func helpText(s *subcommand) string {
	var b bytes.Buffer
	fmt.Fprintf(&b, "solve %s: %s\n\nUsage\n", s.name, s.purpose)
	for _, u := range s.synopsis {
		fmt.Fprintf(&b, "  %s\n", u)
	}
	b.WriteString("\nExamples\n")
	for _, e := range s.examples {
		fmt.Fprintf(&b, "  # %s\n  %s\n", e.shows, e.command)
	}
	for _, g := range groups {
		writeGroup(&b, g, s.options)
	}
	for _, n := range s.notes {
		b.WriteString("\n" + wrapped(n, "") + "\n")
	}
	b.WriteString("\nExit codes\n")
	tw := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, e := range exits {
		fmt.Fprintf(tw, "  %d\t%s\t%s\n", e.code, e.word, e.meaning)
	}
	tw.Flush()
	if len(s.seeAlso) > 0 {
		fmt.Fprintf(&b, "\nSee also\n  %s\n", strings.Join(s.seeAlso, ", "))
	}
	return b.String()
}

// writeGroup writes one group of flags in two columns.
func writeGroup(b *bytes.Buffer, group string, options []option) {
	const column = 26
	started := false
	for _, o := range options {
		if o.group != group {
			continue
		}
		if !started {
			fmt.Fprintf(b, "\n%s\n", group)
			started = true
		}
		head := "  " + o.heading()
		gap := strings.Repeat(" ", max(2, column-len([]rune(head))))
		text := wrapped(o.explanation(), strings.Repeat(" ", column))
		fmt.Fprintf(b, "%s%s%s\n", head, gap, strings.TrimLeft(text, " "))
	}
}

// wrapped breaks text into lines of helpWidth with an indent.
func wrapped(text, indent string) string {
	var lines []string
	line := indent
	for _, w := range strings.Fields(text) {
		if len([]rune(line))+1+len([]rune(w)) > helpWidth && strings.TrimSpace(line) != "" {
			lines = append(lines, line)
			line = indent
		}
		if strings.TrimSpace(line) != "" {
			line += " "
		}
		line += w
	}
	return strings.Join(append(lines, line), "\n")
}

// methodsText lists the methods of every solver with their papers.
func methodsText() string {
	var b bytes.Buffer
	for _, area := range []struct {
		command string
		methods []solver.Method
	}{{"ot", ot.Methods()}} {
		fmt.Fprintf(&b, "solve %s --method NAME\n", area.command)
		for _, m := range area.methods {
			fmt.Fprintf(&b, "\n  %s\n%s\n", m.Name, wrapped(m.Summary, "      "))
			for _, line := range []struct{ key, text string }{{"when: ", m.When}, {"paper: ", m.Paper}} {
				if line.text != "" {
					fmt.Fprintf(&b, "%s\n", wrapped(line.key+line.text, "      "))
				}
			}
		}
	}
	return b.String()
}
