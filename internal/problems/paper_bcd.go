package problems

import (
	"cmp"
	"fmt"
	"math"
	"strconv"

	"solve/internal/rng"
	"solve/matrix"
	"solve/solver"
)

// The five data sets of Nutini, Laradji & Schmidt, Let's Make Block Coordinate
// Descent Converge Faster (JMLR 23(131), 2022), §6, made anew by its formulas.

// Keys of the streams of a seed.
const (
	streamKept    = 1 // A, B, C: is the entry of X kept? column by column, one uniform each
	streamEntries = 2 // A, B, C: normals of the kept entries, in that order
	streamScales  = 3 // A, B, C: normals that scale the columns
	streamWeights = 4 // A, B: for each column a normal and a uniform; C: normals, row by row
	streamNoise   = 5 // A: normals; C: normals, row by row
	streamFlips   = 6 // B: uniforms
	streamLabels  = 7 // D, E: the permutation whose first nodes are labelled
	streamValues  = 8 // D: normals, in the order of that permutation
	streamPoints  = 9 // E: for each point a uniform (the angle) and two normals
)

// PaperDesign is X (n×p) of the data sets A, B and C: (N(0,1)+1)·10·s_j with
// s_j ~ N(0,1) for each column, entries kept with probability 10·ln(n)/n.
func PaperDesign(n, p int, seed uint64) (*matrix.CSR, error) {
	keep := 10 * math.Log(float64(n)) / float64(n)
	kept, entries, scales := rng.NewStream(seed, streamKept), rng.NewStream(seed, streamEntries), rng.NewStream(seed, streamScales)
	ptr := make([]int64, p+1)
	var row []int32
	var val []float64
	for j := range p {
		scale := 10 * scales.Normal()
		for i := range n {
			if kept.Float64() < keep {
				row, val = append(row, int32(i)), append(val, (entries.Normal()+1)*scale)
			}
		}
		ptr[j+1] = int64(len(val))
	}
	x, err := matrix.NewCSC(n, p, ptr, row, val)
	if err != nil {
		return nil, err
	}
	return x.ToCSR(), nil
}

// paperWeights are N(0,1), each kept with probability 0.1.
func paperWeights(p int, seed uint64) []float64 {
	s := rng.NewStream(seed, streamWeights)
	w := make([]float64, p)
	for j := range w {
		if v, u := s.Normal(), s.Float64(); u < 0.1 {
			w[j] = v
		}
	}
	return w
}

// PaperA is the least-squares problem: X, y = Xw + N(0,1) and the sparse w.
func PaperA(n, p int, seed uint64) (x *matrix.CSR, y, w []float64, err error) {
	if x, err = PaperDesign(n, p, seed); err != nil {
		return nil, nil, nil, err
	}
	w, y = paperWeights(p, seed), make([]float64, n)
	x.MulVecTo(y, false, w)
	noise := rng.NewStream(seed, streamNoise)
	for i := range y {
		y[i] += noise.Normal()
	}
	return x, y, w, nil
}

// PaperB is the logistic problem: y = sign(Xw) ∈ {−1, 1}, its sign flipped
// with probability 0.1.
func PaperB(n, p int, seed uint64) (x *matrix.CSR, y, w []float64, err error) {
	if x, err = PaperDesign(n, p, seed); err != nil {
		return nil, nil, nil, err
	}
	w, y = paperWeights(p, seed), make([]float64, n)
	x.MulVecTo(y, false, w)
	flips := rng.NewStream(seed, streamFlips)
	for i, v := range y {
		y[i] = 1
		if (v < 0) != (flips.Float64() < 0.1) {
			y[i] = -1
		}
	}
	return x, y, w, nil
}

// PaperC is the softmax problem: W is p×classes with N(0,1) entries, and the
// class of row i (from 0) is the argmax of (XW)_i + N(0, I).
func PaperC(n, p, classes int, seed uint64) (x *matrix.CSR, class []int, err error) {
	if x, err = PaperDesign(n, p, seed); err != nil {
		return nil, nil, err
	}
	weights, noise := rng.NewStream(seed, streamWeights), rng.NewStream(seed, streamNoise)
	w := make([]float64, p*classes)
	for k := range w {
		w[k] = weights.Normal()
	}
	class = make([]int, n)
	score := make([]float64, classes)
	for i := range class {
		clear(score)
		col, val := x.Row(i)
		for k, j := range col {
			for c := range score {
				score[c] += val[k] * w[int(j)*classes+c]
			}
		}
		for c := range score {
			score[c] += noise.Normal()
			if score[c] > score[class[i]] {
				class[i] = c
			}
		}
	}
	return x, class, nil
}

// Sizes of the paper's problems.
const (
	paperRows, paperColumns = 1000, 10000 // A, B
	paperSide, paperClasses = 1000, 50    // C
	paperLattice            = 50          // D
	paperPoints, paperNear  = 2000, 5     // E
	paperLabels             = 100         // D, E
)

// PaperProblem is one of the five problems.
type PaperProblem struct {
	X     *matrix.CSR    // A, B, C
	Y     []float64      // A: targets; B: −1 or 1; C: classes from 0
	Graph *LabelledGraph // D, E
	Side  int            // D: of the lattice
}

// Paper returns problem "A" … "E" at the paper's size, sides divided by
// shrink ≥ 1.
func Paper(name string, shrink int, seed uint64) (*PaperProblem, error) {
	if shrink < 1 {
		return nil, &solver.OptionError{Name: "shrink", Value: fmt.Sprint(shrink), Want: "a positive number"}
	}
	over := func(size, least int) int { return max(least, size/shrink) }
	p := &PaperProblem{}
	var err error
	switch name {
	case "A":
		p.X, p.Y, _, err = PaperA(over(paperRows, 20), over(paperColumns, 200), seed)
	case "B":
		p.X, p.Y, _, err = PaperB(over(paperRows, 20), over(paperColumns, 200), seed)
	case "C":
		var class []int
		p.X, class, err = PaperC(over(paperSide, 20), over(paperSide, 20), over(paperClasses, 2), seed)
		p.Y = classValues(class)
	case "D":
		p.Side = over(paperLattice, 4)
		p.Graph, err = PaperD(p.Side, p.Side, max(1, paperLabels*p.Side*p.Side/(paperLattice*paperLattice)), seed)
	case "E":
		p.Graph, err = PaperE(over(paperPoints, 50), paperNear, over(paperLabels, 5), seed)
	default:
		err = &solver.OptionError{Name: "problem", Value: name, Want: "one of A, B, C, D, E"}
	}
	if err != nil {
		return nil, err
	}
	return p, nil
}

func classValues(class []int) []float64 {
	y := make([]float64, len(class))
	for i, c := range class {
		y[i] = float64(c)
	}
	return y
}

// designGenerator is paper-a or paper-b: X and y.
func designGenerator(name, summary string, make func(n, p int, seed uint64) (*matrix.CSR, []float64, []float64, error)) Generator {
	return generator(Generator{
		Name: name, Summary: summary, Area: "bcd",
		Params: []Param{{"n", "int", strconv.Itoa(paperRows), "rows"}, {"p", "int", strconv.Itoa(paperColumns), "columns"}},
	}, func(v Values, seed uint64, maxMemory int64) (*Instance, error) {
		n, p, err := designSize(v, maxMemory)
		if err != nil {
			return nil, err
		}
		x, y, w, err := make(n, p, seed)
		if err != nil {
			return nil, err
		}
		return &Instance{Files: []NamedData{{Name: "A", Sparse: x}, {Name: "y", Dense: column(y)}, {Name: "w", Dense: column(w)}}}, nil
	})
}

func designSize(v Values, maxMemory int64) (n, p int, err error) {
	n, errN := v.Int("n", 2, math.MaxInt32)
	p, errP := v.Int("p", 1, math.MaxInt32)
	if err := cmp.Or(errN, errP); err != nil {
		return 0, 0, err
	}
	// Both orders of the entries, 1.5 words each, and slack for growth.
	entries := float64(p) * math.Min(float64(n), 10*math.Log(float64(n)))
	return n, p, fits("the matrix", 6*entries+4*float64(n)+4*float64(p), maxMemory)
}

func paperCGenerator() Generator {
	return generator(Generator{
		Name:    "paper-c",
		Summary: "softmax with columns of very different scales",
		Area:    "bcd",
		Params: []Param{
			{"n", "int", strconv.Itoa(paperSide), "rows"}, {"p", "int", strconv.Itoa(paperSide), "columns"},
			{"classes", "int", strconv.Itoa(paperClasses), "classes"},
		},
	}, func(v Values, seed uint64, maxMemory int64) (*Instance, error) {
		n, p, err := designSize(v, maxMemory)
		classes, errK := v.Int("classes", 2, 1<<20)
		if err := cmp.Or(err, errK); err != nil {
			return nil, err
		}
		if err := fits("the weights", float64(p)*float64(classes), maxMemory); err != nil {
			return nil, err
		}
		x, class, err := PaperC(n, p, classes, seed)
		if err != nil {
			return nil, err
		}
		return &Instance{Files: []NamedData{{Name: "A", Sparse: x}, {Name: "y", Dense: column(classValues(class))}}}, nil
	})
}

// PaperBCD returns the generators paper-a … paper-e.
func PaperBCD() []Generator {
	return []Generator{
		designGenerator("paper-a", "least squares that interpolates, columns of very different scales", PaperA),
		designGenerator("paper-b", "logistic labels, a tenth of them flipped, columns of very different scales", PaperB),
		paperCGenerator(), paperDGenerator(), paperEGenerator(),
	}
}

// labelNodes draws labelled nodes, first of a random permutation, again until
// every component of the graph holds one.
func labelNodes(w *matrix.CSR, count int, seed uint64) ([]int, error) {
	component, components := graphComponents(w)
	s := rng.NewStream(seed, streamLabels)
	for range 1000 {
		nodes := s.Perm(w.Rows)[:count]
		held := make([]bool, components)
		missing := components
		for _, i := range nodes {
			if c := component[i]; !held[c] {
				held[c] = true
				missing--
			}
		}
		if missing == 0 {
			return nodes, nil
		}
	}
	return nil, fmt.Errorf("%d labels do not reach the %d components of the graph: %w", count, components, solver.ErrInput)
}

func graphComponents(w *matrix.CSR) (component []int, count int) {
	component = make([]int, w.Rows)
	for i := range component {
		component[i] = -1
	}
	var stack []int
	for root := range component {
		if component[root] >= 0 {
			continue
		}
		component[root] = count
		stack = append(stack[:0], root)
		for len(stack) > 0 {
			i := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			col, _ := w.Row(i)
			for _, j := range col {
				if component[j] < 0 {
					component[j] = count
					stack = append(stack, int(j))
				}
			}
		}
		count++
	}
	return component, count
}
