package models_test

import (
	"context"
	"fmt"

	"solve/constrained"
	"solve/constrained/models"
)

// One Newton step solves a quadratic program with linear equations.
func ExampleControl() {
	p, err := models.Control(10)
	if err != nil {
		fmt.Println(err)
		return
	}
	r, err := constrained.Solve(context.Background(), p, &constrained.Options{Method: constrained.GALM})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%v after %d iteration, f = %.9f\n", r.Status, r.Stats.Iterations, r.Objective)
	// Output: solved after 1 iteration, f = 116.835219238
}
