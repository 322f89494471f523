package main

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"

	"solve/internal/kern"
)

func newVersionCommand() *subcommand {
	return &subcommand{
		name:     "version",
		purpose:  "print the version, the Go release and the CPU kernel",
		synopsis: []string{"solve version", "solve --version"},
		examples: []example{
			{"for a bug report", "solve version"},
			{"the same", "solve --version"},
			{"with the plain Go kernels", "SOLVE_KERNEL=go solve version"},
		},
		options: []option{jsonOption()},
		run: func(_ context.Context, v *values, con *console) error {
			if n := v.c.Args().Len(); n > 0 {
				return usageError("solve version", "version takes no argument, not %d", n)
			}
			if con.reports() {
				if err := con.report(newReport(con, "version", nil)); err != nil || con.json {
					return err
				}
			}
			return con.printText(versionLine())
		},
	}
}

func versionLine() string {
	return fmt.Sprintf("solve %s (%s, %s/%s, kernel %s)\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH, kern.Name())
}

// version is that of the module as built, or its commit, or "dev".
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "dev"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return "dev-" + s.Value[:12]
		}
	}
	return "dev"
}
