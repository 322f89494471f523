package main

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
)

var shells = []string{"bash", "zsh", "fish"}

func newCompletionCommand() *subcommand {
	return &subcommand{
		name:     "completion",
		purpose:  "print the completion script of a shell",
		synopsis: []string{"solve completion bash|zsh|fish"},
		examples: []example{
			{"bash: in ~/.bashrc, as source <(solve completion bash)", "solve completion bash"},
			{"zsh: into a file _solve on $fpath", "solve completion zsh"},
			{"fish: into ~/.config/fish/completions/solve.fish", "solve completion fish"},
		},
		words: shells,
		run: func(_ context.Context, v *values, con *console) error {
			if v.c.Args().Len() != 1 {
				return usageError("one of "+strings.Join(shells, ", "), "completion takes the name of a shell")
			}
			script, err := completionScript(v.c.Args().First())
			if err != nil {
				return err
			}
			return con.printText(script)
		},
	}
}

func completionScript(shell string) (string, error) {
	commands := subcommands()
	switch shell {
	case "bash":
		return bashScript(commands), nil
	case "zsh":
		return zshScript(commands), nil
	case "fish":
		return fishScript(commands), nil
	}
	return "", usageError(didYouMean(shell, shells), "no completion for %q", shell)
}

// firstWords is what the first positional of a subcommand may be.
func firstWords(s *subcommand, commands []*subcommand) []string {
	if s.name == "help" {
		return append(commandNames(commands), s.words...)
	}
	return s.words
}

// takesFiles tells whether the positionals are files.
func (s *subcommand) takesFiles() bool {
	return slices.ContainsFunc(s.options, func(o option) bool { return slices.Contains([]string{"format", "job-time", "x0"}, o.name) }) // it reads
}

func bashScript(commands []*subcommand) string {
	var b bytes.Buffer
	b.WriteString("# bash completion of solve\n_solve() {\n  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} cmd= w words flags files\n")
	list := strings.Join(commandNames(commands), " ")
	fmt.Fprintf(&b, "  for w in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do case $w in %s) cmd=$w; break;; esac; done\n", strings.ReplaceAll(list, " ", "|"))
	fmt.Fprintf(&b, "  if [[ -z $cmd ]]; then COMPREPLY=($(compgen -W %q -- \"$cur\")); return; fi\n", list)
	b.WriteString("  if [[ $cur == = ]]; then cur=; elif [[ $prev == = ]]; then prev=${COMP_WORDS[COMP_CWORD-2]}; fi # --flag=value is three words\n")
	b.WriteString("  case $cmd:$prev in\n")
	for _, c := range commands {
		for _, o := range c.options {
			if len(o.words) > 0 {
				fmt.Fprintf(&b, "    %s:%s) COMPREPLY=($(compgen -W %q -- \"$cur\")); return;;\n", c.name, o.dashed(), strings.Join(o.words, " "))
			}
		}
	}
	b.WriteString("  esac\n  case $cmd in\n")
	for _, c := range commands {
		fmt.Fprintf(&b, "    %s) words=%q flags=%q files=%t;;\n", c.name, strings.Join(firstWords(c, commands), " "), strings.Join(names(c.options), " "), c.takesFiles())
	}
	b.WriteString("  esac\n" +
		"  if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W \"$flags\" -- \"$cur\")); return; fi\n" +
		"  COMPREPLY=()\n  if [[ $prev != -* ]]; then COMPREPLY=($(compgen -W \"$words\" -- \"$cur\")); fi\n" +
		"  local IFS=$'\\n'\n" +
		"  if $files || [[ $prev == -* ]]; then COMPREPLY+=($(compgen -f -- \"$cur\")); fi\n}\n" +
		"complete -o filenames -F _solve solve\n")
	return b.String()
}

func zshScript(commands []*subcommand) string {
	var b bytes.Buffer
	b.WriteString("#compdef solve\n_solve() {\n  if (( CURRENT == 2 )); then\n    local -a commands=(\n")
	for _, c := range commands {
		fmt.Fprintf(&b, "      %s\n", zshQuoted(c.name+":"+c.purpose))
	}
	b.WriteString("    )\n    _describe subcommand commands\n    return\n  fi\n  local cmd=$words[2]\n  shift words; (( CURRENT-- ))\n  case $cmd in\n")
	for _, c := range commands {
		fmt.Fprintf(&b, "    %s) _arguments", c.name)
		for _, o := range c.options {
			fmt.Fprintf(&b, " \\\n      %s", zshQuoted(zshSpec(o)))
		}
		rest := "*:file:_files"
		if w := firstWords(c, commands); len(w) > 0 {
			rest = "1:argument:(" + strings.Join(w, " ") + ")"
			fmt.Fprintf(&b, " \\\n      %s", zshQuoted(rest))
			rest = "*:file:_files"
		}
		fmt.Fprintf(&b, " \\\n      %s;;\n", zshQuoted(rest))
	}
	b.WriteString("  esac\n}\n_solve \"$@\"\n")
	return b.String()
}

// zshSpec is an option as _arguments takes it.
func zshSpec(o option) string {
	usage := strings.NewReplacer("[", "(", "]", ")", ":", " ").Replace(o.usage)
	spec := o.dashed() + "[" + usage + "]"
	switch {
	case o.boolean():
		return spec
	case len(o.words) > 0:
		return spec + ":" + o.name + ":(" + strings.Join(o.words, " ") + ")"
	}
	return spec + ":" + o.name + ":_files"
}

func zshQuoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

func fishScript(commands []*subcommand) string {
	var b bytes.Buffer
	b.WriteString("# fish completion of solve\n")
	for _, c := range commands {
		fmt.Fprintf(&b, "complete -c solve -f -n __fish_use_subcommand -a %s -d %s\n", c.name, fishQuoted(c.purpose))
	}
	for _, c := range commands {
		in := fishQuoted("__fish_seen_subcommand_from " + c.name)
		if w := firstWords(c, commands); len(w) > 0 {
			fmt.Fprintf(&b, "complete -c solve -n %s -a %s\n", in, fishQuoted(strings.Join(w, " ")))
		}
		for _, o := range c.options {
			fmt.Fprintf(&b, "complete -c solve -n %s", in)
			fmt.Fprintf(&b, " -l %s", o.name)
			if o.short != "" {
				fmt.Fprintf(&b, " -s %s", o.short)
			}
			switch {
			case len(o.words) > 0:
				fmt.Fprintf(&b, " -x -a %s", fishQuoted(strings.Join(o.words, " ")))
			case !o.boolean():
				b.WriteString(" -r")
			}
			fmt.Fprintf(&b, " -d %s\n", fishQuoted(o.usage))
		}
	}
	return b.String()
}

func fishQuoted(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(s) + "'"
}
