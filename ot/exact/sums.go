package exact

import "math"

// sum is a compensated sum (Neumaier 1974).
type sum struct{ s, c float64 }

func (t *sum) add(x float64) {
	u := t.s + x
	if math.Abs(t.s) >= math.Abs(x) {
		t.c += (t.s - u) + x
	} else {
		t.c += (x - u) + t.s
	}
	t.s = u
}

func (t *sum) value() float64 { return t.s + t.c }
