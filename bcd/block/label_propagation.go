package block

import (
	"fmt"
	"math"
	"slices"

	"solve/matrix"
	"solve/solver"
)

// Labels is the quadratic ½xᵀAx − bᵀx of label propagation: its minimiser
// holds the values of the unlabelled nodes that minimise
//
//	½ Σ_{i<j} w_ij (y_i − y_j)²   with the labels y_S given,
//
// that is A = (diag(W1) − W)_UU and b = W_US y_S.
type Labels struct {
	A       *matrix.CSR
	B       []float64
	Unknown []int32 // node of each unknown, ascending
	// Orphans are the components of the graph without a label, whose values
	// are undetermined; they are no part of A. Nodes ascend.
	Orphans [][]int32
}

// LabelPropagation makes the quadratic of a graph with symmetric weights
// w ≥ 0; label holds the value of each node, NaN for the unknown ones. The
// diagonal of w does not matter. Errors wrap ErrDimension, ErrNotSymmetric,
// ErrNegative or ErrNonFinite of package solver, or ErrInput where no node has
// a label or none is left to find.
func LabelPropagation(w *matrix.CSR, label []float64) (*Labels, error) {
	if err := checkGraph(w, label); err != nil {
		return nil, err
	}
	reached := reachable(w, label)
	out := &Labels{Orphans: orphans(w, reached)}
	place := make([]int32, w.Rows)
	for i := range place {
		if reached[i] && math.IsNaN(label[i]) {
			place[i] = int32(len(out.Unknown))
			out.Unknown = append(out.Unknown, int32(i))
		}
	}
	n := len(out.Unknown)
	if n == 0 {
		return nil, fmt.Errorf("block: no unlabelled node is linked to a label: %w", solver.ErrInput)
	}
	out.B = make([]float64, n)
	coo, err := matrix.NewCOO(n, n, w.NNZ()+n)
	if err != nil {
		return nil, err
	}
	for k, i := range out.Unknown {
		col, val := w.Row(int(i))
		degree := 0.0
		for e, j := range col {
			if j == i || val[e] == 0 {
				continue
			}
			degree += val[e]
			if v := label[j]; !math.IsNaN(v) {
				out.B[k] += val[e] * v
			} else if err := coo.Append(k, int(place[j]), -val[e]); err != nil {
				return nil, err
			}
		}
		if err := coo.Append(k, k, degree); err != nil {
			return nil, err
		}
	}
	out.A, _, err = coo.ToCSR()
	return out, err
}

func checkGraph(w *matrix.CSR, label []float64) error {
	if w.Rows != len(label) {
		return fmt.Errorf("block: %d nodes, %d labels: %w", w.Rows, len(label), solver.ErrDimension)
	}
	if err := w.CheckFinite("weights"); err != nil {
		return err
	}
	if err := w.CheckSymmetric(); err != nil {
		return fmt.Errorf("block: weights: %w", err)
	}
	for i := range w.Rows {
		col, val := w.Row(i)
		for e, v := range val {
			if v < 0 {
				return &solver.EntryError{What: "weights", Row: i + 1, Col: int(col[e]) + 1, Value: v, Err: solver.ErrNegative}
			}
		}
	}
	for i, v := range label {
		if math.IsInf(v, 0) {
			return &solver.EntryError{What: "label", Row: i + 1, Value: v, Err: solver.ErrNonFinite}
		}
	}
	return nil
}

// reachable marks the nodes that a path of positive weights joins to a label.
func reachable(w *matrix.CSR, label []float64) []bool {
	reached := make([]bool, w.Rows)
	var queue []int32
	for i, v := range label {
		if !math.IsNaN(v) {
			reached[i] = true
			queue = append(queue, int32(i))
		}
	}
	spread(w, reached, queue)
	return reached
}

// spread marks what the marked nodes of queue reach, and returns all of it.
func spread(w *matrix.CSR, marked []bool, queue []int32) []int32 {
	for head := 0; head < len(queue); head++ {
		col, val := w.Row(int(queue[head]))
		for e, j := range col {
			if val[e] > 0 && !marked[j] {
				marked[j] = true
				queue = append(queue, j)
			}
		}
	}
	return queue
}

// orphans lists the components of the nodes that are not reached.
func orphans(w *matrix.CSR, reached []bool) [][]int32 {
	marked := make([]bool, len(reached))
	var out [][]int32
	for i, ok := range reached {
		if ok || marked[i] {
			continue
		}
		marked[i] = true
		member := spread(w, marked, []int32{int32(i)})
		slices.Sort(member)
		out = append(out, member)
	}
	return out
}

// Values puts the minimiser x, the labels and, for orphans, NaN together to
// the values of all nodes.
func (l *Labels) Values(x, label []float64) []float64 {
	out := make([]float64, len(label))
	copy(out, label)
	for k, i := range l.Unknown {
		out[i] = x[k]
	}
	return out
}
