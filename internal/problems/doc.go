// Package problems makes test problems: the generators behind `solve gen`
// (Generators, Find), and a library of tiny transport problems whose exact
// answers are known in closed form (Entropic, Exact), each documented with
// its formula. Tests of the solvers use the latter as oracles.
//
// Random numbers come from package rng, so that another program can make the
// same instances.
package problems
