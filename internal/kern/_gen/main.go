// Command _gen writes the assembly of package kern: every kernel once for
// AVX2+FMA and once for AVX-512. Run it by go generate in the folder above.
package main

import . "github.com/mmcloughlin/avo/build"

func main() {
	ConstraintExpr("amd64,!purego")
	for _, s := range []isa{{name: "AVX2", w: 4}, {name: "AVX512", w: 8, wide: true}} {
		c := newConstants(s)
		blas1(s)
		expKernel(s, c)
		logKernel(s, c)
		glm(s, c)
		plan(s, c)
		selectPlan(s)
		octets(s)
		columns(s)
		points(s, c)
		gemm(s)
		front(s)
		finishSqDist(s)
	}
	sparse()
	Generate()
}
