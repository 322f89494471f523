package sif

// groupKernel evaluates all groups of one type.
type groupKernel struct {
	groups               []int32
	parameters           int
	values               []float64 // of the parameters, by group
	value, first, second *program
	straight             bool // its second derivative is zero everywhere
}

func newGroupKernel(t *groupType, count int) (*groupKernel, error) {
	d, err := differentiate(t.code, append([]string{t.variable}, t.constant...), 1)
	if err != nil {
		return nil, err
	}
	k := &groupKernel{parameters: len(t.constant), straight: d.hessian[0][0] < 0}
	node := func(i int32) int32 {
		if i < 0 {
			return d.constant(0)
		}
		return i
	}
	width := max(1, min(widest, count))
	slope, curvature := node(d.gradient[0]), node(d.hessian[0][0])
	k.value = newProgram(d.formula, 1+k.parameters, width, []int32{d.value})
	k.first = newProgram(d.formula, 1+k.parameters, width, []int32{d.value, slope})
	k.second = newProgram(d.formula, 1+k.parameters, width, []int32{d.value, slope, curvature})
	return k, nil
}

// evaluate computes the values, and as many derivatives as out has slices more,
// of the groups out of their α.
func (k *groupKernel) evaluate(alpha []float64, out ...[]float64) {
	p := [...]*program{k.value, k.first, k.second}[len(out)-1]
	for at := 0; at < len(k.groups); at += p.width {
		n := min(p.width, len(k.groups)-at)
		groups := k.groups[at : at+n]
		r := p.register(0)
		for e, g := range groups {
			r[e] = alpha[g]
		}
		for i := range k.parameters {
			r := p.register(int32(1 + i))
			for e := range n {
				r[e] = k.values[(at+e)*k.parameters+i]
			}
		}
		p.run(n)
		for i, values := range out {
			r := p.output(i)
			for e, g := range groups {
				values[g] = r[e]
			}
		}
	}
}
