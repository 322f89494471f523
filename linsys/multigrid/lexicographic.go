package multigrid

import (
	"context"
	"errors"
	"slices"

	"solve/internal/par"
	"solve/matrix"
)

// Cells removed from a box in natural order leave the numbers of the others
// in lexicographic order of (x,y,z). Unknowns that follow one another and are
// linked form a run along z, and everything else is settled run by run: a
// link between two runs leads along x or y, and fixes how far they are
// shifted against each other along z. Of two earlier neighbours that are not
// the previous unknown the first lies across x and the second across y (and
// the other way round for later ones); what neither tells is left to the
// links between runs whose places are known, and to the order.

// run is a maximal sequence of unknowns along z.
type run struct {
	first, size int32
	at          point // of its first cell, relative to parent
	parent      int32
}

// runLink says that run r lies across x or y from the earlier run s and
// starts shift cells above it. kind is 0 where that is not known yet; follows
// marks r as the successor of s, so that the link may lead along z as well.
type runLink struct {
	r, s, shift int32
	kind        byte
	follows     bool
}

type lexicon struct {
	a     *matrix.CSR
	rows  *stretches
	runs  []run
	runOf []int32
	links []runLink
	has3d bool
}

var (
	errNotLexicographic = errors.New("links contradict an order along z, y and x")
	errManyBackward     = errors.New("more than three earlier neighbours")
	errNotPrevious      = errors.New("of three earlier neighbours none is the previous unknown")
)

// lexicographic reads the numbering as that of a box with cells removed. The
// error says why it isn't one.
func lexicographic(a *matrix.CSR, rows *stretches) (*lexicon, error) {
	l := &lexicon{a: a, rows: rows, runOf: make([]int32, a.Rows)}
	if err := l.collect(); err != nil {
		return nil, err
	}
	return l, l.place()
}

// earlier returns the earlier neighbours of unknown v but for v−1, and
// whether v−1 is one.
func (l *lexicon) earlier(v int) (others []int32, previous bool) {
	col := l.a.Col[l.a.RowPtr[v]:l.a.RowPtr[v+1]]
	k := 0
	for k < len(col) && int(col[k]) < v {
		k++
	}
	if k > 0 && int(col[k-1]) == v-1 {
		return col[:k-1], true
	}
	return col[:k], false
}

// later returns the later neighbours of unknown v but for v+1.
func (l *lexicon) later(v int) []int32 {
	col := l.a.Col[l.a.RowPtr[v]:l.a.RowPtr[v+1]]
	k := len(col)
	for k > 0 && int(col[k-1]) > v {
		k--
	}
	if k < len(col) && int(col[k]) == v+1 {
		k++
	}
	return col[k:]
}

func (l *lexicon) collect() error {
	var before []int32
	for c := range l.rows.heads {
		err := l.rows.each(c, func(v, end int) error {
			for at := v; at < end; {
				if skip := l.goesOn(at, end, at > v); skip > 0 {
					at += skip
					before, _ = l.earlier(at - 1)
					continue
				}
				var err error
				if before, err = l.read(at, before); err != nil {
					return err
				}
				at++
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// read takes in row v; before are the other earlier neighbours of v−1.
func (l *lexicon) read(v int, before []int32) ([]int32, error) {
	others, previous := l.earlier(v)
	if len(others) > 2 {
		return nil, errManyBackward
	}
	if len(others) == 2 {
		l.has3d = true
		if !previous && l.a.RowPtr[v+1]-l.a.RowPtr[v] == 7 {
			return nil, errNotPrevious
		}
	}
	switch {
	case previous && (len(others) == 2 || l.continues(v, before, others)):
		l.runs[len(l.runs)-1].size++
	default:
		r := int32(len(l.runs))
		l.runs = append(l.runs, run{first: int32(v), size: 1, parent: r})
		if previous {
			l.links = append(l.links, runLink{r: r, s: r - 1, shift: l.runs[r-1].size, follows: true})
		}
	}
	r := int32(len(l.runs) - 1)
	l.runOf[v] = r
	for k, b := range others {
		l.link(r, int32(v), b, l.kind(v, int(b), k, len(others)))
	}
	return others, nil
}

// goesOn adds rows v, v+1, … < end to the last run as long as each repeats
// that before it within the same runs, which tells nothing new, and returns
// how many. Within a stretch all of them are known to repeat their row.
func (l *lexicon) goesOn(v, end int, within bool) int {
	if !within {
		end = v + 1
		if !l.repeats(v) {
			return 0
		}
	}
	if v < 2 || l.runOf[v-1] != l.runOf[v-2] {
		return 0
	}
	others, previous := l.earlier(v - 1)
	if !previous {
		return 0
	}
	count := end - v
	for _, b := range others {
		s := &l.runs[l.runOf[b]]
		count = min(count, int(s.first+s.size-1-b))
	}
	if count <= 0 {
		return 0
	}
	r := len(l.runs) - 1
	l.runs[r].size += int32(count)
	for k := range count {
		l.runOf[v+k] = int32(r)
	}
	return count
}

// repeats reports whether row v is row v−1 moved by one, whatever its values.
func (l *lexicon) repeats(v int) bool {
	ptr := l.a.RowPtr
	if v == 0 || ptr[v+1]-ptr[v] != ptr[v]-ptr[v-1] {
		return false
	}
	col, last := l.a.Col[ptr[v]:ptr[v+1]], l.a.Col[ptr[v-1]:ptr[v]]
	for k, c := range last {
		if col[k] != c+1 {
			return false
		}
	}
	return true
}

// continues reports whether unknown v, linked to v−1, goes on along z: then
// what the two have in common is shifted by one.
func (l *lexicon) continues(v int, before, others []int32) bool {
	return shiftedByOne(before, others) && shiftedByOne(l.later(v-1), l.later(v))
}

func shiftedByOne(a, b []int32) bool {
	if len(a) != len(b) {
		return true
	}
	for k := range a {
		if b[k] != a[k]+1 {
			return false
		}
	}
	return true
}

// kind tells what the neighbours of v, or of b, give away of the link b–v,
// where b is number k of count.
func (l *lexicon) kind(v, b, k, count int) byte {
	if count == 2 {
		return "xy"[k]
	}
	if later := l.later(b); len(later) == 2 {
		if int(later[0]) == v {
			return 'y'
		}
		return 'x'
	}
	return 0
}

// recentLinks is how far back a repetition of a link is looked for.
const recentLinks = 6

func (l *lexicon) link(r, v, b int32, kind byte) {
	s := l.runOf[b]
	shift := (b - l.runs[s].first) - (v - l.runs[r].first)
	for k := len(l.links) - 1; k >= max(0, len(l.links)-recentLinks); k-- {
		old := &l.links[k]
		if old.r != r {
			break
		}
		if old.s == s && old.shift == shift && !old.follows && (old.kind == kind || old.kind == 0 || kind == 0) {
			if kind != 0 {
				old.kind = kind
			}
			return
		}
	}
	l.links = append(l.links, runLink{r: r, s: s, shift: shift, kind: kind})
}

// find returns the root of run r and its place relative to it.
func (l *lexicon) find(r int32) (root int32, at point) {
	for l.runs[r].parent != r {
		parent := l.runs[r].parent
		if up := &l.runs[parent]; up.parent != parent {
			l.runs[r].parent = up.parent
			l.runs[r].at = l.runs[r].at.plus(up.at)
			continue
		}
		return parent, l.runs[r].at
	}
	return r, point{}
}

// unite puts run r at step from run s; false where they are known to lie
// otherwise.
func (l *lexicon) unite(r, s int32, step point) bool {
	rr, ar := l.find(r)
	rs, as := l.find(s)
	want := as.plus(step)
	if rr == rs {
		return ar == want
	}
	// the later root hangs on the earlier one
	if rs < rr {
		l.runs[rr].parent, l.runs[rr].at = rs, want.minus(ar)
	} else {
		l.runs[rs].parent, l.runs[rs].at = rr, ar.minus(step).minus(as)
	}
	return true
}

// steps are the places where r may lie from s by a link.
func (k *runLink) steps(buf []point, flat bool) []point {
	buf = buf[:0]
	shift := k.shift
	if k.follows {
		buf = append(buf, point{0, 0, shift})
		shift--
	}
	if k.kind != 'x' && !flat {
		buf = append(buf, point{0, 1, shift})
	}
	if k.kind != 'y' {
		buf = append(buf, point{1, 0, shift})
	}
	return buf
}

// rounds bounds the passes over links that are not understood yet.
const rounds = 8

func (l *lexicon) place() error {
	open := l.links[:0]
	flat := !l.has3d
	var buf [3]point
	for _, k := range l.links {
		if steps := k.steps(buf[:], flat); len(steps) == 1 {
			if !l.unite(k.r, k.s, steps[0]) {
				return errNotLexicographic
			}
			continue
		}
		open = append(open, k)
	}
	for round := 0; round < rounds && len(open) > 0; round++ {
		left := open[:0]
		for _, k := range open {
			settled, err := l.settle(&k, k.steps(buf[:], flat), round >= rounds/2)
			if err != nil {
				return err
			}
			if !settled {
				left = append(left, k)
			}
		}
		open = left
	}
	return nil
}

// settle tries to decide an open link: by the places of its runs, or by the
// only step that keeps the order. When late, a follower goes on along z.
func (l *lexicon) settle(k *runLink, steps []point, late bool) (bool, error) {
	rr, ar := l.find(k.r)
	rs, as := l.find(k.s)
	if rr == rs {
		if !slices.Contains(steps, ar.minus(as)) {
			return false, errNotLexicographic
		}
		return true, nil
	}
	var only point
	count := 0
	for _, step := range steps {
		if l.ordered(k.r, k.s, as.plus(step).minus(ar)) {
			if count == 0 || !(late && k.follows) {
				only = step
			}
			count++
		}
	}
	switch {
	case count == 0:
		return false, errNotLexicographic
	case count == 1 || late && k.follows:
		return l.unite(k.r, k.s, only), nil
	}
	return false, nil
}

// ordered reports whether the order stands when the piece of r is moved by
// shift in the frame of the piece of s, as far as the runs next to r and s
// in number tell.
func (l *lexicon) ordered(r, s int32, shift point) bool {
	rr, _ := l.find(r)
	rs, _ := l.find(s)
	for _, near := range [2]int32{r, s} {
		for q := max(near-2, 0); q <= min(near+2, int32(len(l.runs)-1)); q++ {
			root, at := l.find(q)
			_, own := l.find(near)
			switch {
			case q == near || near == r && root != rs || near == s && root != rr:
				continue
			case near == r:
				own = own.plus(shift)
			default:
				at = at.plus(shift)
			}
			if q < near && !l.precedes(q, at, own) || q > near && !l.precedes(near, own, at) {
				return false
			}
		}
	}
	return true
}

// precedes reports whether run q at the given place ends before next.
func (l *lexicon) precedes(q int32, at, next point) bool {
	at.z += l.runs[q].size - 1
	return at.compare(next) < 0
}

// pieces returns the places of all runs and their pieces, numbered in order
// of appearance, after checking that each piece is in order.
func (l *lexicon) pieces() (at []point, piece []int32, count int, err error) {
	at, piece = make([]point, len(l.runs)), make([]int32, len(l.runs))
	number := make([]int32, len(l.runs)) // of a root, from 1
	var last []int32                     // run of each piece
	for r := range l.runs {
		root, p := l.find(int32(r))
		at[r] = p
		if number[root] == 0 {
			last = append(last, int32(r))
			number[root] = int32(len(last))
		} else if q := last[number[root]-1]; !l.precedes(q, at[q], p) {
			return nil, nil, 0, errNotLexicographic
		}
		piece[r] = number[root] - 1
		last[piece[r]] = int32(r)
	}
	return at, piece, len(last), nil
}

// eachRun calls fn for every run, on several threads.
func (l *lexicon) eachRun(threads int, fn func(r int)) {
	const chunk = 1 << 10
	par.For(threads, par.Chunks(len(l.runs), chunk), func(c int) {
		lo, hi := par.Bounds(c, len(l.runs), chunk)
		for r := lo; r < hi; r++ {
			fn(r)
		}
	})
}

// grid builds the grid.
func (l *lexicon) grid(ctx context.Context, opt *DetectOptions) (*Grid, error) {
	const how = "cells removed from a box in natural order"
	at, piece, count, err := l.pieces()
	if err != nil {
		return nil, refuse("%v", err)
	}
	if count > 1 {
		p := &placement{at: make([]point, l.a.Rows), piece: l.runOf, count: count}
		l.eachRun(opt.Threads, func(r int) {
			for k := range l.runs[r].size {
				v := l.runs[r].first + k
				p.at[v], p.piece[v] = at[r].plus(point{0, 0, k}), piece[r]
			}
		})
		return placedGrid(ctx, l.a, p, opt, how, false)
	}
	low, high := at[0], at[0]
	for r, p := range at {
		low = point{min(low.x, p.x), min(low.y, p.y), min(low.z, p.z)}
		high = point{max(high.x, p.x), max(high.y, p.y), max(high.z, p.z+l.runs[r].size-1)}
	}
	side, err := boxSide(low, high, l.a.Rows)
	if err != nil {
		return nil, err
	}
	cell := l.runOf // no longer needed
	l.eachRun(opt.Threads, func(r int) {
		p := at[r].minus(low)
		start := (p.x*side.y+p.y)*side.z + p.z
		for k := range l.runs[r].size {
			cell[l.runs[r].first+k] = start + k
		}
	})
	return found(ctx, l.a, int(side.x), int(side.y), int(side.z), cell, l.rows, opt, how)
}
