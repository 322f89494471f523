package constrained

import (
	"context"
	"math"
)

// Shifts of the Hessian block (Wächter & Biegler 2006, algorithm IC).
const (
	firstShift    = 1e-4
	leastShift    = 1e-20
	mostShift     = 1e20
	rowShift      = 1e-8 // times μ^¼
	stickyEnd     = 1e-12
	stickyStep    = 1e-2
	alwaysSingled = 3 // iterations in a row with δ_c, until it is always used
)

// newton raises the shifts until the matrix that was filled in has the inertia
// (n, m, 0) and its system can be solved, and writes the solution. The error is
// errNoStep where no shift helps; others are not the method's to mend.
func (k *kkt) newton(ctx context.Context, mu float64, system eliminated, x []float64) error {
	dw, dc := 0.0, 0.0
	if k.sticky && k.lastShift > 0 {
		dw = k.nextShift(0)
	}
	row := rowShift * math.Pow(mu, 0.25)
	if k.degenerate && k.m > 0 {
		dc = row
	}
	for {
		system(dw, k.e, k.rhs)
		k.shift(dw, dc)
		positive, negative, zero, err := k.factor(ctx)
		if err != nil {
			return err
		}
		good := positive == k.n && negative == k.m && zero == 0
		if good && k.solve(k.rhs, x) <= refineTooMuch {
			k.used(dw, dc)
			return nil
		}
		if (good || zero > 0 || negative < k.m) && dc == 0 && k.m > 0 {
			dc = row
			continue
		}
		if dw = k.nextShift(dw); dw > mostShift {
			return errNoStep
		}
	}
}

// nextShift is the δ_w to try after dw.
func (k *kkt) nextShift(dw float64) float64 {
	switch {
	case dw == 0 && k.lastShift == 0:
		return firstShift
	case dw == 0:
		return max(leastShift, k.lastShift/3)
	case k.lastShift == 0 || dw > 1e5*k.lastShift:
		return 100 * dw
	}
	return 8 * dw
}

// used keeps what later iterations start from.
func (k *kkt) used(dw, dc float64) {
	if dw > 0 {
		k.lastShift = dw
	}
	if k.sticky && dw < stickyEnd {
		k.sticky = false
	}
	if dc > 0 {
		k.singular++
	} else {
		k.singular = 0
	}
	k.degenerate = k.degenerate || k.singular >= alwaysSingled
}

// stepped tells how long a step was taken: a short one without a shift, where
// others needed one, means that the reduced Hessian is nearly singular, and the
// next iterations start from a shift.
func (k *kkt) stepped(alpha float64) {
	if !k.noSticky && k.dw == 0 && k.lastShift > 0 && alpha < stickyStep {
		k.sticky = true
	}
}

// forget drops what was learnt of shifts.
func (k *kkt) forget() { k.lastShift, k.sticky = 0, false }
