package exact_test

import (
	"context"
	"fmt"

	"solve/matrix"
	"solve/ot/exact"
)

// matrixCost is a cost in memory.
type matrixCost struct{ *matrix.Dense }

func (c matrixCost) Row(i, j0 int, dst []float64) { copy(dst, c.Dense.Row(i)[j0:]) }
func (c matrixCost) Stored() *matrix.Dense        { return c.Dense }

func ExampleSolve() {
	cost, _ := matrix.NewDense(2, 3, []float64{
		1, 2, 4,
		3, 1, 2,
	})
	p := &exact.Problem{A: []float64{0.5, 0.5}, B: []float64{0.25, 0.5, 0.25}, Cost: matrixCost{cost}}
	res, err := exact.Solve(context.Background(), p, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for k, w := range res.Mass {
		fmt.Printf("%g from row %d to column %d\n", w, res.Rows[k]+1, res.Cols[k]+1)
	}
	fmt.Printf("cost %g, proved: %v\n", res.Primal, res.Gap < 1e-14)
	// Output:
	// 0.25 from row 1 to column 1
	// 0.25 from row 1 to column 2
	// 0.25 from row 2 to column 2
	// 0.25 from row 2 to column 3
	// cost 1.5, proved: true
}

func ExampleAssign() {
	cost, _ := matrix.NewDense(3, 3, []float64{
		4, 1, 3,
		2, 0, 5,
		3, 2, 2,
	})
	res, err := exact.Assign(context.Background(), matrixCost{cost}, nil)
	fmt.Println(res.Permutation, res.Primal, err)
	// Output: [1 0 2] 5 <nil>
}
