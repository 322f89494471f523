package kern

// The Go kernels of face-weight grids. o is the index of the plane's first
// cell; parity is 0 when the first cell of the plane has the colour meant.

// around is one line of cells and its neighbours.
type around[T Real] struct {
	x, xa, xb, ya, yb, za, zb []T // values: own, and before and after along each axis
	wa, wb, va, vb, ua, ub    []T // weights in the same order
}

func newAround[T Real](g *FaceGrid[T], o int, x []T) around[T] {
	n, sx := g.N, g.Plane()
	at := func(v []T, o int) []T { return v[o : o+n : o+n] }
	return around[T]{
		x: at(x, o), xa: at(x, o-sx), xb: at(x, o+sx), ya: at(x, o-n), yb: at(x, o+n), za: at(x, o-1), zb: at(x, o+1),
		wa: at(g.W[0], o-sx), wb: at(g.W[0], o), va: at(g.W[1], o-n), vb: at(g.W[1], o), ua: at(g.W[2], o-1), ub: at(g.W[2], o),
	}
}

// sum is Σ w x over the neighbours of cell k.
func (a *around[T]) sum(k int) T {
	return (a.wa[k]*a.xa[k] + a.wb[k]*a.xb[k]) + (a.va[k]*a.ya[k] + a.vb[k]*a.yb[k]) + (a.ua[k]*a.za[k] + a.ub[k]*a.zb[k])
}

// coded is the same for a coded grid.
type coded[T Real] struct {
	x          []T
	code       []uint8
	n, sx      int
	wx, wy, wz [2]T
	diag, inv  *[8]T
}

func newCoded[T Real](g *FaceGrid[T], x []T) coded[T] {
	return coded[T]{
		x: x, code: g.Code, n: g.N, sx: g.Plane(),
		wx: [2]T{0, g.Axis[0]}, wy: [2]T{0, g.Axis[1]}, wz: [2]T{0, g.Axis[2]},
		diag: &g.DiagOf, inv: &g.InvOf,
	}
}

func (a *coded[T]) sum(c int) T {
	code, x := a.code[c], a.x
	sum := a.wx[a.code[c-a.sx]>>5&1]*x[c-a.sx] + a.wx[code>>5&1]*x[c+a.sx]
	sum += a.wy[a.code[c-a.n]>>4&1]*x[c-a.n] + a.wy[code>>4&1]*x[c+a.n]
	return sum + (a.wz[a.code[c-1]>>3&1]*x[c-1] + a.wz[code>>3&1]*x[c+1])
}

func faceRelaxGo[T Real](g *FaceGrid[T], o, parity int, keep, omega T, x, b []T) {
	n := g.N
	if g.Code != nil {
		a := newCoded(g, x)
		for j := range g.Lines {
			for c := o + j*n + (parity+j)&1; c < o+(j+1)*n; c += 2 {
				x[c] = keep*x[c] + omega*a.inv[g.Code[c]&CodeDiagonal]*(b[c]+a.sum(c))
			}
		}
		return
	}
	for j := range g.Lines {
		at := o + j*n
		a := newAround(g, at, x)
		b, inv := b[at:at+n], g.Inv[at:at+n]
		for k := (parity + j) & 1; k < n; k += 2 {
			a.x[k] = keep*a.x[k] + omega*inv[k]*(b[k]+a.sum(k))
		}
	}
}

func faceStartGo[T Real](g *FaceGrid[T], o, parity int, omega T, x, b []T) {
	n := g.N
	for j := range g.Lines {
		for c := o + j*n + (parity+j)&1; c < o+(j+1)*n; c += 2 {
			if g.Code != nil {
				x[c] = omega * g.InvOf[g.Code[c]&CodeDiagonal] * b[c]
			} else {
				x[c] = omega * g.Inv[c] * b[c]
			}
		}
	}
}

func faceResidualGo[T Real](g *FaceGrid[T], o, parity, fold int, mix *Mix[T], x, b, sums []T) {
	n := g.N
	for j := range g.Lines {
		at := o + j*n
		sums, b := sums[j/fold*n:][:n], b[at:at+n]
		if g.Code != nil {
			a := newCoded(g, x)
			for k := range sums {
				c, m := at+k, &mix[(parity+j+k)&1]
				sums[k] += m.B*b[k] + m.D*a.diag[g.Code[c]&CodeDiagonal]*x[c] + m.S*a.sum(c)
			}
			continue
		}
		a := newAround(g, at, x)
		d := g.D[at : at+n]
		for k := range sums {
			m := &mix[(parity+j+k)&1]
			sums[k] += m.B*b[k] + m.D*d[k]*a.x[k] + m.S*a.sum(k)
		}
	}
}

// faceMulGo writes to q, which begins with the plane.
func faceMulGo[T Real](g *FaceGrid[float64], o int, p, q []T) float64 {
	n, dot := g.N, 0.
	for j := range g.Lines {
		at := o + j*n
		if q := q[j*n:][:n]; g.Code != nil {
			dot += mulLineCoded(g, at, p, q)
		} else {
			dot += mulLine(g, at, p, q)
		}
	}
	return dot
}

func mulLine[T Real](g *FaceGrid[float64], o int, p, q []T) float64 {
	n, sx, dot := len(q), g.Plane(), 0.
	at := func(v []T, o int) []T { return v[o : o+n : o+n] }
	x, xa, xb, ya, yb, za, zb := at(p, o), at(p, o-sx), at(p, o+sx), at(p, o-n), at(p, o+n), at(p, o-1), at(p, o+1)
	a := newAround(g, o, g.D) // for the weights
	for k := range q {
		sum := (a.wa[k]*float64(xa[k]) + a.wb[k]*float64(xb[k])) + (a.va[k]*float64(ya[k]) + a.vb[k]*float64(yb[k])) + (a.ua[k]*float64(za[k]) + a.ub[k]*float64(zb[k]))
		v := a.x[k]*float64(x[k]) - sum
		q[k] = T(v)
		dot += v * float64(x[k])
	}
	return dot
}

func mulLineCoded[T Real](g *FaceGrid[float64], o int, p, q []T) float64 {
	n, sx, dot := len(q), g.Plane(), 0.
	wx, wy, wz := [2]float64{0, g.Axis[0]}, [2]float64{0, g.Axis[1]}, [2]float64{0, g.Axis[2]}
	at := func(v []T, o int) []T { return v[o : o+n : o+n] }
	x, xa, xb, ya, yb, za, zb := at(p, o), at(p, o-sx), at(p, o+sx), at(p, o-n), at(p, o+n), at(p, o-1), at(p, o+1)
	own, cx, cy, cz := g.Code[o:][:n], g.Code[o-sx:][:n], g.Code[o-n:][:n], g.Code[o-1:][:n]
	for k := range q {
		c := own[k]
		sum := (wx[cx[k]>>5&1]*float64(xa[k]) + wx[c>>5&1]*float64(xb[k])) + (wy[cy[k]>>4&1]*float64(ya[k]) + wy[c>>4&1]*float64(yb[k])) +
			(wz[cz[k]>>3&1]*float64(za[k]) + wz[c>>3&1]*float64(zb[k]))
		v := g.DiagOf[c&CodeDiagonal]*float64(x[k]) - sum
		q[k] = T(v)
		dot += v * float64(x[k])
	}
	return dot
}

func faceDiffGo(g *FaceGrid[float32], o int, p, q []float32) float64 {
	sx, n, dot := g.Plane(), g.N, 0.
	w := g.Axis
	at := func(v []float32, o int) []float32 { return v[o : o+sx : o+sx] }
	x, xa, xb, ya, yb, za, zb := at(p, o), at(p, o-sx), at(p, o+sx), at(p, o-n), at(p, o+n), at(p, o-1), at(p, o+1)
	own, cx, cy, cz, excess := g.Code[o:][:sx], g.Code[o-sx:][:sx], g.Code[o-n:][:sx], g.Code[o-1:][:sx], g.Excess[o:][:sx]
	is := [2]float32{0, 1}
	for k := range q[:sx] {
		c, v := own[k], x[k]
		sum := w[0] * (is[cx[k]>>5&1]*(v-xa[k]) + is[c>>5&1]*(v-xb[k]))
		sum += w[1] * (is[cy[k]>>4&1]*(v-ya[k]) + is[c>>4&1]*(v-yb[k]))
		sum += w[2] * (is[cz[k]>>3&1]*(v-za[k]) + is[c>>3&1]*(v-zb[k]))
		sum += g.ExcessOf[excess[k]&15] * v
		q[k] = sum
		dot += float64(sum) * float64(v)
	}
	return dot
}

func foldPairsGo[T Real](c, s []T) {
	for k := range len(s) / 2 {
		c[k] = s[2*k] + s[2*k+1]
	}
	if len(s)&1 == 1 {
		c[len(c)-1] = s[len(s)-1]
	}
	clear(s)
}

func spreadPairsGo[T Real](theta T, c, x []T) {
	for k, v := range c[:len(x)/2] {
		x[2*k] += theta * v
		x[2*k+1] += theta * v
	}
	if len(x)&1 == 1 {
		x[len(x)-1] += theta * c[len(c)-1]
	}
}

func mixedDirectionGo[T Real](a float64, x []float64, z []T, beta T, p []T) {
	for k, v := range p {
		x[k] += a * float64(v)
		p[k] = z[k] + beta*v
	}
}

func mixedDot2Go[T Real](z, r, q []T) (zr, zq float64) {
	for k, v := range z {
		zr += float64(v) * float64(r[k])
		zq += float64(v) * float64(q[k])
	}
	return zr, zq
}

func mixedStepGo[T Real](alpha T, q, r []T) float64 {
	sum := 0.
	for k, v := range r {
		v -= alpha * q[k]
		r[k] = v
		sum += float64(v) * float64(v)
	}
	return sum
}

func mixedDefectGo[T Real](scale float64, b, y []float64, r []T) float64 {
	sum := 0.
	for k := range r {
		v := scale * (b[k] - y[k])
		r[k] = T(v)
		sum += v * v
	}
	return sum
}

func repeatsGo(col []int32, val []float64, w int) int {
	count := 0
	for e := w; e < len(col) && col[e] == col[e-w]+1 && val[e] == val[e-w]; e++ {
		count++
	}
	return count
}
