package multigrid

import (
	"solve/internal/kern"
	"solve/internal/par"
)

// The cycle goes through each level in wavefronts over planes, so that a
// plane is read from memory once on the way down and once on the way up:
//
//	down: colour 0 of plane i, colour 1 of plane i−1, residual of the boxes behind
//	up:   correction of plane i, colour 1 of plane i−1, colour 0 of plane i−2
//
// Blocks of planes run side by side; what depends on two blocks, a few planes
// at the seam, is done after both. A colour reads only the other, so neither
// the cut nor the number of threads changes a bit.

// fwBlock is a range of planes and what of it can be done without its
// neighbours.
type fwBlock struct {
	lo, hi           int
	blackLo, blackHi int // colour 1
	redLo, redHi     int // colour 0, on the way up
	boxLo, boxHi     int // planes of the next level
}

// fwSeam is what is left between two blocks that meet at plane at.
type fwSeam struct{ at, boxLo, boxHi int }

const (
	parallelCells  = 1 << 14 // smaller levels run on one thread
	planesPerBlock = 8
)

// schedule cuts the planes into blocks.
func (l *fwLevel[T]) schedule(threads int) {
	planes, f := l.faces.Planes, l.factor[0]
	if f == 0 {
		f = 1
	}
	boxes := (planes + f - 1) / f
	count := min(par.Threads(threads), boxes*f/planesPerBlock)
	if l.cells() < parallelCells || count < 1 {
		count = 1
	}
	l.blocks, l.seams = nil, nil
	for t := range count {
		lo, hi := t*boxes/count*f, min((t+1)*boxes/count*f, planes)
		k := fwBlock{lo: lo, hi: hi, blackLo: lo, blackHi: hi, redLo: lo, redHi: hi, boxLo: lo / f, boxHi: (hi + f - 1) / f}
		if t > 0 {
			k.blackLo, k.redLo, k.boxLo = lo+1, lo+2, (lo+1+f)/f
			l.seams = append(l.seams, fwSeam{at: lo, boxLo: l.blocks[t-1].boxHi, boxHi: k.boxLo})
		}
		if t < count-1 {
			k.blackHi, k.redHi, k.boxHi = hi-1, hi-2, (hi-2)/f
		}
		l.blocks = append(l.blocks, k)
	}
}

// fwHierarchy is the hierarchy in one precision.
type fwHierarchy[T kern.Real] struct {
	level    []*fwLevel[T]
	omega    [2]T // colour 0, colour 1
	theta    [3]T // levels 0, 1 and the rest
	threads  int
	coarse   *fwCoarsest[T]
	start    kern.Mix[T] // residual after a start from 0
	full     kern.Mix[T] // residual in general
	transfer *fwTransfer[T]
	krylov   *fwKrylov[T]
	outer    *fwKrylov[T] // works along on level 0; nil outside PCG
	down     []func(block int)
	up       []func(block int)
}

// bind prepares the cycle: function values are made once, so that a cycle
// allocates nothing.
func (h *fwHierarchy[T]) bind() {
	h.start[0].B, h.start[0].S = 1-h.omega[0], 1
	h.start[1].D = 1/h.omega[1] - 1
	for colour := range h.full {
		h.full[colour].B, h.full[colour].D, h.full[colour].S = 1, -1, 1
	}
	for k, l := range h.level {
		l.schedule(h.threads)
		lines := 1
		if l.factor[1] > 0 {
			lines = (l.faces.Lines + l.factor[1] - 1) / l.factor[1]
		}
		l.sums = make([][]T, len(l.blocks))
		for t := range l.sums {
			l.sums[t] = make([]T, lines*l.faces.N)
		}
		h.down = append(h.down, func(t int) { h.downBlock(k, &l.blocks[t], l.sums[t]) })
		h.up = append(h.up, func(t int) { h.upBlock(k, &l.blocks[t]) })
	}
}

func (h *fwHierarchy[T]) thetaOf(k int) T { return h.theta[min(k, 2)] }

// cycle applies the preconditioner: x of level 0 from its b. It reports false
// where PCG had enough before it was done.
func (h *fwHierarchy[T]) cycle() bool { return h.visit(0, true) }

// visit runs one cycle on level k and those below it, from x = 0 or from the
// x that is there.
func (h *fwHierarchy[T]) visit(k int, zero bool) bool {
	l := h.level[k]
	if k == len(h.level)-1 {
		return h.visitCoarsest(l, k == 0)
	}
	l.zero = zero
	par.For(h.threads, len(l.blocks), h.down[k])
	for _, s := range l.seams {
		h.black(l, s.at-1)
		h.black(l, s.at)
		for i := s.boxLo; i < s.boxHi; i++ {
			h.restrict(k, i, l.sums[0])
		}
	}
	if k == 0 && h.outer != nil && !h.outer.goesOn() {
		return false
	}
	h.visit(k+1, true)
	if k+1 < len(h.level)-1 { // more of the coarsest would change nothing
		for range l.cycles - 1 {
			h.visit(k+1, false)
		}
	}
	par.For(h.threads, len(l.blocks), h.up[k])
	for _, s := range l.seams {
		for i := s.at - 1; i <= s.at; i++ {
			l.relaxUp(i, 1, h.omega[1])
		}
		for i := s.at - 2; i <= s.at+1; i++ {
			h.lastRed(k, i)
		}
	}
	return true
}

func (h *fwHierarchy[T]) visitCoarsest(l *fwLevel[T], finest bool) bool {
	outer := h.outer
	if !finest {
		outer = nil
	}
	if outer != nil {
		for i := range l.faces.Planes {
			outer.before(i)
		}
		if !outer.goesOn() {
			return false
		}
	}
	h.coarse.solve(l)
	if outer != nil {
		for i := range l.faces.Planes {
			outer.after(i)
		}
	}
	return true
}

// lastRed relaxes colour 0 on the way up, with which plane i is done.
func (h *fwHierarchy[T]) lastRed(k, i int) {
	h.level[k].relaxUp(i, 0, h.omega[0])
	if k == 0 && h.outer != nil {
		h.outer.after(i)
	}
}

// red relaxes colour 0 on the way down. After an earlier visit, which ended
// with that, there is nothing left to relax unless it was over-relaxed.
func (h *fwHierarchy[T]) red(l *fwLevel[T], i int) {
	switch {
	case l.zero:
		l.startRed(i, h.omega[0])
	case h.omega[0] != 1 || l.mixed:
		l.relaxDown(i, 0, h.omega[0], false)
	}
}

func (h *fwHierarchy[T]) black(l *fwLevel[T], i int) { l.relaxDown(i, 1, h.omega[1], l.zero) }

func (h *fwHierarchy[T]) restrict(k, i int, sums []T) {
	l := h.level[k]
	mix, short := &h.full, l.zero && !l.mixed
	if short {
		mix = &h.start
	}
	l.restrict(h.level[k+1], i, mix, short, sums)
}

func (h *fwHierarchy[T]) downBlock(k int, t *fwBlock, sums []T) {
	l := h.level[k]
	f := l.factor[0]
	box := t.boxLo
	for i := t.lo; i <= t.hi; i++ {
		if i < t.hi {
			if k == 0 && h.outer != nil {
				h.outer.before(i)
			}
			h.red(l, i)
		}
		p := i - 1
		if p < t.blackLo || p >= t.blackHi {
			continue
		}
		h.black(l, p)
		for ; box < t.boxHi && (box+1)*f <= p; box++ {
			h.restrict(k, box, sums)
		}
	}
	for ; box < t.boxHi; box++ {
		h.restrict(k, box, sums)
	}
}

func (h *fwHierarchy[T]) upBlock(k int, t *fwBlock) {
	l, c, theta := h.level[k], h.level[k+1], h.thetaOf(k)
	for i := t.lo; i < t.hi+2; i++ {
		if i < t.hi {
			l.prolong(c, i, theta)
		}
		if p := i - 1; p >= t.blackLo && p < t.blackHi {
			l.relaxUp(p, 1, h.omega[1])
		}
		if p := i - 2; p >= t.redLo && p < t.redHi {
			h.lastRed(k, p)
		}
	}
}
