// Package nl reads the models that AMPL, Pyomo, JuMP and others write for a
// solver, .nl files in text or in binary form, and writes the answers that they
// read back, .sol files (Gay, Hooking your solver to AMPL, Bell Laboratories 1997;
// Gay, Writing .nl files, Sandia National Laboratories 2005).
//
// Expressions become one directed acyclic graph, in which a defined variable is
// a node that all its users share. Two straight-line programs are compiled from
// it: reverse sweeps for the gradients, with the gradient of a shared node formed
// once, and edge pushing for the Hessian of the Lagrangian (Gower & Mello, A new
// framework for the computation of Hessians, Optim. Methods Softw. 27(2), 2012),
// whose work follows the entries that are there. A second evaluator, slow and
// separate, serves those who check an answer.
//
// What has no place in a smooth program is refused by name: imported functions,
// logical and complementarity constraints, networks, piecewise-linear terms, and
// integer variables unless they may be relaxed.
package nl
