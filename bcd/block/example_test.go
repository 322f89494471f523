package block_test

import (
	"context"
	"fmt"

	"solve/bcd/block"
	"solve/matrix"
)

// The path 1–2–3 is a tree, so that one greedy tree minimises the quadratic.
func ExampleDescend() {
	a, err := matrix.NewCSR(3, 3, []int64{0, 2, 5, 7}, []int32{0, 1, 0, 1, 2, 1, 2}, []float64{2, -1, -1, 2, -1, -1, 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	f, err := block.NewQuadratic(a, []float64{1, 1, 1}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	r, err := block.Descend(context.Background(), f, &block.Options{Partition: block.GreedyForest})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.4g after %d iteration, %s\n", r.X, r.Iterations, r.Status)
	// Output: [1.5 2 1.5] after 1 iteration, solved
}
