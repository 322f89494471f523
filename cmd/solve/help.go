package main

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"solve/bcd"
	"solve/bcd/block"
	"solve/constrained"
	"solve/linsys"
	"solve/ot"
	"solve/solver"
)

const helpWidth = 80

func newHelpCommand() *subcommand {
	return &subcommand{
		name:     "help",
		purpose:  "print help: of a subcommand, or all methods with papers",
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
	b.WriteString("solve: classical numerical problems from the shell, answers with certificates\n\n")
	for _, c := range subcommands() {
		writeEntry(&b, "  solve "+c.name, c.purpose, 21)
	}
	b.WriteString(`
Start here
  solve ot testdata/points_x.csv testdata/points_y.csv --reg-rel max:0.01

The answer goes to stdout, everything else to stderr; - is stdin.
` + "`solve SUBCOMMAND --help` has examples, flags and exit codes.\n`solve help methods` lists the methods with their papers.\n")
	return b.String()
}

// helpText is the --help of a subcommand.
func helpText(s *subcommand) string {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s\n\nUsage\n", wrapped("solve "+s.name+": "+s.purpose, ""))
	for _, u := range s.synopsis {
		fmt.Fprintf(&b, "  %s\n", u)
	}
	b.WriteString("\nExamples\n")
	for _, e := range s.examples {
		fmt.Fprintf(&b, "%s\n%s\n", wrapped(e.shows, "  #"), brokenCommand(e.command))
	}
	for _, g := range groups {
		writeGroup(&b, g, s.options)
	}
	for _, n := range s.notes {
		b.WriteString("\n" + wrapped(n, "") + "\n")
	}
	b.WriteString("\nExit codes\n")
	for _, e := range exits {
		writeEntry(&b, fmt.Sprintf("  %-3d  %s", e.code, e.word), e.meaning, 20)
	}
	if len(s.seeAlso) > 0 {
		fmt.Fprintf(&b, "\nSee also\n%s\n", wrapped(strings.Join(s.seeAlso, ", "), "  "))
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
		writeEntry(b, "  "+o.heading(), o.explanation(), column)
	}
}

// writeEntry writes a term and, from a column on, what it means.
func writeEntry(b *bytes.Buffer, term, meaning string, column int) {
	gap := strings.Repeat(" ", max(2, column-len([]rune(term))))
	text := wrapped(meaning, strings.Repeat(" ", column))
	fmt.Fprintf(b, "%s%s%s\n", term, gap, strings.TrimLeft(text, " "))
}

// brokenCommand breaks a command over lines as a shell lets one.
func brokenCommand(command string) string {
	var words []string // a flag and its value are one
	for _, w := range strings.Fields(command) {
		if k := len(words) - 1; k >= 0 && looksLikeFlag(words[k]) && !looksLikeFlag(w) {
			words[k] += " " + w
			continue
		}
		words = append(words, w)
	}
	lines := filled(words, "    ", helpWidth-2)
	lines[0] = lines[0][2:]
	return strings.Join(lines, " \\\n")
}

// wrapped breaks text into lines of helpWidth with an indent.
func wrapped(text, indent string) string {
	return strings.Join(filled(strings.Fields(text), indent, helpWidth), "\n")
}

// filled fills lines of a width with words.
func filled(words []string, indent string, width int) []string {
	var lines []string
	line := indent
	for _, w := range words {
		if len([]rune(line))+1+len([]rune(w)) > width && strings.TrimSpace(line) != "" {
			lines = append(lines, line)
			line = indent
		}
		if strings.TrimSpace(line) != "" {
			line += " "
		}
		line += w
	}
	return append(lines, line)
}

// methodsText lists the methods of every solver with their papers.
func methodsText() string {
	var b bytes.Buffer
	for _, area := range []struct {
		command string
		methods []solver.Method
	}{{"ot --method", ot.Methods()}, {"linsys --method", linsys.Methods()}, {"linsys --precond", linsys.Preconditioners()},
		{"bcd --method", bcd.Methods()}, {"bcd --partition", block.Partitions()}, {"bcd --rule", block.Rules()}, {"bcd --update", block.Updates()}, {"constrained --method", constrained.Methods()}} {
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "solve %s NAME\n", area.command)
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
