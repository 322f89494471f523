package main

import (
	"strconv"
	"strings"
)

// The flag parser stops at the first positional argument and takes the rest
// as positionals, so that `solve ot a.csv --tol 1e-6` would silently run
// with the default tolerance. normalise moves the flags forward first.

// commandLine is a command line with its flags before its positionals.
type commandLine struct {
	spec  *subcommand // nil: no subcommand was named
	flags []string    // each "--name" or "--name=value" as typed, unknown ones included
	args  []string    // positionals
}

// normalise sorts the arguments after the program's name. A flag's value is
// the next argument whatever it looks like, unless it is itself a flag of
// the subcommand. "-" alone and negative numbers are not flags; after "--"
// nothing is.
func normalise(args []string, commands []*subcommand) (commandLine, error) {
	var line commandLine
	at, err := subcommandIndex(args, commands)
	if err != nil {
		return line, err
	}
	rest := args
	known := everyOption(commands)
	if at >= 0 {
		line.spec, _ = findSubcommand(commands, args[at])
		rest = append(append([]string{}, args[:at]...), args[at+1:]...)
		known = line.spec.options
	}
	for i := 0; i < len(rest); i++ {
		arg := rest[i]
		if arg == "--" {
			line.args = append(line.args, rest[i+1:]...)
			break
		}
		if !looksLikeFlag(arg) {
			line.args = append(line.args, arg)
			continue
		}
		o, ok := findOption(known, flagName(arg))
		if !ok || o.boolean() || strings.Contains(arg, "=") {
			line.flags = append(line.flags, arg)
			continue
		}
		i++
		if i == len(rest) || isFlagOf(known, rest[i]) {
			return line, usageError("give it as "+o.dashed()+" "+o.value, "flag %s needs a value", arg)
		}
		line.flags = append(line.flags, arg+"="+rest[i])
	}
	return line, nil
}

// subcommandIndex finds the first argument that is neither a flag nor the
// value of one: -1 when there is none, an error when it is no subcommand.
func subcommandIndex(args []string, commands []*subcommand) (int, error) {
	known := everyOption(commands)
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if arg == "--" {
			return -1, nil
		}
		if looksLikeFlag(arg) {
			if o, ok := findOption(known, flagName(arg)); ok && !o.boolean() && !strings.Contains(arg, "=") {
				i++
			}
			continue
		}
		if _, ok := findSubcommand(commands, arg); !ok {
			return -1, usageError(didYouMean(arg, commandNames(commands)), "unknown subcommand %q", arg)
		}
		return i, nil
	}
	return -1, nil
}

func everyOption(commands []*subcommand) []option {
	var all []option
	for _, c := range commands {
		all = append(all, c.options...)
	}
	return all
}

// looksLikeFlag tells -x and --x from -, negative numbers and plain words.
func looksLikeFlag(arg string) bool {
	if len(arg) < 2 || arg[0] != '-' {
		return false
	}
	_, err := strconv.ParseFloat(arg, 64)
	return err != nil
}

// flagName strips the dashes and the value.
func flagName(arg string) string {
	name := strings.TrimPrefix(strings.TrimPrefix(arg, "-"), "-")
	name, _, _ = strings.Cut(name, "=")
	return name
}

func isFlagOf(known []option, arg string) bool {
	if arg == "--" {
		return true
	}
	if !looksLikeFlag(arg) {
		return false
	}
	_, ok := findOption(known, flagName(arg))
	return ok
}
