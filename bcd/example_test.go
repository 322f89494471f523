package bcd_test

import (
	"context"
	"fmt"

	"solve/bcd"
	"solve/matrix"
)

func Example() {
	x := &matrix.Dense{Rows: 4, Cols: 2, Data: []float64{1, 1, 1, -1, -1, 1, -1, -1}}
	p := &bcd.Problem{X: x, Y: []float64{3, 1, -1, -3}, Lambda: 0.5}
	res, err := bcd.Solve(context.Background(), p, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("x = %.4g, gap %.1f\n", res.X, res.DualGap)
	// Output: x = [1.5 0.5], gap 0.0
}
