package constrained

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"solve/solver"
)

// Options select and tune the method. The zero value (or nil) means defaults.
type Options struct {
	solver.Settings // Tol bounds the KKT residual in the units of the problem, see package verify

	Method string // a name of Methods(); "" = auto
	// Inner solves the Newton systems of GALM: direct, rk (randomised Kaczmarz), gv
	// (Gaussian vector), bgauss:q, count:q, brk:q (blocks of q), minres, gmres:r
	// (restart r); "" = direct.
	Inner string
	// HessMod "paper" modifies the Hessian by the literal rule of the paper, from
	// eigenvalues; "" = inertia correction.
	HessMod string
	// Scaling is "grad" (rows and objective divided so that no gradient at the
	// start exceeds 100) or "none"; "" = grad for the interior point method, none
	// for the others.
	Scaling string
	// RKProb is how randomised Kaczmarz draws rows: "uniform", "norm" (in
	// proportion to ‖K_i‖²) or "greedy" (the largest residual of eight); "" = uniform.
	RKProb string
	// Theta is the forcing sequence of the adaptive accuracy: "linear" (θ = 1) or
	// "superlinear" (θ_k = min(1, R_k)); "" = linear.
	Theta string
	// InnerSteps bounds the sketching steps for one Newton system; 0 = 100 000.
	InnerSteps int
	// Restarts is the number of further starts, perturbed, after the first answer;
	// the best objective is kept.
	Restarts int

	// Switches of the interior point method's safeguards, for measurements.
	NoStall, NoRecalc, NoWatchdog, NoStickyShift bool
}

// Defaults.
const (
	DefaultTol        = 1e-8
	DefaultInnerSteps = 100000
)

// SetDefaults replaces the zero fields that mean "default".
func (o *Options) SetDefaults() {
	if o.Method == "" {
		o.Method = Auto
	}
	if o.Inner == "" {
		o.Inner = Direct
	}
	if o.Tol == 0 {
		o.Tol = DefaultTol
	}
	if o.InnerSteps == 0 {
		o.InnerSteps = DefaultInnerSteps
	}
	if o.RKProb == "" {
		o.RKProb = "uniform"
	}
	if o.Theta == "" {
		o.Theta = "linear"
	}
}

// Validate reports values that no problem could make right.
func (o *Options) Validate() error {
	bad := func(name string, value any, want string) error {
		return fmt.Errorf("constrained: %w", &solver.OptionError{Name: name, Value: fmt.Sprint(value), Want: want})
	}
	switch {
	case !slices.ContainsFunc(Methods(), func(m solver.Method) bool { return m.Name == o.Method }):
		return bad("method", o.Method, "one of "+methodNames())
	case math.IsNaN(o.Tol) || o.Tol <= 0 || o.Tol >= 1:
		return bad("tol", o.Tol, "a number between 0 and 1")
	case o.MaxIter < 0:
		return bad("max-iter", o.MaxIter, "a positive number")
	case o.HessMod != "" && o.HessMod != "paper":
		return bad("hessmod", o.HessMod, "paper")
	case o.Scaling != "" && o.Scaling != "grad" && o.Scaling != "none":
		return bad("scaling", o.Scaling, "grad or none")
	case o.RKProb != "uniform" && o.RKProb != "norm" && o.RKProb != "greedy":
		return bad("rk-prob", o.RKProb, "uniform, norm or greedy")
	case o.Theta != "linear" && o.Theta != "superlinear":
		return bad("theta", o.Theta, "linear or superlinear")
	case o.InnerSteps < 0:
		return bad("inner-steps", o.InnerSteps, "a positive number")
	case o.Restarts < 0:
		return bad("restarts", o.Restarts, "0 or more")
	}
	_, _, err := parseInner(o.Inner)
	return err
}

// Names of inner solvers.
const (
	Direct         = "direct"
	Kaczmarz       = "rk"
	GaussianVector = "gv"
	BlockGaussian  = "bgauss"
	CountSketch    = "count"
	BlockKaczmarz  = "brk"
	MINRES         = "minres"
	GMRES          = "gmres"
)

// parseInner splits NAME or NAME:q; 0 = the name's default.
func parseInner(s string) (name string, size int, err error) {
	name, number, given := strings.Cut(s, ":")
	sized := slices.Contains([]string{BlockGaussian, CountSketch, BlockKaczmarz, GMRES}, name)
	plain := slices.Contains([]string{Direct, Kaczmarz, GaussianVector, MINRES}, name)
	if given && sized {
		size, err = strconv.Atoi(number)
	}
	if !sized && (!plain || given) || err != nil || given && size <= 0 {
		return "", 0, fmt.Errorf("constrained: %w", &solver.OptionError{Name: "inner", Value: s, Want: "direct, rk, gv, bgauss:q, count:q, brk:q, minres or gmres:r"})
	}
	return name, size, nil
}
