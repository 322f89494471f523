package nl

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
)

// pushes compute the Hessian of a weighted sum of the functions in one reverse
// sweep (Gower & Mello 2012, edge pushing): second derivatives by pairs of nodes
// are pushed from a node to its arguments until all pairs are of variables.
type pushes struct {
	seeds   []seed
	inner   []push // into pairs and adjoints
	final   []push // into entries of the Hessian
	blocks  []block
	work    []float64
	hstart  []int64 // pattern of the lower triangle
	hcolumn []int32
}

// push adds source·partial·partial to target. Source and target are adjoints of
// operators, then pairs; the target of a final push is an entry of the Hessian.
type push struct{ target, source, a, b int32 }

// block pushes second derivatives by linear forms of the same variables, the many
// that a regression has, to all pairs of these variables.
type block struct {
	targets []int32 // entries of the Hessian: the lower triangle by rows
	members []member
}

// member is a linear form with its coefficients and the place of its derivative.
type member struct{ source, coefficients int32 }

// Linear forms of so many variables go to blocks.
const blockSize = 8

// seed is a term of a function: its weight enters the adjoint of node.
type seed struct {
	function, node int32
	coefficient    float64
}

// pair is a derivative by the node that keeps it and an earlier one. Push number
// index contributes to it, or target number ^index of the blocks.
type pair struct{ other, index int32 }

// Bytes of a push and of a target of a block, with the pairs that are kept while
// they are built.
const (
	pushBytes   = 32
	targetBytes = 16
)

type hessianBuilder struct {
	*compiler
	memory
	pairs   [][]pair // by value
	slots   int64
	blockOf map[string]int // by the variables
	targets []int32        // of all blocks
}

// buildHessian compiles the second derivatives.
func (c *compiler) buildHessian(ctx context.Context, m memory) error {
	b := &hessianBuilder{compiler: c, memory: m, pairs: make([][]pair, c.n+len(c.nodes)), slots: int64(len(c.nodes)), blockOf: map[string]int{}}
	for i, f := range c.functions {
		for e := f.first; e < f.last; e++ {
			c.seeds = append(c.seeds, seed{int32(i), c.term[e] - int32(c.n), c.coef[e]})
		}
	}
	for l := len(c.live) - 1; l >= 0; l-- {
		k := c.live[l]
		if !c.active[c.n+int(k)] {
			continue
		}
		if err := b.eliminate(ctx, k); err != nil {
			return err
		}
	}
	c.hstart = make([]int64, 1, c.n+1)
	for j := range c.n {
		b.settle(j, c.final, func(other int32) int32 {
			c.hcolumn = append(c.hcolumn, other)
			return int32(len(c.hcolumn) - 1)
		})
		c.hstart = append(c.hstart, int64(len(c.hcolumn)))
	}
	rest := b.targets
	for k := range c.blocks {
		size := len(c.blocks[k].targets)
		c.blocks[k].targets, rest = rest[:size:size], rest[size:]
	}
	c.work = make([]float64, b.slots)
	return nil
}

// settle gives every pair of a value one place, and the pushes into it that
// target. It returns the pairs with their places.
func (b *hessianBuilder) settle(value int, stream []push, place func(other int32) int32) []pair {
	list := b.pairs[value]
	b.pairs[value] = nil
	slices.SortFunc(list, func(p, q pair) int {
		return cmp.Or(cmp.Compare(p.other, q.other), cmp.Compare(p.index, q.index))
	})
	distinct := list[:0]
	target := int32(-1)
	for k, p := range list {
		if k == 0 || p.other != distinct[len(distinct)-1].other {
			target = place(p.other)
			distinct = append(distinct, pair{p.other, target})
		}
		if p.index < 0 {
			b.targets[^p.index] = target
		} else {
			stream[p.index].target = target
		}
	}
	return distinct
}

// eliminate pushes all pairs with node k to its arguments, and adds its own
// second derivatives.
func (b *hessianBuilder) eliminate(ctx context.Context, k int32) error {
	pairs := b.settle(b.n+int(k), b.inner, func(int32) int32 {
		b.slots++
		return int32(b.slots - 1)
	})
	in := &b.nodes[k]
	args := b.argsOf(in)
	if err := b.room(ctx, int64(len(args)), int64(len(pairs))); err != nil {
		return err
	}
	self := int32(b.n) + k
	for _, p := range pairs {
		if p.other == self {
			if err := b.pushSelf(ctx, in, args, p.index); err != nil {
				return err
			}
			continue
		}
		for e, a := range args {
			b.emit(p.other, a, push{0, p.index, in.partial + int32(e), unit})
		}
	}
	b.create(in, args, k)
	for e, a := range args {
		if a >= int32(b.n) && b.active[a] {
			b.inner = append(b.inner, push{a - int32(b.n), k, in.partial + int32(e), unit})
		}
	}
	return nil
}

// room looks at the context and at the memory that so many pushes from each of
// so many arguments, and what is there already, take.
func (b *hessianBuilder) room(ctx context.Context, args, each int64) error {
	if ctx.Err() != nil {
		return fmt.Errorf("nl: %w", ctx.Err())
	}
	pushes := int64(len(b.inner)+len(b.final)) + args*(each+2)
	if pushes > math.MaxInt32 || b.slots+pushes > math.MaxInt32 || len(b.targets) > math.MaxInt32 {
		return b.exceeded("the second derivatives", math.MaxInt64)
	}
	return b.exceeded("the second derivatives", pushBytes*pushes+targetBytes*int64(len(b.targets)))
}

// pushSelf pushes a second derivative by one node to all pairs of its arguments.
// Of an operator that chooses one argument, no two have derivatives.
func (b *hessianBuilder) pushSelf(ctx context.Context, in *instruction, args []int32, source int32) error {
	if in.op == opLinear && len(args) >= blockSize && int(args[len(args)-1]) < b.n {
		return b.pushBlock(ctx, in, args, source)
	}
	if err := b.room(ctx, int64(len(args)), int64(len(args)+1)/2); err != nil {
		return err
	}
	chooses := in.op == opMin || in.op == opMax || in.op == opIf || in.op == opIfElse
	for e, a := range args {
		d := in.partial + int32(e)
		b.emitOnce(a, a, push{0, source, d, d})
		if chooses {
			continue
		}
		for f, c := range args[:e] {
			b.emit(a, c, push{0, source, d, in.partial + int32(f)})
		}
	}
	return nil
}

// pushBlock enters a linear form of variables, which increase, into the block of
// these variables.
func (b *hessianBuilder) pushBlock(ctx context.Context, in *instruction, args []int32, source int32) error {
	var key []byte
	for _, a := range args {
		key = binary.NativeEndian.AppendUint32(key, uint32(a))
	}
	id, known := b.blockOf[string(key)]
	if !known {
		size := len(args) * (len(args) + 1) / 2
		if err := b.room(ctx, int64(len(args)), int64(len(args)+1)/4); err != nil {
			return err
		}
		id = len(b.blocks)
		b.blockOf[string(key)] = id
		first := len(b.targets)
		b.targets = append(b.targets, make([]int32, size)...)
		b.blocks = append(b.blocks, block{targets: b.targets[first:]})
		for i, a := range args {
			for _, c := range args[:i+1] {
				b.pairs[a] = append(b.pairs[a], pair{c, ^int32(first)})
				first++
			}
		}
	}
	b.blocks[id].members = append(b.blocks[id].members, member{source, in.partial})
	return nil
}

// create adds the second derivatives of an operator, times its adjoint.
func (b *hessianBuilder) create(in *instruction, args []int32, k int32) {
	h := in.second
	switch in.op {
	case opMult:
		b.emit(args[0], args[1], push{0, k, unit, unit})
	case opSquare:
		b.emitOnce(args[0], args[0], push{0, k, twin, unit})
	case opDiv:
		b.emit(args[0], args[1], push{0, k, h, unit})
		b.emitOnce(args[1], args[1], push{0, k, h + 1, unit})
	case opPow, opAtan2:
		b.emitOnce(args[0], args[0], push{0, k, h, unit})
		b.emit(args[0], args[1], push{0, k, h + 1, unit})
		b.emitOnce(args[1], args[1], push{0, k, h + 2, unit})
	default:
		if seconds(in.op) == 1 {
			b.emitOnce(args[0], args[0], push{0, k, h, unit})
		}
	}
}

// emit adds a push into the pair of two arguments. Where both are one node, the
// two halves of the pair meet.
func (b *hessianBuilder) emit(a, c int32, p push) {
	b.emitOnce(a, c, p)
	if a == c {
		b.emitOnce(a, c, p)
	}
}

func (b *hessianBuilder) emitOnce(a, c int32, p push) {
	if !b.active[a] || !b.active[c] {
		return
	}
	if a < c {
		a, c = c, a
	}
	stream := &b.inner
	if int(a) < b.n {
		stream = &b.final
	}
	b.pairs[a] = append(b.pairs[a], pair{c, int32(len(*stream))})
	*stream = append(*stream, p)
}

// second writes the Hessian of σf + Σ y_i c_i after forward. What comes from
// zero goes no further, as in sweep.
func (p *program) second(sigma float64, y []float64, hessian []float64) {
	clear(p.work)
	for _, s := range p.seeds {
		weight := sigma
		if s.function > 0 {
			weight = y[s.function-1]
		}
		p.work[s.node] += weight * s.coefficient
	}
	for _, s := range p.inner {
		if v := p.work[s.source]; v != 0 {
			p.work[s.target] += v * p.partial[s.a] * p.partial[s.b]
		}
	}
	clear(hessian)
	for _, s := range p.final {
		if v := p.work[s.source]; v != 0 {
			hessian[s.target] += v * p.partial[s.a] * p.partial[s.b]
		}
	}
	for k := range p.blocks {
		p.blocks[k].add(p.work, p.partial, hessian)
	}
}

// add adds the outer products of all members.
func (b *block) add(work, partial, hessian []float64) {
	for _, m := range b.members {
		v := work[m.source]
		if v == 0 {
			continue
		}
		coefficients := partial[m.coefficients:]
		for i, rest := 0, b.targets; len(rest) > 0; i++ {
			row := coefficients[:i+1]
			w := v * row[i]
			for j, target := range rest[:i+1] {
				hessian[target] += w * row[j]
			}
			rest = rest[i+1:]
		}
	}
}
