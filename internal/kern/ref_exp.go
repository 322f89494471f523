package kern

import "math"

const (
	ln2Hi = 0.693147180369123816490
	ln2Lo = 1.90821492927058770002e-10

	// Reduction of the Go exponential: x = n·ln2/64 + r, |r| ≤ ln2/128.
	goExpBits = 6
	goExpInv  = (1 << goExpBits) / math.Ln2
	goExpHi   = ln2Hi / (1 << goExpBits)
	goExpLo   = ln2Lo / (1 << goExpBits)
	// Adding goExpMagic leaves n in the low bits of the mantissa.
	goExpMagic = 3 << 51

	// Outside this range the scale 2^k isn't a normal number.
	goExpMin = -708
	goExpMax = 709
)

// goExpScale[j] holds the bits of 2^(j/64) less j<<46, so that adding n<<46
// for n = 64k+j gives the bits of 2^(n/64).
var goExpScale = func() (t [1 << goExpBits]uint64) {
	for j := range t {
		t[j] = exp2Bits[j] - uint64(j)<<(52-goExpBits)
	}
	return t
}()

// expGo evaluates 2^(n/64)·e^r.
func expGo(dst, x []float64) {
	dst = dst[:len(x)]
	for i, v := range x {
		if !(v > goExpMin && v < goExpMax) {
			dst[i] = expEdge(v)
			continue
		}
		t := v*goExpInv + goExpMagic
		n := math.Float64bits(t)
		k := t - goExpMagic
		r := (v - k*goExpHi) - k*goExpLo
		s := math.Float64frombits(goExpScale[n%(1<<goExpBits)] + n<<(52-goExpBits))
		dst[i] = s + s*expm1Small(r)
	}
}

// expm1Small returns e^r − 1 for |r| ≤ ln2/128 by the Taylor polynomial of
// degree 5, whose remainder is below 4e-17.
func expm1Small(r float64) float64 {
	r2 := r * r
	return r + r2*(0.5+r*(1.0/6)+r2*(1.0/24+r*(1.0/120)))
}

// expEdge is expGo's formula with the scale applied last, for arguments whose
// result is near or outside the normal range. (math.Exp overflows from 709.44
// on in its assembly for amd64.)
func expEdge(v float64) float64 {
	switch {
	case math.IsNaN(v):
		return v
	case v > 710:
		return math.Inf(1)
	case v < -746:
		return 0
	}
	k := math.RoundToEven(v * goExpInv)
	n := int(k)
	r := (v - k*goExpHi) - k*goExpLo
	s := math.Float64frombits(exp2Bits[n&(1<<goExpBits-1)])
	return math.Ldexp(s+s*expm1Small(r), n>>goExpBits)
}

func logGo(dst, x []float64) {
	dst = dst[:len(x)]
	for i, v := range x {
		if v > 0 && v < 0x1p-1022 {
			// The assembly behind math.Log on amd64 doesn't normalise its argument.
			dst[i] = math.Log(v*0x1p54) - 54*math.Ln2
			continue
		}
		dst[i] = math.Log(v)
	}
}
