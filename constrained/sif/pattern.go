package sif

import (
	"encoding/binary"
	"math"
	"slices"

	"solve/solver"
)

// sparsity is a sparse matrix without values, by compressed rows.
type sparsity struct {
	start  []int64
	column []int32
}

// find is the place of an entry that is there.
func (s *sparsity) find(i, j int32) int32 {
	lo := s.start[i]
	k, _ := slices.BinarySearch(s.column[lo:s.start[i+1]], j)
	return int32(lo) + int32(k)
}

// bytesPerSlope is what a variable of an element takes for each use of the
// element: its place in a group, in the Jacobian and in the gradient of the group.
const bytesPerSlope = 24

// checkJacobian refuses problems whose groups depend on too many variables.
func (f *evaluator) checkJacobian(limit int64) error {
	need := int64(0)
	for i := range f.groups {
		need += bytesPerSlope * int64(len(f.groups[i].linear))
		for _, u := range f.groups[i].uses {
			need += bytesPerSlope * int64(len(f.kernels[f.kernelOf[u.element]].gradient))
		}
	}
	if need > limit {
		return &solver.TooLargeError{What: "the Jacobian", Need: need, Have: limit}
	}
	return nil
}

// supports finds for every group the variables that α depends on, increasing,
// and for every use of an element where its slopes go there.
func (f *evaluator) supports() {
	f.supportStart = make([]int64, len(f.groups)+1)
	mark := make([]int32, f.n)
	for i := range mark {
		mark[i] = -1
	}
	for i := range f.groups {
		g := &f.groups[i]
		from := len(f.support)
		add := func(j int32) {
			if mark[j] != int32(i) {
				mark[j] = int32(i)
				f.support = append(f.support, j)
			}
		}
		for _, t := range g.linear {
			add(t.variable)
		}
		for _, u := range g.uses {
			k, at := f.place(u.element)
			for _, v := range k.gradient {
				add(k.vars[at*k.variables+int(v)])
			}
		}
		slices.Sort(f.support[from:])
		f.supportStart[i+1] = int64(len(f.support))
	}
	f.positions()
}

// positions notes where in its group's support each linear term and each slope
// belongs.
func (f *evaluator) positions() {
	at := make([]int32, f.n)
	for i := range f.groups {
		g := &f.groups[i]
		for k, j := range f.support[f.supportStart[i]:f.supportStart[i+1]] {
			at[j] = int32(k)
		}
		for _, t := range g.linear {
			f.linearAt = append(f.linearAt, at[t.variable])
		}
		for _, u := range g.uses {
			k, e := f.place(u.element)
			for _, v := range k.gradient {
				f.slopeAt = append(f.slopeAt, at[k.vars[e*k.variables+int(v)]])
			}
		}
	}
}

// place is the kernel of an element and its number there.
func (f *evaluator) place(e int32) (*kernel, int) {
	k := f.kernels[f.kernelOf[e]]
	return k, int(e) - k.base
}

// jacobianPattern collects the supports of the constraints.
func (f *evaluator) jacobianPattern() {
	f.jacobian.start = make([]int64, 1, f.m+1)
	for i := range f.groups {
		if f.row[i] >= 0 {
			f.jacobian.column = append(f.jacobian.column, f.support[f.supportStart[i]:f.supportStart[i+1]]...)
			f.jacobian.start = append(f.jacobian.start, int64(len(f.jacobian.column)))
		}
	}
}

// curved tells whether a group adds g″∇α∇αᵀ to the Hessian.
func (f *evaluator) curved(i int) bool {
	return f.groupKernelOf[i] >= 0 && !f.groupKernels[f.groupKernelOf[i]].straight
}

// bytesPerPair is what an entry of the Hessian takes for each time that it is
// added to, with the memory to find the pattern.
const bytesPerPair = 24

// countPairs is how many additions an evaluation of the Hessian makes, those of
// groups with one support counted once.
func (f *evaluator) countPairs() int64 {
	total := float64(len(f.quadratic))
	for _, k := range f.kernels {
		total += float64(k.count) * float64(len(k.hessian))
	}
	f.outerOf = make([]int32, len(f.groups))
	known := map[string]int32{}
	var key []byte
	for i := range f.groups {
		f.outerOf[i] = -1
		if !f.curved(i) {
			continue
		}
		support := f.support[f.supportStart[i]:f.supportStart[i+1]]
		key = key[:0]
		for _, j := range support {
			key = binary.LittleEndian.AppendUint32(key, uint32(j))
		}
		id, ok := known[string(key)]
		if !ok {
			id = int32(len(f.outer))
			known[string(key)] = id
			f.outer = append(f.outer, outerProduct{support: support})
			total += float64(len(support)) * float64(len(support)+1) / 2
		}
		f.outerOf[i] = id
	}
	return int64(min(total, 1e17))
}

// outerProduct are the places of ∇α∇αᵀ in the Hessian, by rows of the lower
// triangle of the support.
type outerProduct struct {
	support []int32
	at      []int32
}

// hessianPattern finds the pattern and where everything goes in it.
func (f *evaluator) hessianPattern(limit int64) error {
	pairs := f.countPairs()
	if need := pairs * bytesPerPair; need > limit || pairs > math.MaxInt32 {
		return &solver.TooLargeError{What: "the Hessian of the Lagrangian", Need: need, Have: min(limit, math.MaxInt32*bytesPerPair)}
	}
	start := make([]int64, f.n+1)
	f.eachPair(func(i, j int32) { start[i+1]++ })
	for i := range f.n {
		start[i+1] += start[i]
	}
	columns := make([]int32, start[f.n])
	next := slices.Clone(start)
	f.eachPair(func(i, j int32) {
		columns[next[i]] = j
		next[i]++
	})
	f.hessian.start = make([]int64, f.n+1)
	kept := 0
	for i := range f.n {
		row := columns[start[i]:start[i+1]]
		slices.Sort(row)
		row = slices.Compact(row)
		kept += copy(columns[kept:], row)
		f.hessian.start[i+1] = int64(kept)
	}
	f.hessian.column = slices.Clip(columns[:kept])
	f.hessianPositions()
	return nil
}

// eachPair visits the entries of the lower triangle that something is added to.
func (f *evaluator) eachPair(visit func(i, j int32)) {
	for _, t := range f.quadratic {
		visit(t.group, t.variable)
	}
	for _, k := range f.kernels {
		for e := range k.count {
			vars := k.vars[e*k.variables:]
			for _, p := range k.hessian {
				i, j := vars[p[0]], vars[p[1]]
				visit(max(i, j), min(i, j))
			}
		}
	}
	for _, o := range f.outer {
		for a, i := range o.support {
			for _, j := range o.support[:a+1] {
				visit(i, j)
			}
		}
	}
}

// hessianPositions notes where each addition goes; ^place = twice, for two
// elemental variables that are one variable.
func (f *evaluator) hessianPositions() {
	for _, t := range f.quadratic {
		f.quadraticAt = append(f.quadraticAt, f.hessian.find(t.group, t.variable))
	}
	f.hessianAt = make([][]int32, len(f.kernels))
	for n, k := range f.kernels {
		at := make([]int32, 0, k.count*len(k.hessian))
		for e := range k.count {
			vars := k.vars[e*k.variables:]
			for _, p := range k.hessian {
				i, j := vars[p[0]], vars[p[1]]
				place := f.hessian.find(max(i, j), min(i, j))
				if i == j && p[0] != p[1] {
					place = ^place
				}
				at = append(at, place)
			}
		}
		f.hessianAt[n] = at
	}
	for n := range f.outer {
		o := &f.outer[n]
		o.at = make([]int32, 0, len(o.support)*(len(o.support)+1)/2)
		for a, i := range o.support {
			row := f.hessian.column[f.hessian.start[i]:f.hessian.start[i+1]]
			k := 0
			for _, j := range o.support[:a+1] {
				if row[k] != j {
					skip, _ := slices.BinarySearch(row[k:], j)
					k += skip
				}
				o.at = append(o.at, int32(f.hessian.start[i])+int32(k))
			}
		}
	}
}
