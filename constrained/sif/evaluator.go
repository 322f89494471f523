package sif

import (
	"slices"
)

// evaluator computes the functions of a problem; it implements
// constrained.Functions. Nothing is allocated after its construction.
type evaluator struct {
	*structure
	kernels       []*kernel
	kernelOf      []int32 // of elements
	groupKernels  []*groupKernel
	groupKernelOf []int32 // −1 = the identity

	support      []int32 // the variables of each group
	supportStart []int64
	linearAt     []int32 // place of each linear term in its group's support
	slopeAt      []int32 // place of each slope of each use
	jacobian     sparsity

	hessian     sparsity
	quadraticAt []int32
	hessianAt   [][]int32 // by kernel: place of each output for each element
	outer       []outerProduct
	outerOf     []int32 // of groups; −1 = none

	values                   []float64 // of elements
	alpha, g, slope, bending []float64 // of groups: α, g(α), g′, g″
	weights                  []float64 // of elements in the Hessian
	work                     []float64 // ∇α on a support
	at                       []float64 // the point of alpha and of the slopes of elements
	fresh                    bool
}

// newEvaluator compiles the functions. Elements are put in the order of the
// kernels, uses included.
func newEvaluator(s *structure, limit int64) (*evaluator, error) {
	f := &evaluator{structure: s}
	if err := f.buildKernels(); err != nil {
		return nil, err
	}
	if err := f.buildGroupKernels(); err != nil {
		return nil, err
	}
	if err := f.checkJacobian(limit); err != nil {
		return nil, err
	}
	f.supports()
	f.jacobianPattern()
	if err := f.hessianPattern(limit); err != nil {
		return nil, err
	}
	longest := int64(0)
	for i := range s.groups {
		longest = max(longest, f.supportStart[i+1]-f.supportStart[i])
	}
	groups := len(s.groups)
	f.values, f.weights = make([]float64, len(s.elements)), make([]float64, len(s.elements))
	f.alpha, f.g, f.slope, f.bending = make([]float64, groups), make([]float64, groups), make([]float64, groups), make([]float64, groups)
	f.work, f.at = make([]float64, longest), make([]float64, s.n)
	return f, nil
}

func (f *evaluator) buildKernels() error {
	var types []*elementType
	of := map[*elementType]int32{}
	var counts []int
	for i := range f.elements {
		t := f.elements[i].typ
		id, ok := of[t]
		if !ok {
			id = int32(len(types))
			of[t], types, counts = id, append(types, t), append(counts, 0)
		}
		counts[id]++
	}
	base := 0
	for i, t := range types {
		k, err := newKernel(t, counts[i])
		if err != nil {
			return err
		}
		k.base = base
		base += counts[i]
		k.slopes = make([]float64, counts[i]*len(k.gradient))
		f.kernels = append(f.kernels, k)
	}
	f.sortElements(of)
	return nil
}

// sortElements renumbers the elements so that those of a kernel follow one
// another.
func (f *evaluator) sortElements(of map[*elementType]int32) {
	number := make([]int32, len(f.elements))
	sorted := make([]element, len(f.elements))
	f.kernelOf = make([]int32, len(f.elements))
	for i := range f.elements {
		x := &f.elements[i]
		id := of[x.typ]
		k := f.kernels[id]
		number[i] = int32(k.base + k.count)
		sorted[number[i]], f.kernelOf[number[i]] = *x, id
		k.count++
		k.vars = append(k.vars, x.variables...)
		k.values = append(k.values, x.values...)
	}
	f.elements = sorted
	for i := range f.groups {
		for k := range f.groups[i].uses {
			u := &f.groups[i].uses[k]
			u.element = number[u.element]
		}
	}
}

func (f *evaluator) buildGroupKernels() error {
	of := map[*groupType]int32{}
	counts := map[*groupType]int{}
	for i := range f.groups {
		if t := f.groups[i].typ; t != nil {
			counts[t]++
		}
	}
	f.groupKernelOf = make([]int32, len(f.groups))
	for i := range f.groups {
		g := &f.groups[i]
		f.groupKernelOf[i] = -1
		if g.typ == nil {
			continue
		}
		id, ok := of[g.typ]
		if !ok {
			k, err := newGroupKernel(g.typ, counts[g.typ])
			if err != nil {
				return err
			}
			id = int32(len(f.groupKernels))
			of[g.typ] = id
			f.groupKernels = append(f.groupKernels, k)
		}
		f.groupKernelOf[i] = id
		k := f.groupKernels[id]
		k.groups = append(k.groups, int32(i))
		k.values = append(k.values, g.values...)
	}
	return nil
}

// JacobianPattern implements constrained.Functions.
func (f *evaluator) JacobianPattern() (start []int64, column []int32) {
	return f.jacobian.start, f.jacobian.column
}

// HessianPattern implements constrained.Functions.
func (f *evaluator) HessianPattern() (start []int64, column []int32) {
	return f.hessian.start, f.hessian.column
}

// sums writes α of all groups.
func (f *evaluator) sums(x []float64, slopes bool) {
	for _, k := range f.kernels {
		k.evaluate(x, f.values, slopes)
	}
	for i := range f.groups {
		g := &f.groups[i]
		sum := -g.constant
		for _, t := range g.linear {
			sum += t.value * x[t.variable]
		}
		for _, u := range g.uses {
			sum += u.weight * f.values[u.element]
		}
		f.alpha[i] = sum
	}
	copy(f.g, f.alpha)
}

// gather adds up the groups and the quadratic form.
func (f *evaluator) gather(x, c []float64) float64 {
	objective := 0.0
	for i := range f.groups {
		v := f.g[i] / f.groups[i].scale
		if r := f.row[i]; r >= 0 {
			c[r] = v
		} else {
			objective += v
		}
	}
	for _, t := range f.quadratic {
		if t.group == t.variable {
			objective += 0.5 * t.value * x[t.variable] * x[t.variable]
		} else {
			objective += t.value * x[t.group] * x[t.variable]
		}
	}
	return objective
}

// Values implements constrained.Functions.
func (f *evaluator) Values(x, c []float64) float64 {
	f.fresh = f.fresh && slices.Equal(f.at, x)
	f.sums(x, false)
	for _, k := range f.groupKernels {
		k.evaluate(f.alpha, f.g)
	}
	return f.gather(x, c)
}

// First implements constrained.Functions.
func (f *evaluator) First(x, c, gradient, jacobian []float64) float64 {
	f.refresh(x)
	for i := range f.slope {
		f.slope[i] = 1
	}
	for _, k := range f.groupKernels {
		k.evaluate(f.alpha, f.g, f.slope)
	}
	clear(gradient)
	linear, at := f.linearAt, f.slopeAt
	for i := range f.groups {
		size := f.supportStart[i+1] - f.supportStart[i]
		row := f.work[:size]
		if r := f.row[i]; r >= 0 {
			row = jacobian[f.jacobian.start[r]:f.jacobian.start[r+1]]
		}
		linear, at = f.gradientOf(i, row, linear, at)
		by := f.slope[i] / f.groups[i].scale
		if f.row[i] >= 0 {
			for k := range row {
				row[k] *= by
			}
			continue
		}
		for k, j := range f.support[f.supportStart[i]:f.supportStart[i+1]] {
			gradient[j] += by * row[k]
		}
	}
	for _, t := range f.quadratic {
		gradient[t.group] += t.value * x[t.variable]
		if t.group != t.variable {
			gradient[t.variable] += t.value * x[t.group]
		}
	}
	return f.gather(x, c)
}

// refresh makes alpha and the slopes of the elements those at x.
func (f *evaluator) refresh(x []float64) {
	if f.fresh && slices.Equal(f.at, x) {
		copy(f.g, f.alpha)
		return
	}
	f.sums(x, true)
	copy(f.at, x)
	f.fresh = true
}

// gradientOf writes ∇α of group i on its support, given the places of its terms
// at the front of linear and at, and returns what is left of these.
func (f *evaluator) gradientOf(i int, row []float64, linear, at []int32) ([]int32, []int32) {
	g := &f.groups[i]
	clear(row)
	for k := range g.linear {
		row[linear[k]] += g.linear[k].value
	}
	linear = linear[len(g.linear):]
	for _, u := range g.uses {
		k, e := f.place(u.element)
		n := len(k.gradient)
		for s, v := range k.slopes[e*n : e*n+n] {
			row[at[s]] += u.weight * v
		}
		at = at[n:]
	}
	return linear, at
}

// Hessian implements constrained.Functions.
func (f *evaluator) Hessian(x []float64, sigma float64, y, hessian []float64) {
	f.refresh(x)
	clear(hessian)
	for i := range f.slope {
		f.slope[i] = 1
	}
	for _, k := range f.groupKernels {
		k.evaluate(f.alpha, f.g, f.slope, f.bending)
	}
	clear(f.weights)
	linear, at := f.linearAt, f.slopeAt
	for i := range f.groups {
		g := &f.groups[i]
		by := sigma
		if r := f.row[i]; r >= 0 {
			by = y[r]
		}
		by /= g.scale
		if by != 0 {
			for _, u := range g.uses {
				f.weights[u.element] += by * f.slope[i] * u.weight
			}
		}
		if f.outerOf[i] >= 0 {
			row := f.work[:f.supportStart[i+1]-f.supportStart[i]]
			linear, at = f.gradientOf(i, row, linear, at)
			if by != 0 {
				f.outer[f.outerOf[i]].add(by*f.bending[i], row, hessian)
			}
			continue
		}
		linear = linear[len(g.linear):]
		for _, u := range g.uses {
			at = at[len(f.kernels[f.kernelOf[u.element]].gradient):]
		}
	}
	for k := range f.kernels {
		f.addKernel(k, x, hessian)
	}
	if sigma != 0 {
		for k, t := range f.quadratic {
			hessian[f.quadraticAt[k]] += sigma * t.value
		}
	}
}

// add adds by·row·rowᵀ.
func (o *outerProduct) add(by float64, row, hessian []float64) {
	at := o.at
	for a, v := range row {
		v *= by
		for b, w := range row[:a+1] {
			hessian[at[b]] += v * w
		}
		at = at[a+1:]
	}
}

// addKernel adds the second derivatives of the elements of a kernel.
func (f *evaluator) addKernel(n int, x, hessian []float64) {
	k := f.kernels[n]
	h := len(k.hessian)
	if h == 0 {
		return
	}
	p := k.second
	for first := 0; first < k.count; first += p.width {
		n2 := min(p.width, k.count-first)
		k.load(p, x, first, n2)
		p.run(n2)
		for e := range n2 {
			w := f.weights[k.base+first+e]
			if w == 0 {
				continue
			}
			for i, place := range f.hessianAt[n][(first+e)*h:][:h] {
				v := w * p.output(i)[e]
				if place < 0 {
					place, v = ^place, 2*v
				}
				hessian[place] += v
			}
		}
	}
}
