package kern

// Exp computes dst_i = exp(x_i); dst may be x. See the package comment for the
// error bound and the special values.
func Exp(dst, x []float64) {
	checkLen("Exp", "dst", len(dst), len(x))
	exp(dst, x)
}

// Log computes dst_i = ln(x_i); dst may be x. Log(±0) = −Inf, Log(+Inf) = +Inf,
// Log(x < 0) = NaN.
func Log(dst, x []float64) {
	checkLen("Log", "dst", len(dst), len(x))
	log(dst, x)
}
