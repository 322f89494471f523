package kern

import "math"

// pairSum is a sum and the rounding errors that it has made (Knuth's two-sum).
type pairSum struct{ sum, err float64 }

func (p *pairSum) add(v float64) {
	s := p.sum + v
	t := s - p.sum
	p.err += (p.sum - (s - t)) + (v - t)
	p.sum = s
}

func logisticGo(grad, hess, eta, y, w []float64) (sum, err float64) {
	var acc pairSum
	var e [expBlock]float64
	grad, hess = grad[:len(eta)], hess[:len(eta)]
	for from := 0; from < len(eta); from += expBlock {
		to := min(from+expBlock, len(eta))
		expNegAbs(e[:to-from], eta[from:to])
		for i := from; i < to; i++ {
			value, q := logisticLoss(e[i-from], eta[i], y[i])
			if w[i] == 0 {
				grad[i], hess[i] = 0, 0
				continue
			}
			d := 1 + e[i-from]
			acc.add(w[i] * value)
			grad[i] = w[i] * math.Copysign(1, eta[i]) * (q - e[i-from]/d)
			hess[i] = w[i] * (e[i-from] / (d * d))
		}
	}
	return acc.sum, acc.err
}

func logisticValueGo(eta, y, w []float64) (sum, err float64) {
	var acc pairSum
	var e [expBlock]float64
	for from := 0; from < len(eta); from += expBlock {
		to := min(from+expBlock, len(eta))
		expNegAbs(e[:to-from], eta[from:to])
		for i := from; i < to; i++ {
			if w[i] != 0 {
				value, _ := logisticLoss(e[i-from], eta[i], y[i])
				acc.add(w[i] * value)
			}
		}
	}
	return acc.sum, acc.err
}

func expNegAbs(dst, eta []float64) {
	for i, v := range eta {
		dst[i] = -math.Abs(v)
	}
	expGo(dst, dst)
}

// logisticLoss returns q|η| + ln(1+e) for e = e^{−|η|} and q, what y lacks of
// the label that η speaks for.
func logisticLoss(e, eta, y float64) (value, q float64) {
	if q = y; !math.Signbit(eta) {
		q = 1 - y
	}
	return q*math.Abs(eta) + log1pGo(e), q
}

// log1pGo returns ln(1+e) for −½ ≤ e ≤ 1 from s = e/(2+e): ln(1+e) = 2s + s³A(s²)
// = e − s(e − s²A(s²)), which rounds better. A has a relative error of 7.4e-18
// of the logarithm.
func log1pGo(e float64) float64 {
	s := e / (2 + e)
	z := s * s
	z2 := z * z
	z4 := z2 * z2
	a := (0.6666666666666666 + 0.40000000000014585*z) + z2*(0.2857142856710876+0.22222222717427864*z) +
		z4*((0.18181789436132859+0.15385570064958623*z)+z2*(0.13314144209654935+0.12001072809590713*z)+
			z4*(0.08800738486144674+0.1616404561194353*z))
	return e - s*(e-z*a)
}

func poissonGo(grad, hess, eta, y, w []float64) (sum, err float64) {
	var acc pairSum
	expGo(hess, eta)
	grad = grad[:len(eta)]
	for i, m := range hess {
		if w[i] == 0 {
			grad[i], hess[i] = 0, 0
			continue
		}
		acc.add(w[i] * poissonLoss(m, eta[i], y[i]))
		grad[i], hess[i] = w[i]*(m-y[i]), w[i]*m
	}
	return acc.sum, acc.err
}

func poissonValueGo(eta, y, w []float64) (sum, err float64) {
	var acc pairSum
	var m [expBlock]float64
	for from := 0; from < len(eta); from += expBlock {
		to := min(from+expBlock, len(eta))
		expGo(m[:to-from], eta[from:to])
		for i := from; i < to; i++ {
			if w[i] != 0 {
				acc.add(w[i] * poissonLoss(m[i-from], eta[i], y[i]))
			}
		}
	}
	return acc.sum, acc.err
}

// poissonLoss returns m − yη; the FMA rounds no product, so that an infinite m
// wins over yη.
func poissonLoss(m, eta, y float64) float64 { return math.FMA(-y, eta, m) }

func squaredGo(grad, eta, y, w []float64) (sum, err float64) {
	var acc pairSum
	y, w, grad = y[:len(eta)], w[:len(eta)], grad[:len(eta)]
	for i, e := range eta {
		if w[i] == 0 {
			grad[i] = 0
			continue
		}
		r := e - y[i]
		acc.add(w[i] * (0.5 * (r * r)))
		grad[i] = w[i] * r
	}
	return acc.sum, acc.err
}

func squaredValueGo(eta, y, w []float64) (sum, err float64) {
	var acc pairSum
	y, w = y[:len(eta)], w[:len(eta)]
	for i, e := range eta {
		if w[i] != 0 {
			r := e - y[i]
			acc.add(w[i] * (0.5 * (r * r)))
		}
	}
	return acc.sum, acc.err
}

func binaryEntropyGo(dst, a []float64) {
	var l [expBlock]float64
	for from := 0; from < len(a); from += expBlock {
		to := min(from+expBlock, len(a))
		logGo(l[:to-from], a[from:to])
		for i, v := range a[from:to] {
			if v != 0 {
				dst[from+i] = v*l[i] + (1-v)*log1pGo(-v)
			} else {
				dst[from+i] = 0
			}
		}
	}
}
