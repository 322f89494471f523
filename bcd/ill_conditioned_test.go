package bcd

import (
	"context"
	"fmt"
	"math"
	"testing"

	"solve/internal/rng"
	"solve/loss"
	"solve/matrix"
)

// Residuals far beyond δ leave Newton's model next to flat, and more columns
// than rows leave it singular: the fits have to reach their tolerance anyhow.
func TestResidualsFarBeyondDelta(t *testing.T) {
	for seed := range uint64(40) {
		r := rng.New(seed)
		n, p := 4+r.Below(20), 2+r.Below(8)
		x := randomDense(t, r, n, p)
		y := make([]float64, n)
		for i := range y {
			y[i] = 1000 * r.Normal()
		}
		groups := [][]int32{{}, {}}
		for j := range p {
			groups[min(j, 1)] = append(groups[min(j, 1)], int32(j))
		}
		for _, l := range []loss.Loss{loss.Huber(1), loss.SmoothHuber(0.3)} {
			for _, penalty := range []string{L1, Group, SparseGroup} {
				q := &Problem{X: x, Y: y, Loss: l, Penalty: penalty, Alpha: float64(seed%3) / 2, LambdaRatio: 0.01, Intercept: seed%2 == 1, Standardize: seed%4 == 3}
				if penalty != L1 {
					q.Groups = groups
				}
				opt := &Options{}
				opt.Tol = 1e-8
				if _, err := Solve(context.Background(), q, opt); err != nil {
					t.Errorf("seed %d, %d×%d, %s, %s: %v", seed, n, p, l.Name(), penalty, err)
				}
			}
		}
	}
}

// Columns of very different lengths in one group, more of them than rows.
func TestGroupsOfBadlyScaledColumns(t *testing.T) {
	for seed := range uint64(20) {
		r := rng.New(seed)
		n, p := 5, 8
		x := randomDense(t, r, n, p)
		scaleColumns(x, r)
		y := make([]float64, n)
		for i := range y {
			y[i] = r.Float64()
		}
		for _, alpha := range []float64{0, 0.5, 1} {
			q := &Problem{X: x, Y: y, Penalty: SparseGroup, Alpha: alpha, LambdaRatio: 1e-5, Groups: [][]int32{{0, 4, 5, 7}, {1, 2}, {3, 6}}}
			t.Run(fmt.Sprint(seed, alpha), func(t *testing.T) {
				if _, err := Solve(context.Background(), q, nil); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// scaleColumns multiplies each column by a power of ten in 1e-3 … 1e3.
func scaleColumns(x *matrix.Dense, r *rng.Stream) {
	for j := range x.Cols {
		by := math.Pow(10, float64(r.Below(7)-3))
		for i := range x.Rows {
			x.Data[i*x.Cols+j] *= by
		}
	}
}
