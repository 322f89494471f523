package bcd

import (
	"context"
	"math"

	"solve/internal/rng"
	"solve/solver"
)

// dualDescent is coordinate descent on the dual in random order: each step
// minimises over one α_i, w = Σ α_i y_i x_i follows. Rows at a bound whose
// gradient points well out of it are left out for a while (shrinking).
type dualDescent struct {
	*svm
	active     []int32 // active[:count] are swept
	count      int
	random     *rng.Stream
	high, low  float64 // largest and smallest projected gradient of the last sweep: beyond them a row is left out
	estimate   float64 // Σ term as the sweep met the rows
	touched    int     // entries that the sweep read and wrote
	checkBelow float64 // estimate that is worth an exact gap
}

// descend sweeps until the gap is below the target, or, with handOver, until
// Newton steps promise to be faster.
func (s *svm) descend(ctx context.Context, handOver bool) (solver.Reason, error) {
	d := &dualDescent{svm: s, active: make([]int32, s.rows.n), random: rng.New(s.opt.Seed), checkBelow: s.target}
	d.unshrink()
	d.start()
	spent, rate, last, nextLook := 0.0, 1.0, math.Inf(1), 0
	for epoch := 1; ; epoch++ {
		if ctx.Err() != nil {
			return solver.ContextReason(ctx), nil
		}
		d.sweep()
		s.stats.Epochs++
		if err := s.log.record("descent", epoch, math.NaN(), d.high-d.low, d.estimate/s.null, math.NaN()); err != nil {
			return proceed, err
		}
		if d.estimate <= d.checkBelow {
			s.setNormal(s.w) // removes the drift
			s.setMargins()
			s.stats.Passes += 2
			gap := s.terms()
			if gap <= s.target {
				return solver.Tolerance, nil
			}
			d.checkBelow = math.Min(d.checkBelow, d.estimate) / 2
			d.unshrink()
			if d.checkBelow < 1e-18*s.null {
				return d.end(handOver, solver.Stalled), nil
			}
		}
		if epoch >= s.opt.maxIter() {
			return d.end(handOver, solver.IterationLimit), nil
		}
		spent += d.seconds()
		if epoch >= leastEpochs {
			rate = math.Sqrt(rate * math.Min(1, d.estimate/last)) // smooths the noise of the order
			left := math.Log(s.target/d.estimate) / math.Log(rate)
			if handOver && epoch >= nextLook {
				nextLook = epoch + epoch/4
				if left > 0 && (d.squared || epoch >= settledEpochs) {
					left *= d.seconds()
				} else {
					left = 0
				}
				if math.Max(spent, left) > d.newtonSeconds() {
					return proceed, nil
				}
			}
		}
		last = d.estimate
	}
}

const (
	leastEpochs   = 4  // sweeps that tell a rate
	settledEpochs = 10 // sweeps after which the rate of the hinge can be trusted
)

// end is proceed where Newton steps can still help.
func (d *dualDescent) end(handOver bool, reason solver.Reason) solver.Reason {
	if handOver {
		return proceed
	}
	d.setNormal(d.w)
	return reason
}

// start sets what no sweep has to: rows of zeros under the hinge, whose α is
// at a bound.
func (d *dualDescent) start() {
	for i, q := range d.rows.square {
		if q > 0 || d.squared {
			continue
		}
		slope := 1.0
		if d.o != nil {
			slope -= d.y[i] * d.o[i]
		}
		if slope > 0 {
			d.alpha[i] = d.cost[i]
		}
	}
}

// unshrink takes all rows in again, but those that have no step.
func (d *dualDescent) unshrink() {
	d.count = 0
	for i, c := range d.cost {
		if c > 0 && (d.squared || d.rows.square[i] > 0) {
			d.active[d.count] = int32(i)
			d.count++
		}
	}
	d.high, d.low = math.Inf(1), math.Inf(-1)
}

// sweep visits the active rows once in random order.
func (d *dualDescent) sweep() {
	high, low := math.Inf(-1), math.Inf(1)
	estimate, touched := 0.0, 0
	for k := 0; k < d.count; k++ {
		at := k + d.random.Below(d.count-k)
		d.active[k], d.active[at] = d.active[at], d.active[k]
		i := int(d.active[k])
		y, a, c := d.y[i], d.alpha[i], d.cost[i]
		eta := d.rows.dot(i, d.w)
		touched += d.rows.nnz(i)
		if d.o != nil {
			eta += d.o[i]
		}
		m := 1 - y*eta
		estimate += d.term(i, m, a)
		g, q, most := -m, d.rows.square[i], c
		if d.squared {
			g += a / c
			q += 1 / c
			most = math.Inf(1)
		}
		projected := g
		switch {
		case a == 0:
			if g > d.high {
				k = d.drop(k)
				continue
			}
			projected = min(g, 0)
		case a >= most:
			if g < d.low {
				k = d.drop(k)
				continue
			}
			projected = max(g, 0)
		}
		high, low = max(high, projected), min(low, projected)
		if projected == 0 {
			continue
		}
		if next := min(max(a-g/q, 0), most); next != a {
			d.alpha[i] = next
			d.rows.axpy((next-a)*y, i, d.w)
			d.stats.ColumnUpdates++
			touched += d.rows.nnz(i)
		}
	}
	d.estimate, d.touched = estimate, touched
	d.stats.Passes += float64(touched) / float64(max(1, d.rows.entries()))
	d.high, d.low = high, low
	if !(high > 0) {
		d.high = math.Inf(1)
	}
	if !(low < 0) {
		d.low = math.Inf(-1)
	}
	if d.count == 0 {
		d.unshrink()
	}
}

// drop takes the row at place k out of the active ones.
func (d *dualDescent) drop(k int) int {
	d.count--
	d.active[k], d.active[d.count] = d.active[d.count], d.active[k]
	return k - 1
}

// seconds estimates the time of the last sweep from what it touched, so that
// the choice of the method is the same on every machine.
func (d *dualDescent) seconds() float64 {
	return 1e-9 * (float64(d.touched) + 12*float64(d.count))
}

// newtonSeconds estimates the time of the second phase.
func (d *dualDescent) newtonSeconds() float64 {
	steps := 8.0
	if d.squared {
		steps = 6
	}
	free, entries := 0, 0
	for i, a := range d.alpha {
		if a > 0 && a < d.upper(i) {
			free++
			entries += d.rows.nnz(i)
		}
	}
	n, p := float64(d.rows.n), float64(d.rows.p)
	pass := 1e-9 * (float64(d.rows.entries()) + 20*n + 2*p)
	return steps * (pass + 1e-9*systemWork(float64(free), p, float64(entries)))
}
