package main

import (
	"context"
	"math"
	"strconv"
	"strings"

	"solve/constrained"
	"solve/internal/report"
	"solve/matrix/matio"
	"solve/solver"
)

func newConstrainedCommand() *subcommand {
	return &subcommand{
		name:    "constrained",
		purpose: "minimise f(x) under equations, inequalities and bounds",
		synopsis: []string{
			"solve constrained [flags] MODEL.SIF|MODEL.nl       x on stdout",
			"solve constrained [flags] --gen pde:N|logreg:N,D,SEED",
			"solve constrained --show-params MODEL.SIF          what --param can set",
			"solve constrained ampl-link DIR                    solve-ampl for AMPL, Pyomo",
		},
		examples: []example{
			{"a model in SIF: x as name,value lines",
				"solve constrained testdata/chain.SIF"},
			{"the same model with another value of its parameter, everything into a directory",
				"solve constrained testdata/chain.SIF --param N=12 -o out/ && solve check out/"},
			{"a model of AMPL or Pyomo, and its multipliers",
				"solve constrained testdata/hs71.nl --emit multipliers"},
			{"the method of the paper with a sketched inner solver",
				"solve constrained testdata/circle.SIF --method galm --inner rk --tol 1e-4 --json"},
			{"control of a heat source on a grid of 30×30",
				"solve constrained --gen pde:30 -o x.npy"},
		},
		options: joined(constrainedModelOptions(), constrainedInputOptions(), constrainedMethodOptions(), []option{
			{name: "emit", group: groupOutput, value: "WHAT", words: []string{"x", "multipliers"}, usage: "what to print or write (x)"},
			toOption("format on stdout and of the parts in a directory (csv)"),
			outputOption("write x into FILE, or with a trailing / the report, x and the multipliers into a directory"),
			{name: "sol", group: groupOutput, value: "FILE", usage: ".nl: the answer as AMPL reads it"},
			{name: "dump-kkt", group: groupOutput, value: "FILE", usage: "the KKT matrix at the answer, as .mtx"},
			{name: "dump-nl", group: groupOutput, value: "FILE", usage: "SIF: write the model as AMPL's .nl, for other solvers, and solve nothing"},
			{name: "show-params", group: groupOutput, usage: "SIF: print the parameters that --param can set, and solve nothing"},
			jsonOption(),
		}, solverOptions("1e-8")),
		notes: []string{
			"The Lagrangian is f + yᵀc: y > 0 belongs to an upper limit, y < 0 to a lower one. Multipliers are written for the constraints first, then for the variables: z = ∇f + ∇cᵀy, positive at a lower bound.",
			"--tol bounds, in the units of the model and recomputed from it: what of ∇f + ∇cᵀy no bound explains (relative to max(1, ‖∇f‖)), the violation of constraints and bounds, and the products of multipliers and slacks.",
			"x and the multipliers are one number a line; name,value lines where the model has names. --x0 and --y0 take either.",
			"An answer is a point where no small step helps, not always the best of all: --restarts K looks for better ones from K more starts.",
		},
		seeAlso: []string{"solve check", "solve info", "solve help methods"},
		words:   []string{"ampl-link"},
		run: func(ctx context.Context, v *values, con *console) error {
			args := v.c.Args().Slice()
			if len(args) > 0 && args[0] == "ampl-link" {
				return runAmplLink(args[1:], con)
			}
			o, err := parseConstrainedOptions(v, args, con)
			if err != nil {
				return err
			}
			switch {
			case v.flag("show-params"):
				return showParameters(ctx, o, con)
			case o.nl != "":
				return dumpNL(ctx, o, con)
			}
			return runConstrained(ctx, o, con)
		},
	}
}

// constrainedModelOptions say what the model is.
func constrainedModelOptions() []option {
	return []option{
		{name: "gen", group: groupInput, value: "PROBLEM", usage: "constrained: a built-in problem instead of a file: pde:N or logreg:N,D,SEED"},
		{name: "param", group: groupInput, value: "NAME=VALUE", many: true, usage: "SIF: a parameter that the file marks as one; may be repeated"},
		{name: "bounds-set", group: groupInput, value: "NAME", usage: "SIF: which set of bounds (the first)"},
		{name: "ranges-set", group: groupInput, value: "NAME", usage: "SIF: which set of ranges (the first)"},
		{name: "constants-set", group: groupInput, value: "NAME", usage: "SIF: which set of constants (the first)"},
		{name: "start-set", group: groupInput, value: "NAME", usage: "SIF: which start point (the first)"},
		{name: "relax-int", group: groupInput, usage: "constrained: take integer variables as real ones"},
	}
}

func constrainedInputOptions() []option {
	return []option{
		{name: "x0", group: groupInput, value: "FILE", usage: "start (the model's)"},
		{name: "y0", group: groupInput, value: "FILE", usage: "start multipliers of the constraints (the model's)"},
		{name: "check-derivatives", group: groupInput, usage: "first compare the derivatives with differences, and with those that a SIF file writes down"},
	}
}

// innerSolvers are the words of --inner, without the sizes that some may have.
var innerSolvers = []string{
	constrained.Direct, constrained.Kaczmarz, constrained.GaussianVector, constrained.BlockGaussian, constrained.CountSketch,
	constrained.BlockKaczmarz, constrained.MINRES, constrained.GMRES,
}

func constrainedMethodOptions() []option {
	return []option{
		{name: "method", group: groupMethod, value: "NAME", words: namesOf(constrained.Methods()), usage: "algorithm (auto)"},
		{name: "inner", group: groupMethod, value: "NAME", usage: "galm: solver of the Newton systems, some with a size as gmres:30 (direct): " + strings.Join(innerSolvers, ", ")},
		{name: "rk-prob", group: groupMethod, value: "WORD", words: []string{"uniform", "norm", "greedy"}, usage: "--inner rk: how rows are drawn (uniform)"},
		{name: "theta", group: groupMethod, value: "WORD", words: []string{"linear", "superlinear"}, usage: "galm: how the accuracy of inexact steps grows (linear)"},
		{name: "inner-steps", group: groupMethod, value: "N", usage: "galm: sketching steps for one system at most (100000)"},
		{name: "hessmod", group: groupMethod, value: "WORD", words: []string{"paper"}, usage: "galm: modify the Hessian by eigenvalues as the paper does (by inertia)"},
		{name: "scaling", group: groupMethod, value: "WORD", words: []string{"grad", "none"}, usage: "divide by large gradients at the start, or not (ipm: grad, else none)"},
		{name: "restarts", group: groupMethod, value: "K", usage: "further starts; the best answer is kept (0)"},
		{name: "no-stall", group: groupMethod, usage: "ipm: without the restart of the barrier after short steps"},
		{name: "no-recalc", group: groupMethod, usage: "ipm: without new multipliers where they blow up"},
		{name: "no-watchdog", group: groupMethod, usage: "ipm: without trial steps after shortened ones"},
		{name: "no-sticky-shift", group: groupMethod, usage: "ipm: without keeping a shift of the Hessian that was needed"},
	}
}

// constrainedOptions is the command line of `constrained`.
type constrainedOptions struct {
	source           modelSource
	in               *inputs
	chosen           string
	settings         constrained.Options
	emit             emission
	files            outputFlags
	sol, kkt, nl     string
	checkDerivatives bool
	json             bool
	recorded         report.Fields
}

// constrainedEmission are the parts that -o DIR/ writes.
var constrainedEmission = []partFormat{{"x", matio.FormatCSV}, {"multipliers", matio.FormatCSV}}

func parseConstrainedOptions(v *values, args []string, con *console) (*constrainedOptions, error) {
	o := &constrainedOptions{
		in: newInputs(con, v), json: con.json, sol: v.text("sol"), kkt: v.text("dump-kkt"), nl: v.text("dump-nl"), checkDerivatives: v.flag("check-derivatives"),
	}
	var err error
	if o.source, err = parseModelSource(v, args); err != nil {
		return nil, err
	}
	o.source.x0, o.source.y0 = v.text("x0"), v.text("y0")
	if err := o.parseMethod(v, con); err != nil {
		return nil, err
	}
	if o.emit, err = parseEmission(v, "x", constrainedEmission); err != nil {
		return nil, err
	}
	if o.files, err = parseOutputFlags(v, o.emit, o.source.files()); err != nil {
		return nil, err
	}
	if err := o.claimExtras(); err != nil {
		return nil, err
	}
	o.in.options.Hash = o.json || o.emit.to.dir
	o.record(v)
	return o, v.err
}

// claimExtras holds --sol and --dump-kkt against the inputs and the other outputs.
func (o *constrainedOptions) claimExtras() error {
	if f, _, ok := matio.FormatOf(o.kkt); o.kkt != "" && (!ok || f != matio.FormatMTX) {
		return &solver.OptionError{Name: "--dump-kkt", Value: strconv.Quote(o.kkt), Want: "a name that ends in .mtx"}
	}
	paths := outputs{inputs: o.source.files()}
	if err := paths.claim(append(o.emit.files(), o.files.history, o.files.plot, o.sol, o.kkt, o.nl)...); err != nil {
		return err
	}
	for _, path := range []string{o.sol, o.kkt, o.nl} {
		if err := reachable(path, o.emit.to); err != nil {
			return err
		}
	}
	return nil
}

func (o *constrainedOptions) parseMethod(v *values, con *console) error {
	o.chosen = v.word("method", constrained.Auto)
	s := &o.settings
	s.Settings = solver.Settings{
		Tol: v.positive("tol", constrained.DefaultTol), MaxIter: v.count("max-iter", 0), TimeLimit: v.duration("time-limit"),
		Threads: v.count("threads", 0), Seed: v.unsigned("seed", 1),
		MaxMemory: v.size("max-memory", solver.DefaultMaxMemory), Logger: con.logger(),
	}
	if s.Tol >= 1 {
		v.refuse("tol", v.text("tol"), "a number below 1")
	}
	s.Method, s.Inner, s.HessMod, s.Scaling = o.chosen, v.text("inner"), v.word("hessmod", ""), v.word("scaling", "")
	s.RKProb, s.Theta, s.InnerSteps = v.word("rk-prob", ""), v.word("theta", ""), v.count("inner-steps", 0)
	s.Restarts = int(min(v.unsigned("restarts", 0), math.MaxInt32))
	s.NoStall, s.NoRecalc, s.NoWatchdog, s.NoStickyShift = v.flag("no-stall"), v.flag("no-recalc"), v.flag("no-watchdog"), v.flag("no-sticky-shift")
	if v.err != nil {
		return v.err
	}
	s.SetDefaults()
	if err := s.Validate(); err != nil {
		if best := closest(innerName(s.Inner), innerSolvers); best != "" {
			err = withHint(err, "did you mean %s?", best)
		}
		return err
	}
	return o.refuseIdle(v)
}

// innerName is the word of NAME:SIZE.
func innerName(s string) string {
	name, _, _ := strings.Cut(s, ":")
	return name
}

// refuseIdle refuses flags that the method would ignore.
func (o *constrainedOptions) refuseIdle(v *values) error {
	if o.chosen != constrained.GALM && o.chosen != constrained.Auto {
		v.refuseWith("--method "+o.chosen, "inner", "hessmod", "rk-prob", "theta", "inner-steps")
	}
	if o.chosen != constrained.IPM && o.chosen != constrained.Auto {
		v.refuseWith("--method "+o.chosen, "no-stall", "no-recalc", "no-watchdog", "no-sticky-shift")
	}
	inner := innerName(o.settings.Inner)
	if inner != constrained.Kaczmarz {
		v.refuseWith("--inner "+inner, "rk-prob")
	}
	if inner == constrained.Direct {
		v.refuseWith("--inner direct", "theta", "inner-steps")
	}
	return v.err
}

// recordedFlags go into the report as they were typed.
var recordedFlags = []string{
	"inner", "rk-prob", "theta", "inner-steps", "hessmod", "scaling", "restarts", "no-stall", "no-recalc", "no-watchdog", "no-sticky-shift",
	"check-derivatives", "max-iter", "time-limit", "max-memory",
}

func (o *constrainedOptions) record(v *values) {
	for _, name := range recordedFlags {
		if !v.given(name) {
			continue
		}
		text := v.text(name)
		if spec, _ := findOption(v.spec.options, name); spec.boolean() {
			text = strconv.FormatBool(v.flag(name))
		}
		o.recorded.Add(strings.ReplaceAll(name, "-", "_"), text)
	}
}
