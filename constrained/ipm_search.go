package constrained

import (
	"context"
	"math"
)

const (
	correctionsMost = 4    // second-order corrections of a step
	correctionFall  = 0.99 // each has to bring θ below that of the last
	dogAfter        = 10   // shortened iterations in a row, until the watchdog starts
	dogTrials       = 3
	tinySize        = 1e-8 // rounding of smaller unknowns is that of this size
)

// watchdog remembers where it started to take full steps without a test (R.
// Chamberlain, M. Powell, C. Lemaréchal, H. Pedersen 1982).
type watchdog struct {
	on           bool
	trials       int
	alpha        float64
	ref          reference
	v, y, zl, zu []float64
	p, dy        []float64
}

// searchResult is how a line search ended.
type searchResult int

const (
	moved     searchResult = iota
	noStep                 // every trial was refused
	undefined              // derivatives are not defined at the accepted point
)

func (s *interior) current() reference {
	return reference{s.theta, s.phi, dot(s.slope, s.p)}
}

// search takes a step along p, dy and returns its length.
func (s *interior) search(ctx context.Context) (alpha float64, result searchResult) {
	ref := s.current()
	longest := s.boundary(s.p)
	if s.tinyStep() {
		s.tiny++
		s.try(longest, s.p)
		return longest, s.take(longest)
	}
	s.tiny = 0
	if !s.dog.on && !s.set.noWatchdog && s.outer == nil && s.shortened >= dogAfter {
		s.startDog(ref, longest)
	}
	if s.dog.on {
		return s.dogStep(longest)
	}
	return s.backtrack(ref, longest, false)
}

// backtrack halves the step until a trial is accepted.
func (s *interior) backtrack(ref reference, longest float64, skipFirst bool) (alpha float64, result searchResult) {
	least := s.filter.shortest(ref)
	s.filter.refusedByEntry = false
	for trial, alpha := 0, longest; trial == 0 || alpha >= least; trial, alpha = trial+1, alpha/2 {
		if trial == 0 && skipFirst {
			continue
		}
		ok := s.try(alpha, s.p)
		if ok && s.filter.accepts(ref, alpha, s.trial.theta, s.trial.phi) {
			s.augment(ref, alpha)
			s.count(trial)
			return alpha, s.take(alpha)
		}
		if trial == 0 && ok && s.trial.theta >= ref.theta && s.m > 0 {
			if corrected, done := s.correct(ref, alpha); done {
				s.augment(ref, alpha)
				s.count(0)
				return alpha, s.take(corrected)
			}
		}
	}
	return 0, noStep
}

// augment enters the reference in the filter, unless the step was one of descent.
func (s *interior) augment(ref reference, alpha float64) {
	if !s.filter.switching(ref, alpha) || !ref.sufficient(alpha, s.trial.phi) {
		s.filter.add(ref.theta, ref.phi)
	}
	s.filter.searched()
}

func (s *interior) count(halvings int) {
	if halvings == 0 {
		s.shortened = 0
		return
	}
	s.shortened++
}

func (s *interior) take(alpha float64) searchResult {
	if !s.accept(alpha) {
		return undefined
	}
	return moved
}

// correct tries second-order corrections, which aim at the residual of the refused
// trial. The steps are kept when one is accepted, with its length.
func (s *interior) correct(ref reference, alpha float64) (length float64, ok bool) {
	copy(s.kept.p, s.p)
	copy(s.kept.dy, s.dy)
	copy(s.rowTarget, s.r)
	length = alpha
	last := math.Inf(1)
	for range correctionsMost {
		if s.trial.theta > correctionFall*last {
			break
		}
		last = s.trial.theta
		for i := range s.rowTarget {
			s.rowTarget[i] = length*s.rowTarget[i] + s.trial.r[i]
		}
		s.reduced(s.k.dw, s.k.e, s.k.rhs)
		if !(s.k.solve(s.k.rhs, s.sol) <= refineTooMuch) {
			break
		}
		s.unpack()
		length = s.boundary(s.p)
		if !s.try(length, s.p) {
			break
		}
		if s.filter.accepts(ref, alpha, s.trial.theta, s.trial.phi) {
			return length, true
		}
	}
	copy(s.p, s.kept.p)
	copy(s.dy, s.kept.dy)
	return alpha, false
}

// tinyStep tells whether the step is lost in the rounding of v.
func (s *interior) tinyStep() bool {
	if s.theta > 1e-4 {
		return false
	}
	for j, d := range s.p {
		if math.Abs(d) > roundSlack*(tinySize+math.Abs(s.v[j])) {
			return false
		}
	}
	return true
}

func (s *interior) startDog(ref reference, longest float64) {
	d := &s.dog
	d.on, d.trials, d.alpha, d.ref = true, 0, longest, ref
	d.v, d.y = append(d.v[:0], s.v...), append(d.y[:0], s.y...)
	d.zl, d.zu = append(d.zl[:0], s.zl...), append(d.zu[:0], s.zu...)
	d.p, d.dy = append(d.p[:0], s.p...), append(d.dy[:0], s.dy...)
}

// dogStep takes the full step whatever it brings, up to dogTrials times while none
// is accepted against where the watchdog started; then it goes back there.
func (s *interior) dogStep(longest float64) (alpha float64, result searchResult) {
	d := &s.dog
	ok := s.try(longest, s.p)
	if ok && s.filter.accepts(d.ref, d.alpha, s.trial.theta, s.trial.phi) {
		s.augment(d.ref, d.alpha)
		s.stopDog()
		return longest, s.take(longest)
	}
	if d.trials++; ok && d.trials <= dogTrials {
		if s.take(longest) == moved {
			return longest, moved
		}
	}
	copy(s.v, d.v)
	copy(s.y, d.y)
	copy(s.zl, d.zl)
	copy(s.zu, d.zu)
	copy(s.p, d.p)
	copy(s.dy, d.dy)
	ref, first := d.ref, d.alpha
	s.stopDog()
	if !s.q.first(s.pt) {
		return 0, undefined
	}
	s.gradients()
	return s.backtrack(ref, first, true)
}

func (s *interior) stopDog() { s.dog.on, s.shortened = false, 0 }
