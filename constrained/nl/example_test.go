package nl_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"solve/constrained/nl"
)

// A model is read, evaluated, and answered.
func Example() {
	file, err := os.Open("testdata/maximise.nl") // max xy subject to x + 2y ≤ 8
	if err != nil {
		log.Fatal(err)
	}
	defer file.Close()
	model, err := nl.Read(context.Background(), "maximise.nl", file, nil)
	if err != nil {
		log.Fatal(err)
	}
	x, y := []float64{4, 2}, []float64{2}
	values, err := model.Plain(x)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("f =", values.Objective, "c =", values.Constraints)
	if err := model.WriteSol(os.Stdout, "solved", y, x, nl.CodeSolved); err != nil {
		log.Fatal(err)
	}
	// Output:
	// f = 8 c = [8]
	// solved
	//
	// Options
	// 3
	// 1
	// 1
	// 0
	// 1
	// 1
	// 2
	// 2
	// 2
	// 4
	// 2
	// objno 0 0
}
