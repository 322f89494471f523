// Package block is the laboratory of block coordinate descent: every way of
// cutting the variables into blocks (partitions), of choosing the next block
// (rules) and of moving in it (updates) of
//
//	J. Nutini, I. Laradji, M. Schmidt, Let's Make Block Coordinate Descent
//	Converge Faster: Faster Greedy Rules, Message-Passing, Active-Set
//	Complexity, and Superlinear Convergence, JMLR 23(131), 2022,
//
// in any combination that makes sense, so that they can be compared at equal
// iterations and at equal cost. Figures have the numbers they have there.
//
// An Objective holds the problem and the point: NewLeastSquares, NewGLM,
// NewSoftmax, NewQuadratic. Descend moves it:
//
//	f, err := block.NewQuadratic(a, b, nil)
//	r, err := block.Descend(ctx, f, &block.Options{
//		Partition: block.GreedyForest, Rule: block.GS, Update: block.Exact,
//	})
//
// On sparse quadratics a block may be as large as a forest of the graph of the
// matrix: it is minimised exactly by message passing, in time linear in its
// size. LabelPropagation makes such quadratics from a labelled graph.
//
// The package shows how methods behave; to solve a problem, take package bcd.
package block
