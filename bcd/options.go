package bcd

import (
	"fmt"
	"math"
	"slices"

	"solve/solver"
)

// Options select and tune the method. The zero value (or nil) means defaults.
type Options struct {
	solver.Settings // Tol bounds the duality gap relative to the null objective

	Method string // a name of Methods(); "" = auto

	WorkingSet int // columns of the first working set from a cold start; 0 = DefaultWorkingSet
	Anderson   int // iterates that an extrapolation combines; 0 = DefaultAnderson, negative = none
	NoNewton   bool
	NoGram     bool // coordinate descent on the residual only

	// AllowUnpenalized lets problems pass that need not have a unique or a
	// finite minimiser (λ = 0); their certificate is the KKT residual.
	AllowUnpenalized bool

	Path PathOptions
	CV   CVOptions
}

// ErrUnpenalized refuses a problem that AllowUnpenalized would let pass.
var ErrUnpenalized = fmt.Errorf("without a penalty (λ = 0) the minimiser need not be finite or unique: %w", solver.ErrInput)

// Defaults.
const (
	DefaultTol        = 1e-6
	DefaultWorkingSet = 128
	DefaultAnderson   = 5
	DefaultLambdas    = 100
	DefaultFolds      = 10
	defaultMaxIter    = 1000 // outer iterations at one λ
)

// DefaultOptions returns options with every default written out.
func DefaultOptions() *Options {
	o := &Options{}
	o.SetDefaults()
	return o
}

// SetDefaults replaces the zero fields that mean "default".
func (o *Options) SetDefaults() {
	if o.Method == "" {
		o.Method = Auto
	}
	if o.Tol == 0 {
		o.Tol = DefaultTol
	}
	if o.MaxIter == 0 {
		o.MaxIter = defaultMaxIter
	}
	if o.WorkingSet == 0 {
		o.WorkingSet = DefaultWorkingSet
	}
	if o.Anderson == 0 {
		o.Anderson = DefaultAnderson
	}
	if o.Path.Count == 0 {
		o.Path.Count = DefaultLambdas
	}
	if o.CV.Folds == 0 {
		o.CV.Folds = DefaultFolds
	}
}

// Validate reports values that no problem could make right.
func (o *Options) Validate() error {
	bad := func(name string, value any, want string) error {
		return fmt.Errorf("bcd: %w", &solver.OptionError{Name: name, Value: fmt.Sprint(value), Want: want})
	}
	switch {
	case o.Method != "" && !slices.ContainsFunc(Methods(), func(m solver.Method) bool { return m.Name == o.Method }):
		return bad("method", o.Method, "one of "+methodNames())
	case math.IsNaN(o.Tol) || o.Tol < 0 || o.Tol >= 1:
		return bad("tol", o.Tol, "a number in (0, 1)")
	case o.MaxIter < 0:
		return bad("max-iter", o.MaxIter, "a positive number")
	case o.WorkingSet < 0:
		return bad("working-set", o.WorkingSet, "a positive number")
	case o.Path.Count < 0:
		return bad("count", o.Path.Count, "a positive number")
	case !(o.Path.Ratio >= 0 && o.Path.Ratio < 1):
		return bad("ratio", o.Path.Ratio, "a number in (0, 1)")
	case o.CV.Folds < 0 || o.CV.Folds == 1:
		return bad("folds", o.CV.Folds, "a number ≥ 2")
	}
	for _, l := range o.Path.Lambdas {
		if !(l >= 0) || math.IsInf(l, 0) {
			return bad("lambdas", l, "numbers ≥ 0")
		}
	}
	return nil
}

func (o *Options) method() string {
	if o.Method == "" {
		return Auto
	}
	return o.Method
}

func (o *Options) tol() float64 {
	if o.Tol == 0 {
		return DefaultTol
	}
	return o.Tol
}

func (o *Options) maxIter() int {
	if o.MaxIter > 0 {
		return o.MaxIter
	}
	return defaultMaxIter
}

func (o *Options) workingSet() int {
	if o.WorkingSet > 0 {
		return o.WorkingSet
	}
	return DefaultWorkingSet
}

func (o *Options) anderson() int {
	if o.Anderson == 0 {
		return DefaultAnderson
	}
	return max(0, o.Anderson)
}
