package problems

import (
	"cmp"
	"math"
	"slices"
	"strconv"

	"solve/internal/rng"
	"solve/matrix"
)

// LabelledGraph is a weighted graph of which some nodes have a value, and the
// quadratic ½xᵀAx − bᵀx whose minimiser x holds the harmonic values of the
// others: A = (diag(W1) − W) on the unlabelled nodes, b the labels' pull.
type LabelledGraph struct {
	W       *matrix.CSR
	Label   []float64 // of each node, NaN where it is unknown
	A       *matrix.CSR
	B       []float64
	Unknown []int32 // the nodes of x, ascending
}

// Lattice is the adjacency matrix of a rows×cols lattice, every weight the
// same. Node (r,c) has the number c·rows + r.
func Lattice(rows, cols int, weight float64) (*matrix.CSR, error) {
	n := rows * cols
	ptr := make([]int64, n+1)
	col := make([]int32, 0, 4*n)
	for i := range n {
		r := i % rows
		if i >= rows {
			col = append(col, int32(i-rows))
		}
		if r > 0 {
			col = append(col, int32(i-1))
		}
		if r < rows-1 {
			col = append(col, int32(i+1))
		}
		if i+rows < n {
			col = append(col, int32(i+rows))
		}
		ptr[i+1] = int64(len(col))
	}
	val := make([]float64, len(col))
	for k := range val {
		val[k] = weight
	}
	return matrix.NewCSR(n, n, ptr, col, val)
}

// PaperD is a rows×cols lattice of weights 10⁵ with so many labels ~ N(0, 10²).
func PaperD(rows, cols, labels int, seed uint64) (*LabelledGraph, error) {
	w, err := Lattice(rows, cols, 1e5)
	if err != nil {
		return nil, err
	}
	nodes, err := labelNodes(w, labels, seed)
	if err != nil {
		return nil, err
	}
	values := rng.NewStream(seed, streamValues)
	label := unknown(w.Rows)
	for _, i := range nodes {
		label[i] = 10 * values.Normal()
	}
	return labelled(w, label)
}

// TwoMoons are n points of the plane, row by row: half of them on the unit
// half circle about (0,0), the others on the flipped one about (1,0.5), each
// with noise of variance 0.04.
func TwoMoons(n int, seed uint64) []float64 {
	s := rng.NewStream(seed, streamPoints)
	at := make([]float64, 0, 2*n)
	for i := range n {
		t := math.Pi * s.Float64()
		x, y := math.Cos(t), math.Sin(t)
		if 2*i >= n {
			x, y = 1-x, 0.5-y
		}
		x += 0.2 * s.Normal()
		y += 0.2 * s.Normal()
		at = append(at, x, y)
	}
	return at
}

// PaperE is the graph that joins each of n points of two moons with its
// nearest neighbours (and those whose neighbour it is), weights 1, and so many
// labels, 1 or 2, the number of the moon.
func PaperE(n, neighbours, labels int, seed uint64) (*LabelledGraph, error) {
	w, err := neighbourGraph(TwoMoons(n, seed), neighbours)
	if err != nil {
		return nil, err
	}
	nodes, err := labelNodes(w, labels, seed)
	if err != nil {
		return nil, err
	}
	label := unknown(n)
	for _, i := range nodes {
		label[i] = 1
		if 2*i >= n {
			label[i] = 2
		}
	}
	return labelled(w, label)
}

// neighbourGraph joins points i and j when either is among the k nearest of
// the other; of equally distant points the lower number is nearer.
func neighbourGraph(at []float64, k int) (*matrix.CSR, error) {
	n := len(at) / 2
	joined := make([][]int32, n)
	near, distance := make([]int32, 0, k+1), make([]float64, n)
	for i := range n {
		near = near[:0]
		for j := range n {
			dx, dy := at[2*i]-at[2*j], at[2*i+1]-at[2*j+1]
			distance[j] = dx*dx + dy*dy
			if j == i || len(near) == k && distance[j] >= distance[near[k-1]] {
				continue
			}
			place := len(near)
			for place > 0 && distance[near[place-1]] > distance[j] {
				place--
			}
			near = slices.Insert(near, place, int32(j))
			near = near[:min(k, len(near))]
		}
		for _, j := range near {
			joined[i] = append(joined[i], j)
			joined[j] = append(joined[j], int32(i))
		}
	}
	ptr := make([]int64, n+1)
	var col []int32
	for i := range n {
		slices.Sort(joined[i])
		col = append(col, slices.Compact(joined[i])...)
		ptr[i+1] = int64(len(col))
	}
	val := make([]float64, len(col))
	for k := range val {
		val[k] = 1
	}
	return matrix.NewCSR(n, n, ptr, col, val)
}

func unknown(n int) []float64 {
	label := make([]float64, n)
	for i := range label {
		label[i] = math.NaN()
	}
	return label
}

// labelled assembles the quadratic of a graph all of whose components hold a
// label.
func labelled(w *matrix.CSR, label []float64) (*LabelledGraph, error) {
	g := &LabelledGraph{W: w, Label: label}
	local := make([]int32, w.Rows)
	for i, v := range label {
		if math.IsNaN(v) {
			local[i] = int32(len(g.Unknown))
			g.Unknown = append(g.Unknown, int32(i))
		}
	}
	n := len(g.Unknown)
	coo, err := matrix.NewCOO(n, n, w.NNZ()+n)
	if err != nil {
		return nil, err
	}
	g.B = make([]float64, n)
	for k, i := range g.Unknown {
		col, val := w.Row(int(i))
		degree := 0.0
		for e, j := range col {
			degree += val[e]
			if v := label[j]; !math.IsNaN(v) {
				g.B[k] += val[e] * v
			} else if err := coo.Append(k, int(local[j]), -val[e]); err != nil {
				return nil, err
			}
		}
		if err := coo.Append(k, k, degree); err != nil {
			return nil, err
		}
	}
	g.A, _, err = coo.ToCSR()
	return g, err
}

func (g *LabelledGraph) instance() *Instance {
	return &Instance{Files: []NamedData{
		{Name: "A", Sparse: g.A}, {Name: "b", Dense: column(g.B)}, {Name: "W", Sparse: g.W}, {Name: "labels", Dense: column(g.Label)},
	}}
}

func paperDGenerator() Generator {
	return generator(Generator{
		Name:    "paper-d",
		Summary: "label propagation on a lattice: a sparse positive definite quadratic",
		Area:    "bcd",
		Params:  []Param{{"n", "int", strconv.Itoa(paperLattice), "nodes along each side"}, {"labels", "int", strconv.Itoa(paperLabels), "nodes with a value"}},
	}, func(v Values, seed uint64, maxMemory int64) (*Instance, error) {
		n, errN := v.Int("n", 2, 1<<15)
		labels, errL := v.Int("labels", 1, max(1, n*n-1))
		if err := cmp.Or(errN, errL); err != nil {
			return nil, err
		}
		if err := fits("the matrix", 30*float64(n)*float64(n), maxMemory); err != nil {
			return nil, err
		}
		g, err := PaperD(n, n, labels, seed)
		if err != nil {
			return nil, err
		}
		return g.instance(), nil
	})
}

func paperEGenerator() Generator {
	return generator(Generator{
		Name:    "paper-e",
		Summary: "label propagation between the nearest neighbours of two moons",
		Area:    "bcd",
		Params: []Param{
			{"n", "int", strconv.Itoa(paperPoints), "points"}, {"neighbours", "int", strconv.Itoa(paperNear), "nearest points that each is joined with"},
			{"labels", "int", strconv.Itoa(paperLabels), "points with a label"},
		},
	}, func(v Values, seed uint64, maxMemory int64) (*Instance, error) {
		n, errN := v.Int("n", 2, 1<<17)
		neighbours, errK := v.Int("neighbours", 1, max(1, n-1))
		labels, errL := v.Int("labels", 1, max(1, n-1))
		if err := cmp.Or(errN, errK, errL); err != nil {
			return nil, err
		}
		if err := fits("the matrix", 6*float64(n)*float64(neighbours+4), maxMemory); err != nil {
			return nil, err
		}
		g, err := PaperE(n, neighbours, labels, seed)
		if err != nil {
			return nil, err
		}
		return g.instance(), nil
	})
}
