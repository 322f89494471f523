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

func faceMulGo(g *FaceGrid[float64], o int, p, q []float64) float64 {
	n, dot := g.N, 0.
	for j := range g.Lines {
		at := o + j*n
		q := q[at : at+n]
		if g.Code != nil {
			a := newCoded(g, p)
			for k := range q {
				c := at + k
				q[k] = a.diag[g.Code[c]&CodeDiagonal]*p[c] - a.sum(c)
				dot += q[k] * p[c]
			}
			continue
		}
		a, d := newAround(g, at, p), g.D[at:at+n]
		for k := range q {
			q[k] = d[k]*a.x[k] - a.sum(k)
			dot += q[k] * a.x[k]
		}
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

func mixedXpbyGo(z []float32, beta float64, p []float64) {
	for k, v := range z {
		p[k] = float64(v) + beta*p[k]
	}
}

func mixedDot2Go(z []float32, r, q []float64) (zr, zq float64) {
	for k, v := range z {
		zr += float64(v) * r[k]
		zq += float64(v) * q[k]
	}
	return zr, zq
}

func mixedUpdateGo[T Real](alpha float64, p, q, x, r []float64, scale float64, b []T) float64 {
	sum := 0.
	for k, v := range p {
		x[k] += alpha * v
		f := r[k] - alpha*q[k]
		r[k] = f
		b[k] = T(f * scale)
		sum += f * f
	}
	return sum
}
