package nl

import (
	"fmt"
	"math"
	"slices"

	"solve/internal/verify"
	"solve/matrix"
	"solve/solver"
)

// Plain evaluates the problem at x slowly and plainly, for those who check an
// answer: node by node over the expressions as the file has them, with tangents
// in the direction of one variable after the other. It shares no code with
// Problem.Functions. The objective and its gradient have the sign of the model,
// whereas Problem minimises −f where the model maximises f.
func (m *Model) Plain(x []float64) (verify.Values, error) {
	h := &m.Header
	if len(x) != h.Variables {
		return verify.Values{}, fmt.Errorf("nl: %d values of %d variables: %w", len(x), h.Variables, solver.ErrDimension)
	}
	w := newWalker(&m.graph, x)
	v := verify.Values{Gradient: make([]float64, h.Variables), Constraints: make([]float64, h.Constraints)}
	if len(m.objectives) > 0 {
		o := &m.objectives[0]
		v.Objective = w.sum(o.root, &o.linear, o.row)
		addLinear(v.Gradient, &o.linear, o.row)
	}
	triplets := m.linearTriplets()
	for i, b := range m.constraints {
		v.Constraints[i] = w.sum(b.root, &m.jacobian, b.row)
	}
	users := m.users()
	for j := range h.Variables {
		for _, k := range w.tangents(int32(j)) {
			t := w.tangent[k]
			for _, f := range users[k] {
				if f == 0 {
					v.Gradient[j] += t
				} else {
					triplets.add(f-1, int32(j), t)
				}
			}
		}
	}
	if h.Constraints > 0 {
		jacobian, _, err := matrix.FromTriplets(h.Constraints, h.Variables, triplets.row, triplets.column, triplets.value)
		if err != nil {
			return verify.Values{}, fmt.Errorf("nl: jacobian: %w", err)
		}
		v.Jacobian = jacobian
	}
	return v, nil
}

// users lists for roots of expressions the functions that they belong to: 0 the
// objective, i+1 constraint i.
func (m *Model) users() map[int32][]int32 {
	users := map[int32][]int32{}
	if len(m.objectives) > 0 {
		users[m.objectives[0].root] = append(users[m.objectives[0].root], 0)
	}
	for i, b := range m.constraints {
		users[b.root] = append(users[b.root], int32(i+1))
	}
	delete(users, -1)
	return users
}

// triplets are the entries of the Jacobian before they are sorted and added up.
type triplets struct {
	row, column []int32
	value       []float64
}

func (t *triplets) add(row, column int32, value float64) {
	t.row = append(t.row, row)
	t.column = append(t.column, column)
	t.value = append(t.value, value)
}

func (m *Model) linearTriplets() *triplets {
	t := &triplets{}
	for i, b := range m.constraints {
		column, value := m.jacobian.row(b.row)
		for k, j := range column {
			t.add(int32(i), j, value[k])
		}
	}
	return t
}

func addLinear(gradient []float64, r *rows, row int32) {
	column, value := r.row(row)
	for k, j := range column {
		gradient[j] += value[k]
	}
}

// walker holds the values of all nodes at x and their derivatives by their
// arguments, and the tangents in one direction.
type walker struct {
	g     *graph
	x     []float64
	value []float64
	slope []float64 // of the arguments
	users [][]edge

	tangent []float64 // zero but at reached nodes
	reached []int32
	marked  []bool
}

// edge leads to a node that uses another one as that argument.
type edge struct{ node, argument int32 }

func newWalker(g *graph, x []float64) *walker {
	total := len(g.nodes)
	w := &walker{g: g, x: x, value: make([]float64, total), slope: make([]float64, len(g.arguments)), users: make([][]edge, total), tangent: make([]float64, total), marked: make([]bool, total)}
	var values, slopes []float64
	for i, nd := range g.nodes {
		switch nd.op {
		case opVariable:
			w.value[i] = x[nd.first]
		case opNumber:
			w.value[i] = g.numbers[nd.first]
		default:
			values = values[:0]
			for k, a := range g.args(int32(i)) {
				values = append(values, w.value[a])
				w.users[a] = append(w.users[a], edge{int32(i), nd.first + int32(k)})
			}
			w.value[i] = plainValue(nd.op, values)
			slopes = plainSlopes(nd.op, values, w.value[i], slopes[:0])
			copy(w.slope[nd.first:], slopes)
		}
	}
	return w
}

func (w *walker) sum(root int32, r *rows, row int32) float64 {
	s := 0.0
	if root >= 0 {
		s = w.value[root]
	}
	column, value := r.row(row)
	for k, j := range column {
		s += value[k] * w.x[j]
	}
	return s
}

// tangents computes ∂node/∂x_j of all nodes above variable j, and lists them.
func (w *walker) tangents(j int32) []int32 {
	for _, k := range w.reached {
		w.tangent[k], w.marked[k] = 0, false
	}
	w.reached = append(w.reached[:0], j)
	w.marked[j] = true
	for k := 0; k < len(w.reached); k++ {
		for _, e := range w.users[w.reached[k]] {
			if !w.marked[e.node] {
				w.marked[e.node] = true
				w.reached = append(w.reached, e.node)
			}
		}
	}
	slices.Sort(w.reached)
	w.tangent[j] = 1
	for _, k := range w.reached {
		for _, e := range w.users[k] {
			// A branch that isn't taken may have no derivative.
			if w.tangent[k] != 0 && w.slope[e.argument] != 0 {
				w.tangent[e.node] += w.slope[e.argument] * w.tangent[k]
			}
		}
	}
	return w.reached
}

func yes(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// plainValue is the value of an operator of a file.
func plainValue(op int32, v []float64) float64 {
	switch op {
	case opPlus, opSum:
		s := 0.0
		for _, a := range v {
			s += a
		}
		return s
	case opMinus:
		return v[0] - v[1]
	case opMult:
		return v[0] * v[1]
	case opDiv:
		return v[0] / v[1]
	case opRem:
		return math.Mod(v[0], v[1])
	case opPow, opPowConst, opConstPow:
		return math.Pow(v[0], v[1])
	case opSquare:
		return v[0] * v[0]
	case opLess:
		return math.Max(0, v[0]-v[1])
	case opMin:
		return v[chosenOf(v, func(a, b float64) bool { return a < b })]
	case opMax:
		return v[chosenOf(v, func(a, b float64) bool { return a > b })]
	case opNegate:
		return -v[0]
	case opOr, opOrList:
		return yes(slices.ContainsFunc(v, func(a float64) bool { return a != 0 }))
	case opAnd, opAndList:
		return yes(!slices.Contains(v, 0))
	case opLT:
		return yes(v[0] < v[1])
	case opLE:
		return yes(v[0] <= v[1])
	case opEQ:
		return yes(v[0] == v[1])
	case opGE:
		return yes(v[0] >= v[1])
	case opGT:
		return yes(v[0] > v[1])
	case opNE:
		return yes(v[0] != v[1])
	case opNot:
		return yes(v[0] == 0)
	case opIff:
		return yes((v[0] == 0) == (v[1] == 0))
	case opIf, opIfElse:
		if v[0] == 0 {
			return v[2]
		}
		return v[1]
	case opAtan2:
		return math.Atan2(v[0], v[1])
	}
	return plainFunctions[op](v[0])
}

// plainFunctions are the functions of one argument.
var plainFunctions = map[int32]func(float64) float64{
	opFloor: math.Floor, opCeil: math.Ceil, opAbs: math.Abs, opTanh: math.Tanh, opTan: math.Tan,
	opSqrt: math.Sqrt, opSinh: math.Sinh, opSin: math.Sin, opLog10: math.Log10, opLog: math.Log,
	opExp: math.Exp, opCosh: math.Cosh, opCos: math.Cos, opAtanh: math.Atanh, opAtan: math.Atan,
	opAsinh: math.Asinh, opAsin: math.Asin, opAcosh: math.Acosh, opAcos: math.Acos,
}

// chosenOf is the first of the best values, NaN being best of all.
func chosenOf(v []float64, better func(a, b float64) bool) int {
	best := 0
	for k, a := range v {
		if math.IsNaN(a) {
			return k
		}
		if better(a, v[best]) {
			best = k
		}
	}
	return best
}

// plainSlopes appends the derivatives of an operator by its arguments, r being
// its value.
func plainSlopes(op int32, v []float64, r float64, out []float64) []float64 {
	switch op {
	case opPlus, opSum:
		for range v {
			out = append(out, 1)
		}
		return out
	case opMinus:
		return append(out, 1, -1)
	case opMult:
		return append(out, v[1], v[0])
	case opDiv:
		return append(out, 1/v[1], -v[0]/(v[1]*v[1]))
	case opRem:
		return append(out, 1, (r-v[0])/v[1])
	case opPow, opPowConst, opConstPow:
		base, exponent := 0.0, 0.0
		if v[1] != 0 {
			base = v[1] * math.Pow(v[0], v[1]-1)
		}
		if r != 0 {
			exponent = r * math.Log(v[0])
		}
		return append(out, base, exponent)
	case opSquare:
		return append(out, 2*v[0])
	case opLess:
		s := yes(v[0] > v[1])
		return append(out, s, -s)
	case opMin, opMax:
		for range v {
			out = append(out, 0)
		}
		best := chosenOf(v, func(a, b float64) bool { return op == opMin && a < b || op == opMax && a > b })
		out[len(out)-len(v)+best] = 1
		return out
	case opIf, opIfElse:
		taken := yes(v[0] != 0)
		return append(out, 0, taken, 1-taken)
	case opAtan2:
		s := math.Hypot(v[0], v[1])
		return append(out, v[1]/s/s, -v[0]/s/s)
	case opNegate:
		return append(out, -1)
	}
	if len(v) > 1 {
		for range v {
			out = append(out, 0) // logical operators
		}
		return out
	}
	return append(out, plainSlope(op, v[0], r))
}

// plainSlope is the derivative of a function of one argument.
func plainSlope(op int32, a, r float64) float64 {
	switch op {
	case opAbs:
		if a < 0 {
			return -1
		}
		return 1
	case opTanh:
		return 1 - r*r
	case opTan:
		return 1 / (math.Cos(a) * math.Cos(a))
	case opSqrt:
		return 1 / (2 * r)
	case opSinh:
		return math.Cosh(a)
	case opSin:
		return math.Cos(a)
	case opLog10:
		return math.Log10E / a
	case opLog:
		return 1 / a
	case opExp:
		return r
	case opCosh:
		return math.Sinh(a)
	case opCos:
		return -math.Sin(a)
	case opAtanh:
		return 1 / (1 - a*a)
	case opAtan:
		return 1 / (1 + a*a)
	case opAsinh:
		return 1 / math.Hypot(1, a)
	case opAsin:
		return 1 / math.Sqrt(1-a*a)
	case opAcosh:
		return 1 / math.Sqrt(a*a-1)
	case opAcos:
		return -1 / math.Sqrt(1-a*a)
	}
	return 0
}
