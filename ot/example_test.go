package ot_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"solve/matrix"
	"solve/ot"
	"solve/solver"
)

// Transport between two weighted point sets on the line. The bracket bounds
// the cost without regularisation.
func ExampleSolve() {
	x := &matrix.Dense{Rows: 3, Cols: 1, Data: []float64{0, 1, 2}}
	y := &matrix.Dense{Rows: 2, Cols: 1, Data: []float64{0.5, 2.5}}
	cost, err := ot.NewPointCost(x, y, ot.SqEuclidean, 1)
	if err != nil {
		log.Fatal(err)
	}
	res, err := ot.Solve(context.Background(), &ot.Problem{
		A:    []float64{0.25, 0.5, 0.25},
		B:    []float64{0.5, 0.5},
		Cost: cost,
		Reg:  0.01,
	}, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s: cost %.6f, in [%.4f, %.4f]\n", res.Status, res.Cost, res.Lower, res.Upper)
	row := make([]float64, 2)
	for i := range 3 {
		res.Plan.Row(i, row)
		fmt.Printf("%.4f\n", row)
	}
	// Output:
	// solved: cost 0.750000, in [0.7500, 0.7500]
	// [0.2500 0.0000]
	// [0.2500 0.2500]
	// [0.0000 0.2500]
}

// A cost matrix, and a tolerance near rounding.
func ExampleSolve_costMatrix() {
	cost := &matrix.Dense{Rows: 2, Cols: 2, Data: []float64{0, 1, 1, 0}}
	res, err := ot.Solve(context.Background(), &ot.Problem{
		A: []float64{0.5, 0.5}, B: []float64{0.5, 0.5}, Cost: ot.NewDenseCost(cost), Reg: 0.01,
	}, &ot.Options{Settings: solver.Settings{Tol: 1e-13}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.6g\n", res.Cost) // 1/(1+e^{1/ε})
	// Output: 3.72008e-44
}

// A run that ends at a limit still gives its best answer, with certificates.
func ExampleSolve_limit() {
	cost, err := ot.NewGridCost([]int{8, 8}, ot.Cityblock, 1)
	if err != nil {
		log.Fatal(err)
	}
	a, b := make([]float64, 64), make([]float64, 64)
	for i := range 64 {
		a[i], b[63-i] = float64(1+i), float64(1+i)
	}
	res, err := ot.Solve(context.Background(), &ot.Problem{A: a, B: b, Cost: cost, Reg: 0.01},
		&ot.Options{Settings: solver.Settings{MaxIter: 2}})
	fmt.Println(errors.Is(err, solver.ErrIterationLimit), res.Status, res.Reason)
	fmt.Println(res.Lower <= res.Upper)
	// Output:
	// true stopped iteration_limit
	// true
}

// Where each point goes on average.
func ExamplePlan_Barycentric() {
	x := &matrix.Dense{Rows: 2, Cols: 2, Data: []float64{0, 0, 1, 0}}
	y := &matrix.Dense{Rows: 2, Cols: 2, Data: []float64{0, 1, 1, 1}}
	cost, err := ot.NewPointCost(x, y, ot.Euclidean, 1)
	if err != nil {
		log.Fatal(err)
	}
	half := []float64{0.5, 0.5}
	res, err := ot.Solve(context.Background(), &ot.Problem{A: half, B: half, Cost: cost, Reg: 0.001}, nil)
	if err != nil {
		log.Fatal(err)
	}
	images, err := res.Plan.Barycentric(y)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.3f %.3f\n", images.Row(0), images.Row(1))
	// Output: [0.000 1.000] [1.000 1.000]
}
