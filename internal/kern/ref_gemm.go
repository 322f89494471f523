package kern

// Micro-tile of the Go kernel.
const (
	goMR = 4
	goNR = 4
)

// gemmKernelGo adds the product of a packed 4×kc and a packed kc×4 panel to
// the 4×4 tile at c.
func gemmKernelGo(kc int, a, b, c []float64, ldc int) {
	for i := 0; i < goMR; i += 2 {
		var s00, s01, s02, s03, s10, s11, s12, s13 float64
		for p := 0; p < kc; p++ {
			bp := b[p*goNR:][:goNR]
			a0, a1 := a[p*goMR+i], a[p*goMR+i+1]
			s00 += a0 * bp[0]
			s01 += a0 * bp[1]
			s02 += a0 * bp[2]
			s03 += a0 * bp[3]
			s10 += a1 * bp[0]
			s11 += a1 * bp[1]
			s12 += a1 * bp[2]
			s13 += a1 * bp[3]
		}
		r := c[i*ldc:][:goNR]
		r[0], r[1], r[2], r[3] = r[0]+s00, r[1]+s01, r[2]+s02, r[3]+s03
		r = c[(i+1)*ldc:][:goNR]
		r[0], r[1], r[2], r[3] = r[0]+s10, r[1]+s11, r[2]+s12, r[3]+s13
	}
}
