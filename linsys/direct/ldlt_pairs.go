package direct

import (
	"context"

	"solve/matrix"
)

// pairing groups each unknown with a zero on the diagonal with a neighbour.
type pairing struct {
	count int
	mate  []int32 // none for an unknown on its own
	group []int32 // of each unknown, numbered by their first members
	first []int32 // first member of each group
}

// pairZeros pairs as many as possible of the unknowns with a zero on the
// diagonal with neighbours that have none there, and of the rest neighbours
// with one another. The error is that of ctx.
func pairZeros(ctx context.Context, a *matrix.CSR) (*pairing, error) {
	n := a.Rows
	p := &pairing{mate: make([]int32, n), group: make([]int32, n)}
	zero := make([]bool, n)
	zeros := 0
	for i := range n {
		p.mate[i] = none
		if zero[i] = a.At(i, i) == 0; zero[i] {
			zeros++
		}
	}
	if zeros > 0 {
		if err := p.matchZeros(ctx, a, zero); err != nil {
			return nil, err
		}
		p.matchRest(a, zero)
	}
	for i := range int32(n) {
		if m := p.mate[i]; m != none && m < i {
			p.group[i] = p.group[m]
			continue
		}
		p.group[i] = int32(len(p.first))
		p.first = append(p.first, i)
	}
	return p, nil
}

// matchZeros takes a maximum matching of unknowns with a zero to those without.
func (p *pairing) matchZeros(ctx context.Context, a *matrix.CSR, zero []bool) error {
	n := a.Rows
	b := &matrix.CSR{Rows: n, Cols: n, RowPtr: make([]int64, n+1)}
	for i := range n {
		if zero[i] {
			col, val := a.Row(i)
			for k, j := range col {
				if !zero[j] && val[k] != 0 {
					b.Col, b.Val = append(b.Col, j), append(b.Val, 1)
				}
			}
		}
		b.RowPtr[i+1] = int64(len(b.Col))
	}
	rowOf, _, err := MaximumTransversal(ctx, b)
	for j, i := range rowOf {
		if i != none {
			p.join(i, int32(j))
		}
	}
	return err
}

func (p *pairing) matchRest(a *matrix.CSR, zero []bool) {
	for i := range int32(a.Rows) {
		if !zero[i] || p.mate[i] != none {
			continue
		}
		col, val := a.Row(int(i))
		for k, j := range col {
			if zero[j] && j != i && p.mate[j] == none && val[k] != 0 {
				p.join(i, j)
				break
			}
		}
	}
}

func (p *pairing) join(i, j int32) {
	p.mate[i], p.mate[j] = j, i
	p.count++
}

// compressed is the pattern of a with every pair as one unknown.
func (p *pairing) compressed(a *matrix.CSR) *matrix.CSR {
	n := len(p.first)
	c := &matrix.CSR{Rows: n, Cols: n, RowPtr: make([]int64, n+1), Col: make([]int32, 0, len(a.Col))}
	seen := make([]int32, n)
	for g, i := range p.first {
		for ; i != none; i = p.second(i) {
			col, _ := a.Row(int(i))
			for _, j := range col {
				if h := p.group[j]; seen[h] != int32(g)+1 {
					seen[h] = int32(g) + 1
					c.Col = append(c.Col, h)
				}
			}
		}
		c.RowPtr[g+1] = int64(len(c.Col))
	}
	c.Val = make([]float64, len(c.Col))
	return c.Transpose().Transpose() // sorts the rows
}

// second is the other member of the group whose first one is i.
func (p *pairing) second(i int32) int32 {
	if m := p.mate[i]; m > i {
		return m
	}
	return none
}

// expand turns an order of the groups into one of the unknowns.
func (p *pairing) expand(o *ordered) []int32 {
	perm := make([]int32, 0, len(p.mate))
	for k := range int32(len(p.first)) {
		i := p.first[o.at(k)]
		perm = append(perm, i)
		if m := p.second(i); m != none {
			perm = append(perm, m)
		}
	}
	return perm
}
