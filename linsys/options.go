package linsys

import (
	"fmt"
	"math"
	"slices"

	"solve/solver"
)

// Options select and tune the method. The zero value (or nil) means
// defaults: method auto, relative residual 1e-8.
type Options struct {
	solver.Settings // Tol bounds ‖b−Ax‖/‖b‖, or, for least squares, ‖Aᵀr‖/(‖A‖_F‖r‖)

	Method         string // a name of Methods(); "" = auto
	Preconditioner string // a name of Preconditioners(); "" = chosen

	AbsTol     float64 // solved as well where ‖b−Ax‖ is at most this
	Damp       float64 // λ of min ‖Ax−b‖² + λ²‖x‖²; least squares only
	Project    bool    // replace b by its part in the range of a singular symmetric A
	Restart    int     // of GMRES; 0 = DefaultRestart
	Directions int     // how many earlier directions FCG keeps conjugate; 0 = DefaultDirections
	Deflate    int     // Ritz vectors of deflated CG; 0 = DefaultDeflate
	Degree     int     // of the Chebyshev preconditioner; 0 = DefaultDegree
	Grid       []int   // sides of the box of cells behind A, slowest first; nil = detected
}

// Defaults.
const (
	DefaultTol        = 1e-8 // relative residual that counts as solved
	DefaultRestart    = 50
	DefaultDirections = 1
	DefaultDeflate    = 16
	DefaultDegree     = 8
)

// Validate reports values that no problem could make right.
func (o *Options) Validate() error {
	if err := known("method", o.method(), methodNames()); err != nil {
		return err
	}
	if o.Preconditioner != "" {
		if err := known("precond", o.Preconditioner, preconditionerNames()); err != nil {
			return err
		}
	}
	if math.IsNaN(o.Tol) || o.Tol < 0 || o.Tol >= 1 {
		return &solver.OptionError{Name: "tol", Value: fmt.Sprint(o.Tol), Want: "a number in (0, 1)"}
	}
	for _, x := range []struct {
		name  string
		value float64
	}{{"abs-tol", o.AbsTol}, {"damp", o.Damp}} {
		if math.IsNaN(x.value) || math.IsInf(x.value, 0) || x.value < 0 {
			return &solver.OptionError{Name: x.name, Value: fmt.Sprint(x.value), Want: "a number that is not negative"}
		}
	}
	for _, x := range []struct {
		name  string
		value int
	}{{"max-iter", o.MaxIter}, {"restart", o.Restart}, {"directions", o.Directions}, {"deflate", o.Deflate}, {"degree", o.Degree}} {
		if x.value < 0 {
			return &solver.OptionError{Name: x.name, Value: fmt.Sprint(x.value), Want: "a positive number"}
		}
	}
	return nil
}

func known(what, name string, names []string) error {
	if slices.Contains(names, name) {
		return nil
	}
	return &solver.OptionError{Name: what, Value: name, Want: fmt.Sprintf("one of %v", names)}
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

// or is x unless that is zero.
func or(x, otherwise int) int {
	if x != 0 {
		return x
	}
	return otherwise
}
