package kern

import "math"

// lseTile bounds the columns of one max-then-sum sweep, so that the second
// sweep of a tile finds its data in the L1 cache.
const lseTile = 2048

// MaxRow returns max_j g_j − c_j·invEps, or −Inf when the row is empty or
// every c_j is +Inf. NaN entries are passed over.
func MaxRow(g, c []float64, invEps float64) float64 {
	checkLen("MaxRow", "c", len(c), len(g))
	return maxRow(g, c, invEps)
}

// RowLSE returns max_j z_j and Σ_j exp(z_j − max) for z_j = g_j − c_j·invEps,
// so that the log-sum-exp of the row is max + ln(sum). A row that is empty or
// has only z_j = −Inf gives (−Inf, 0). A NaN entry makes the sum NaN.
func RowLSE(g, c []float64, invEps float64) (max, sum float64) {
	checkLen("RowLSE", "c", len(c), len(g))
	acc := emptyLSE()
	for j := 0; j < len(g); j += lseTile {
		e := min(j+lseTile, len(g))
		acc.add(rowLSE(g[j:e], c[j:e], invEps))
	}
	return acc.max, acc.sum
}

// lse is the pair (m, s) that stands for s·e^m.
type lse struct{ max, sum float64 }

func emptyLSE() lse { return lse{max: math.Inf(-1)} }

// add merges (m, s) into l: (M, s·e^{m−M} + s'·e^{m'−M}), M = max(m, m').
func (l *lse) add(m, s float64) {
	switch {
	case m == l.max:
		l.sum += s
	case m < l.max:
		l.sum += s * math.Exp(m-l.max)
	default:
		l.sum = l.sum*math.Exp(l.max-m) + s
		l.max = m
	}
}

// rowLSE is RowLSE on one tile.
func rowLSE(g, c []float64, invEps float64) (max, sum float64) {
	max = maxRow(g, c, invEps)
	if math.IsInf(max, -1) {
		return max, nanOrZero(g, c, invEps)
	}
	return max, planRowSum(-max, g, c, invEps)
}

// nanOrZero returns NaN when some g_j − c_j·invEps is NaN, else 0: the sum of
// a row whose maximum is −Inf.
func nanOrZero(g, c []float64, invEps float64) float64 {
	for j := range g {
		if math.IsNaN(g[j] - c[j]*invEps) {
			return math.NaN()
		}
	}
	return 0
}

// PlanRow computes dst_j = exp((f + g_j) − c_j·invEps), the row of a transport
// plan, and returns Σ_j dst_j. c_j = +Inf gives 0. dst may be c.
func PlanRow(dst []float64, f float64, g, c []float64, invEps float64) (sum float64) {
	checkLen("PlanRow", "g", len(g), len(dst))
	checkLen("PlanRow", "c", len(c), len(dst))
	return planRow(dst, f, g, c, invEps)
}

// PlanRowSum returns the sum of PlanRow, bit for bit, without storing the row.
func PlanRowSum(f float64, g, c []float64, invEps float64) float64 {
	checkLen("PlanRowSum", "c", len(c), len(g))
	return planRowSum(f, g, c, invEps)
}

// MinUpdate computes dst_j = min(dst_j, c_j − f), one row of a c-transform.
// A NaN on either side of the comparison leaves dst_j as it is.
func MinUpdate(dst, c []float64, f float64) {
	checkLen("MinUpdate", "c", len(c), len(dst))
	minUpdate(dst, c, f)
}

// MinRow returns min_j c_j − g_j, or +Inf for an empty row. NaN entries are
// passed over.
func MinRow(g, c []float64) float64 {
	checkLen("MinRow", "c", len(c), len(g))
	return minRow(g, c)
}

// An octet is 8 entries of a row in adjacent columns. SelectPlan stores one
// whole where at least octetLeast of them are large: from there on, it takes
// less time, and hardly more memory, than that many single entries.
const (
	octet      = 8
	octetLeast = 4
)

// Selection is the memory that SelectPlan writes to: octets by their first
// column and 8 values each, and single entries.
type Selection struct {
	OctetCol []int32
	OctetVal []float64
	Col      []int32
	Val      []float64
}

// SelectPlan keeps the entries of a plan row that are large for their row or
// their column: those with scale·e_j ≥ min(rowThr, thr_j), j0+j being the
// column. The row is looked at 8 entries at a time, from j = 0; where 4 or more
// of 8 are large, the other ones are kept, too, as an octet. Large entries
// elsewhere, and behind the last whole 8, are kept as single ones. Both are
// written in column order, and their numbers returned. to needs room for
// len(e)/8 octets and len(e)+8 single entries; what lies behind the returned
// numbers is undefined. NaN is never large.
func SelectPlan(to *Selection, e []float64, scale, rowThr float64, thr []float64, j0 int32) (octets, singles int) {
	checkLen("SelectPlan", "thr", len(thr), len(e))
	checkRoom("SelectPlan", "OctetCol", len(to.OctetCol), len(e)/octet)
	checkRoom("SelectPlan", "OctetVal", len(to.OctetVal), len(e)/octet*octet)
	checkRoom("SelectPlan", "Col", len(to.Col), len(e)+8)
	checkRoom("SelectPlan", "Val", len(to.Val), len(e)+8)
	return selectPlan(to.OctetCol, to.OctetVal, to.Col, to.Val, e, scale, rowThr, thr, j0)
}

func checkRoom(kernel, name string, got, want int) {
	if got < want {
		panicLen(kernel, name, got, want)
	}
}
