//go:build amd64 && !purego

package kern

// Dispatch of the kernels on grids of face weights. The assembly takes
// pointers to the first cell of the plane; the guards of a FaceGrid make its
// reads beyond the plane safe.

// colourLines returns the length of the lines that the assembly is to see and
// its mask of the cells whose coordinates have the given parity. Where the
// pattern repeats with the vector, a plane is one long line: links from one
// line to the next have weight 0.
func colourLines(n, cells, parity int) (line int, mask uint32) {
	line = cells
	switch {
	case n&1 == 1:
		mask = 0x5555
	case n == 2:
		mask = 0x9999
	case n == 4:
		mask = 0xa5a5
	case n == 8:
		mask = 0xaa55
	default:
		line, mask = n, 0x5555
	}
	if parity&1 == 1 {
		mask = ^mask & 0xffff
	}
	return line, mask
}

func faceRelax(g *FaceGrid[float32], o, parity int, keep, omega float32, x, b []float32) {
	n, cells := g.N, g.Plane()
	line, mask := colourLines(n, cells, parity)
	switch {
	case isa != isaAVX512 || cells == 0:
		faceRelaxGo(g, o, parity, keep, omega, x, b)
	case g.Code != nil:
		faceRelaxCodedAVX512(&x[o], &b[o], nil, &g.Code[o], &g.Code[o-cells], &g.Code[o-n], &g.Axis[0], &g.InvOf[0],
			cells, line, cells, n, mask, keep, omega)
	default:
		w := &g.W
		faceRelaxAVX512(&x[o], &b[o], &g.Inv[o], &w[0][o], &w[0][o-cells], &w[1][o], &w[1][o-n], &w[2][o],
			cells, line, cells, n, mask, keep, omega)
	}
}

func faceStart(g *FaceGrid[float32], o, parity int, omega float32, x, b []float32) {
	line, mask := colourLines(g.N, g.Plane(), parity)
	switch {
	case isa != isaAVX512 || g.Plane() == 0:
		faceStartGo(g, o, parity, omega, x, b)
	case g.Code != nil:
		faceStartCodedAVX512(&x[o], &b[o], &g.Code[o], &g.InvOf[0], g.Plane(), line, mask, omega)
	default:
		faceStartAVX512(&x[o], &b[o], &g.Inv[o], g.Plane(), line, mask, omega)
	}
}

func faceResidual(g *FaceGrid[float32], o, parity, fold int, mix *Mix[float32], x, b, sums []float32) {
	n, cells := g.N, g.Plane()
	line, mask := colourLines(n, cells, parity+1)
	if fold == 2 && line != n {
		line, mask = n, 0xaaaa>>(parity&1)
	}
	switch {
	case isa != isaAVX512 || cells == 0:
		faceResidualGo(g, o, parity, fold, mix, x, b, sums)
	case g.Code != nil:
		faceResidualCodedAVX512(&x[o], &b[o], nil, &g.Code[o], &g.Code[o-cells], &g.Code[o-n], &g.Axis[0], &g.DiagOf[0],
			cells, line, cells, n, mask, &mix[0].B, &sums[0], fold-1)
	default:
		w := &g.W
		faceResidualAVX512(&x[o], &b[o], &g.D[o], &w[0][o], &w[0][o-cells], &w[1][o], &w[1][o-n], &w[2][o],
			cells, line, cells, n, mask, &mix[0].B, &sums[0], fold-1)
	}
}

func faceMul(g *FaceGrid[float64], o int, p, q []float64) float64 {
	n, cells := g.N, g.Plane()
	switch {
	case isa != isaAVX512 || cells == 0:
		return faceMulGo(g, o, p, q)
	case g.Code != nil:
		return faceMulCodedAVX512(&p[o], &q[0], &g.Code[o], &g.Code[o-cells], &g.Code[o-n], &g.Axis[0], &g.DiagOf[0], cells, cells, cells, n)
	}
	w := &g.W
	return faceMulAVX512(&p[o], &q[0], &g.D[o], &w[0][o], &w[0][o-cells], &w[1][o], &w[1][o-n], &w[2][o], cells, cells, cells, n)
}

func faceMulNarrow(g *FaceGrid[float64], o int, p, q []float32) float64 {
	n, cells := g.N, g.Plane()
	switch {
	case isa != isaAVX512 || cells == 0:
		return faceMulGo(g, o, p, q)
	case g.Code != nil:
		return faceMulNarrowCodedAVX512(&p[o], &q[0], &g.Code[o], &g.Code[o-cells], &g.Code[o-n], &g.Axis[0], &g.DiagOf[0], cells, cells, cells, n)
	}
	w := &g.W
	return faceMulNarrowAVX512(&p[o], &q[0], &g.D[o], &w[0][o], &w[0][o-cells], &w[1][o], &w[1][o-n], &w[2][o], cells, cells, cells, n)
}

// wholeLines is the length from which lines are worth a loop of their own.
const wholeLines = 48

func faceDiff(g *FaceGrid[float32], o int, p, q []float32) float64 {
	n, cells := g.N, g.Plane()
	if isa != isaAVX512 || cells == 0 {
		return faceDiffGo(g, o, p, q)
	}
	line := n
	if n < wholeLines {
		line = cells
	}
	return faceDiffAVX512(&p[o], &q[0], &g.Code[o], &g.Code[o-cells], &g.Code[o-n], &g.Axis[0], &g.ExcessOf[0], &g.Excess[o], cells, line, cells, n)
}

func foldPairs(c, s []float32) {
	full := 0
	if isa == isaAVX512 && len(s) >= 16 {
		full = len(s) &^ 15
		foldPairsAVX512(&c[0], &s[0], full)
	}
	foldPairsGo(c[full/2:], s[full:])
}

func spreadPairs(theta float32, c, x []float32) {
	full := 0
	if isa == isaAVX512 && len(x) >= 16 {
		full = len(x) &^ 15
		spreadPairsAVX512(theta, &c[0], &x[0], full)
	}
	spreadPairsGo(theta, c[full/2:], x[full:])
}

func mixedDirection(a float64, x []float64, z []float32, beta float32, p []float32) {
	full := 0
	if isa == isaAVX512 && len(p) >= 16 {
		full = len(p) &^ 15
		mixedDirectionAVX512(a, &x[0], &z[0], beta, &p[0], full)
	}
	mixedDirectionGo(a, x[full:], z[full:], beta, p[full:])
}

func mixedDot2(z, r, q []float32) (zr, zq float64) {
	if isa != isaAVX512 || len(z) < 8 {
		return mixedDot2Go(z, r, q)
	}
	full := len(z) &^ 7
	zr, zq = mixedDot2AVX512(&z[0], &r[0], &q[0], full)
	tailR, tailQ := mixedDot2Go(z[full:], r[full:], q[full:])
	return zr + tailR, zq + tailQ
}

func mixedStep(alpha float32, q, r []float32) float64 {
	if isa != isaAVX512 || len(r) < 16 {
		return mixedStepGo(alpha, q, r)
	}
	full := len(r) &^ 15
	sum := mixedStepAVX512(alpha, &q[0], &r[0], full)
	return sum + mixedStepGo(alpha, q[full:], r[full:])
}

func mixedDefect(scale float64, b, y []float64, r []float32) float64 {
	if isa != isaAVX512 || len(r) < 8 {
		return mixedDefectGo(scale, b, y, r)
	}
	full := len(r) &^ 7
	sum := mixedDefectAVX512(scale, &b[0], &y[0], &r[0], full)
	return sum + mixedDefectGo(scale, b[full:], y[full:], r[full:])
}

func repeats(col []int32, val []float64, w int) int {
	full := (len(col) - w) &^ 15
	if isa != isaAVX512 || full <= 0 {
		return repeatsGo(col, val, w)
	}
	count := repeatsAVX512(&col[0], &val[0], w, full)
	if count < full {
		return count
	}
	return full + repeatsGo(col[full:], val[full:], w)
}
