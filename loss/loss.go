package loss

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"solve/solver"
)

// Loss is a separable data term F(η) = Σ_i w_i ℓ(η_i; y_i). The slices of one
// call have the same length; w nil means ones, w_i ≥ 0. Targets have passed
// CheckTarget. Outputs don't overlap inputs.
type Loss interface {
	// Name is the word that ByName takes.
	Name() string
	// Value returns F(η).
	Value(eta, y, w []float64) float64
	// Derivatives stores grad_i = w_i ℓ′(η_i; y_i) and, unless hess is nil,
	// hess_i = w_i ℓ″(η_i; y_i), and returns F(η).
	Derivatives(eta, y, w, grad, hess []float64) float64
	// Conjugate returns F*(θ) = Σ_i w_i ℓ*(θ_i/w_i; y_i), +Inf outside the
	// domain. A sample of weight 0 asks for θ_i = 0.
	Conjugate(theta, y, w []float64) float64
	// Curvature is sup ℓ″, +Inf where there is none.
	Curvature() float64
	// SelfConcordance is the least M with |ℓ‴| ≤ M ℓ″, +Inf where there is none.
	SelfConcordance() float64
	// CheckTarget returns a *TargetError for the first target outside the
	// loss's domain.
	CheckTarget(y []float64) error
}

// Names lists what ByName takes.
var Names = []string{"squared", "huber", "smooth-huber", "logistic", "poisson", "sqhinge", "hinge"}

// ByName returns the loss with that name. delta is the δ of the two Huber
// losses, positive and finite; the others ignore it. The errors are
// *solver.OptionError.
func ByName(name string, delta float64) (Loss, error) {
	switch name {
	case "huber", "smooth-huber":
		if !validDelta(delta) {
			return nil, &solver.OptionError{Name: "delta", Value: strconv.FormatFloat(delta, 'g', -1, 64), Want: "a positive finite number"}
		}
	}
	switch name {
	case "squared":
		return Squared(), nil
	case "huber":
		return Huber(delta), nil
	case "smooth-huber":
		return SmoothHuber(delta), nil
	case "logistic":
		return Logistic(), nil
	case "poisson":
		return Poisson(), nil
	case "sqhinge":
		return SquaredHinge(), nil
	case "hinge":
		return Hinge(), nil
	}
	return nil, &solver.OptionError{Name: "loss", Value: strconv.Quote(name), Want: "one of " + strings.Join(Names, ", ")}
}

func validDelta(delta float64) bool { return delta > 0 && !math.IsInf(delta, 1) }

// TargetError says which target a loss can't take.
type TargetError struct {
	Loss  string
	Index int // counts from 0
	Value float64
	Want  string // what the loss takes
	Err   error  // solver.ErrNonFinite, ErrNegative or ErrInput
}

func (e *TargetError) Error() string {
	return fmt.Sprintf("target %d is %v: the %s loss takes %s: %v", e.Index+1, e.Value, e.Loss, e.Want, e.Err)
}

func (e *TargetError) Unwrap() error { return e.Err }

// checkTargets returns a TargetError for the first target that is not finite
// or that ok refuses.
func checkTargets(loss, want string, y []float64, ok func(v float64) bool) error {
	for i, v := range y {
		if ok(v) && !math.IsInf(v, 0) {
			continue
		}
		e := &TargetError{Loss: loss, Index: i, Value: v, Want: want, Err: solver.ErrInput}
		switch {
		case math.IsNaN(v) || math.IsInf(v, 0):
			e.Err = solver.ErrNonFinite
		case v < 0 && loss == poissonName:
			e.Err = solver.ErrNegative
		}
		return e
	}
	return nil
}

func isFinite(v float64) bool { return v-v == 0 }

func isSign(v float64) bool { return v == 1 || v == -1 }
