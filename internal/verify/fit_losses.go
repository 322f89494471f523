package verify

import "math"

// pointLoss is one term of a separable loss: value, derivative and conjugate.
// They are written here a second time, apart from package loss, on purpose.
type pointLoss struct {
	value, slope func(eta, y float64) float64
	conjugate    func(t, y float64) float64
}

// pointLosses returns the loss of that name; delta is the δ of the Huber losses.
func pointLosses(name string, delta float64) (pointLoss, bool) {
	switch name {
	case "squared":
		return pointLoss{
			func(eta, y float64) float64 { return (eta - y) * (eta - y) / 2 },
			func(eta, y float64) float64 { return eta - y },
			func(t, y float64) float64 { return t*t/2 + t*y },
		}, true
	case "huber":
		return huberLoss(delta), true
	case "smooth-huber":
		return pointLoss{
			func(eta, y float64) float64 {
				q := (eta - y) / delta
				return delta * delta * q * q / (1 + math.Hypot(1, q))
			},
			func(eta, y float64) float64 { return (eta - y) / math.Hypot(1, (eta-y)/delta) },
			func(t, y float64) float64 {
				v := t / delta
				if math.Abs(v) > 1+domainSlack {
					return math.Inf(1)
				}
				v = math.Max(-1, math.Min(1, v))
				return t*y + t*t/(1+math.Sqrt((1-v)*(1+v)))
			},
		}, true
	case "logistic":
		return pointLoss{
			func(eta, y float64) float64 { return softplus(eta) - y*eta },
			func(eta, y float64) float64 { return 1/(1+math.Exp(-eta)) - y },
			func(t, y float64) float64 {
				a := t + y
				if a < -domainSlack || a > 1+domainSlack {
					return math.Inf(1)
				}
				return entropy(a) + entropy(1-a)
			},
		}, true
	case "poisson":
		return pointLoss{
			func(eta, y float64) float64 { return math.Exp(eta) - y*eta },
			func(eta, y float64) float64 { return math.Exp(eta) - y },
			func(t, y float64) float64 {
				a := t + y
				if a < -domainSlack*math.Max(1, y) {
					return math.Inf(1)
				}
				return entropy(a) - a
			},
		}, true
	case "sqhinge":
		return pointLoss{
			func(eta, y float64) float64 { m := math.Max(0, 1-y*eta); return m * m / 2 },
			func(eta, y float64) float64 { return -y * math.Max(0, 1-y*eta) },
			func(t, y float64) float64 {
				a := -t * y
				if a < -domainSlack {
					return math.Inf(1)
				}
				return a*a/2 - a
			},
		}, true
	}
	return pointLoss{}, false
}

// domainSlack is what rounding may take a scaled dual point out of the domain
// of a conjugate.
const domainSlack = 1e-12

func huberLoss(delta float64) pointLoss {
	return pointLoss{
		func(eta, y float64) float64 {
			if r := math.Abs(eta - y); r > delta {
				return delta*r - delta*delta/2
			}
			return (eta - y) * (eta - y) / 2
		},
		func(eta, y float64) float64 { return math.Max(-delta, math.Min(delta, eta-y)) },
		func(t, y float64) float64 {
			if math.Abs(t) > delta*(1+domainSlack) {
				return math.Inf(1)
			}
			return t*t/2 + t*y
		},
	}
}

// softplus is log(1+e^t).
func softplus(t float64) float64 { return math.Max(t, 0) + math.Log1p(math.Exp(-math.Abs(t))) }

// entropy is a log a, 0 at 0.
func entropy(a float64) float64 {
	if a <= 0 {
		return 0
	}
	return a * math.Log(a)
}

// nullIntercept minimises Σ w ℓ(o + t; y) over t: false positions inside a
// bracket that bisection closes.
func (f *Fit) nullIntercept(l pointLoss) float64 {
	slope := func(t float64) float64 {
		var s compensated
		for i, y := range f.Y {
			s.add(f.W[i] * l.slope(f.offset(i)+t, y))
		}
		return s.value()
	}
	if f.Loss == "squared" {
		var s, total compensated
		for i, y := range f.Y {
			s.add(f.W[i] * (y - f.offset(i)))
			total.add(f.W[i])
		}
		return s.value() / total.value()
	}
	lo, hi := -1.0, 1.0
	for !(slope(lo) <= 0) && lo > -1e6 { // exponentials may overflow
		lo *= 2
	}
	for slope(hi) < 0 && hi < 1e6 {
		hi *= 2
	}
	a, b := slope(lo), slope(hi)
	side := 0
	for k := range 200 { // Illinois' variant of the false position
		t := lo - a*(hi-lo)/(b-a)
		if !(t > lo && t < hi) || k%3 == 2 { // bisection where slopes differ by magnitudes
			t = (lo + hi) / 2
		}
		if t == lo || t == hi {
			return t
		}
		g := slope(t)
		switch {
		case g == 0 || hi-lo <= 1e-15*math.Max(1, math.Abs(t)):
			return t
		case g < 0:
			lo, a = t, g
			if side == -1 {
				b /= 2
			}
			side = -1
		default:
			hi, b = t, g
			if side == 1 {
				a /= 2
			}
			side = 1
		}
	}
	return (lo + hi) / 2
}
