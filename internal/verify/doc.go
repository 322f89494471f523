// Package verify recomputes certificates in plain loops from the input data
// and the answer as it is written out. It shares no code with the solvers:
// it imports neither a solver nor a kernel, so that a mistake there cannot
// hide here. The solvers call it for their verdict, `solve check` calls it
// for stored answers and for anybody else's.
package verify
