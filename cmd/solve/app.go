package main

import (
	"context"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// subcommand is one command of solve.
type subcommand struct {
	name     string
	purpose  string // one sentence, no full stop
	synopsis []string
	examples []example
	options  []option
	notes    []string // paragraphs after the flags
	seeAlso  []string
	words    []string // what the first positional may be, for completion
	run      func(ctx context.Context, v *values, con *console) error
}

// example is a command line that runs from the top of the source tree, and
// what it shows.
type example struct{ shows, command string }

// subcommands lists the commands in the order of the overview.
func subcommands() []*subcommand {
	list := []*subcommand{
		newOTCommand(), newLinsysCommand(), newBCDCommand(), newConstrainedCommand(),
		newInfoCommand(), newConvertCommand(), newGenCommand(), newCheckCommand(), newPlotCommand(), newBatchCommand(),
		newCompletionCommand(), newVersionCommand(), newHelpCommand(),
	}
	for _, c := range list {
		c.options = joined(c.options, commonOptions())
	}
	return list
}

func findSubcommand(list []*subcommand, name string) (*subcommand, bool) {
	i := slices.IndexFunc(list, func(c *subcommand) bool { return c.name == name })
	if i < 0 {
		return nil, false
	}
	return list[i], true
}

func commandNames(list []*subcommand) []string {
	var out []string
	for _, c := range list {
		out = append(out, c.name)
	}
	return out
}

// dispatch runs a command line.
func dispatch(ctx context.Context, args []string, commands []*subcommand, con *console) error {
	con.json = asks(args, "json")
	if asks(args, "no-color") {
		con.colour = false
	}
	line, err := normalise(args, commands)
	if line.spec != nil {
		con.command = line.spec.name
	}
	switch {
	case err != nil:
		return err
	case line.spec == nil:
		return withoutSubcommand(line, con)
	case line.asksHelp():
		return con.printText(helpText(line.spec))
	}
	if err := line.check(); err != nil {
		return err
	}
	app := &cli.App{
		Name: "solve", HideHelp: true, HideHelpCommand: true, HideVersion: true,
		DisableSliceFlagSeparator: true,
		Writer:                    io.Discard, ErrWriter: io.Discard,
		ExitErrHandler: func(*cli.Context, error) {}, // run decides
		Commands:       []*cli.Command{line.spec.command(ctx, con)},
	}
	full := append([]string{"solve", line.spec.name}, line.flags...)
	full = append(append(full, "--"), line.args...)
	return app.RunContext(ctx, full)
}

// asksHelp tells whether --help is among the flags; the flag parser would
// answer it in its own way.
func (l commandLine) asksHelp() bool {
	return slices.ContainsFunc(l.flags, func(f string) bool {
		name := flagName(f)
		return (name == "help" || name == "h") && !strings.HasSuffix(f, "=false")
	})
}

// check refuses unknown flags as they were typed, and values that a flag
// cannot have whatever it means.
func (l commandLine) check() error {
	for _, typed := range l.flags {
		o, ok := findOption(l.spec.options, flagName(typed))
		if !ok {
			return l.spec.unknownFlag(typed)
		}
		_, value, given := strings.Cut(typed, "=")
		switch {
		case o.boolean() && given && value != "true" && value != "false":
			return usageError("give it as "+o.dashed(), "flag %s takes no value, but %q is given", o.dashed(), value)
		case strings.Contains(o.value, "FILE") && value == "":
			return usageError("give it as "+o.dashed()+" "+o.value, "flag %s has an empty value", o.dashed())
		}
	}
	if slices.Contains(l.args, "") {
		return usageError("is a shell variable empty?", "an argument is empty")
	}
	return nil
}

// unknownFlag refuses a flag that the subcommand does not have.
func (s *subcommand) unknownFlag(typed string) error {
	hint := "`solve " + s.name + " --help` lists the flags"
	if best := closest(flagName(typed), names(s.options)); best != "" {
		hint = "did you mean " + best + "?"
	}
	typed, _, _ = strings.Cut(typed, "=")
	return usageError(hint, "unknown flag %s", typed)
}

// command is the subcommand for the flag parser.
func (s *subcommand) command(ctx context.Context, con *console) *cli.Command {
	var flags []cli.Flag
	for _, o := range s.options {
		flags = append(flags, o.flag())
	}
	return &cli.Command{
		Name: s.name, HideHelp: true, HideHelpCommand: true, Flags: flags,
		OnUsageError: func(_ *cli.Context, err error, _ bool) error {
			return usageError("`solve "+s.name+" --help` lists the flags", "%v", err)
		},
		Action: func(c *cli.Context) error {
			con.quiet, con.verbose, con.json = c.Bool("quiet"), c.Bool("verbose"), c.Bool("json")
			return s.run(ctx, &values{c: c, spec: s}, con)
		},
	}
}

// withoutSubcommand answers `solve`, `solve --help` and `solve --version`.
func withoutSubcommand(line commandLine, con *console) error {
	for _, f := range line.flags {
		switch flagName(f) {
		case "version":
			return con.printText(versionLine())
		case "help", "h":
		case "json", "quiet", "q", "verbose", "v", "no-color":
			return usageError("`solve` alone lists the subcommands", "a subcommand is missing")
		default:
			return usageError("did you mean "+closestOr(flagName(f), "--help")+"?", "unknown flag %s without a subcommand", f)
		}
	}
	if len(line.args) > 0 {
		return usageError("`solve` alone lists the subcommands", "a subcommand is missing")
	}
	return con.printText(overview())
}

func closestOr(word, otherwise string) string {
	if best := closest(word, []string{"--help", "--version"}); best != "" {
		return best
	}
	return otherwise
}

// asks tells whether a boolean flag stands before any "--": errors of the
// command line itself obey it, too.
func asks(args []string, name string) bool {
	for _, a := range args {
		if a == "--" {
			return false
		}
		if a == "--"+name || a == "-"+name || a == "--"+name+"=true" {
			return true
		}
	}
	return false
}
