package block

import (
	"context"
	"testing"

	"solve/internal/problems"
	"solve/internal/rng"
	"solve/matrix"
)

const benchSide = 1000

// benchLattice is the quadratic of a 1000×1000 lattice with a hundredth of its
// nodes labelled.
func benchLattice(b *testing.B) (*matrix.CSR, []float64) {
	b.Helper()
	g, err := problems.PaperD(benchSide, benchSide, benchSide*benchSide/100, 1)
	if err != nil {
		b.Fatal(err)
	}
	return g.A, g.B
}

// One iteration of greedy trees: scores, radix sort, forest, message passing,
// gradient.
func BenchmarkGreedyTreeIteration(b *testing.B) {
	a, rhs := benchLattice(b)
	f, err := newQuadratic(a, rhs, nil)
	if err != nil {
		b.Fatal(err)
	}
	o, err := (&Options{Partition: GreedyForest, Rule: GSD}).resolved(f)
	if err != nil {
		b.Fatal(err)
	}
	r, err := newRun(context.Background(), f, o)
	if err != nil {
		b.Fatal(err)
	}
	l := &descent{run: r}
	if err := l.start(); err != nil {
		b.Fatal(err)
	}
	if l.selected, err = newSelector(context.Background(), r); err != nil {
		b.Fatal(err)
	}
	nodes := 0
	for b.Loop() {
		l.iter++
		size, _, err := l.iterate()
		if err != nil {
			b.Fatal(err)
		}
		nodes += size
		l.residual()
	}
	b.ReportMetric(float64(nodes)/float64(b.N), "nodes/iteration")
}

func BenchmarkForest(b *testing.B) {
	a, _ := benchLattice(b)
	score, s := make([]float64, a.Rows), rng.New(1)
	for i := range score {
		score[i] = s.Float64()
	}
	greedy := GreedyForestBlock(a, score)
	local := make([]int32, a.Rows)
	for i := range local {
		local[i] = -1
	}
	g, d := make([]float64, len(greedy)), make([]float64, len(greedy))
	for k := range g {
		g[k] = s.Normal()
	}
	t := &forest{}
	rate := func(b *testing.B) {
		b.ReportMetric(float64(len(greedy))*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mnodes/s")
	}
	b.Run("sort", func(b *testing.B) {
		sorter := newDescending(a.Rows)
		for b.Loop() {
			sorter.sort(score)
		}
	})
	b.Run("grow", func(b *testing.B) {
		order, grower := newDescending(a.Rows).sort(score), newForestGrower(a)
		for b.Loop() {
			grower.grow(order)
		}
	})
	b.Run("read", func(b *testing.B) {
		for b.Loop() {
			t.read(a, greedy, local)
		}
		rate(b)
	})
	b.Run("solve", func(b *testing.B) {
		t.read(a, greedy, local)
		for b.Loop() {
			t.solve(g, d)
		}
		rate(b)
	})
	b.Run("read-and-solve", func(b *testing.B) {
		for b.Loop() {
			t.read(a, greedy, local)
			t.solve(g, d)
		}
		rate(b)
	})
}
