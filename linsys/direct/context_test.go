package direct

import (
	"context"
	"errors"
	"testing"
	"time"

	"solve/matrix"
	"solve/solver"
)

// endsAfter is a context that is done from the n-th look at it on.
type endsAfter struct {
	context.Context
	left int
	done chan struct{}
}

func newEndsAfter(n int) *endsAfter {
	c := &endsAfter{Context: context.Background(), left: n, done: make(chan struct{})}
	if n == 0 {
		close(c.done)
	}
	return c
}

func (c *endsAfter) Done() <-chan struct{} { return c.done }

func (c *endsAfter) Err() error {
	if c.left > 0 {
		c.left--
		if c.left == 0 {
			close(c.done)
		}
		return nil
	}
	return context.Canceled
}

func (c *endsAfter) Deadline() (time.Time, bool) { return time.Time{}, false }

// Symbolic work ends with its context, whenever that is.
func TestAnalysesObeyContext(t *testing.T) {
	a := grid(t, 1, 60, 60)
	for name, analyse := range map[string]func(context.Context) error{
		"AMD":              func(ctx context.Context) error { _, err := AMD(ctx, a); return err },
		"COLAMD":           func(ctx context.Context) error { _, err := COLAMD(ctx, a); return err },
		"NestedDissection": func(ctx context.Context) error { _, err := NestedDissection(ctx, a, 1); return err },
		"AnalyzeCholesky":  func(ctx context.Context) error { _, err := AnalyzeCholesky(ctx, a, nil); return err },
		"best": func(ctx context.Context) error {
			_, err := AnalyzeCholesky(ctx, a, &AnalyzeOptions{Ordering: "best", Threads: 1})
			return err
		},
		"AnalyzeLDLT": func(ctx context.Context) error { _, err := AnalyzeLDLT(ctx, a, nil); return err },
		"LDLT by pairs": func(ctx context.Context) error {
			_, err := AnalyzeLDLT(ctx, smallSaddle(t), &LDLTOptions{Pairs: true})
			return err
		},
		"AnalyzeLU":          func(ctx context.Context) error { _, err := AnalyzeLU(ctx, a, &LUOptions{Threads: 1}); return err },
		"ScaledMatching":     func(ctx context.Context) error { _, _, _, err := ScaledMatching(ctx, reversed(t, 50)); return err },
		"MaximumTransversal": func(ctx context.Context) error { _, _, err := MaximumTransversal(ctx, a); return err },
	} {
		for n := 0; ; n++ {
			ctx := newEndsAfter(n)
			err := analyse(ctx)
			if err == nil {
				if n == 0 {
					t.Errorf("%s does not look at its context", name)
				}
				break // it takes fewer looks than that
			}
			if !errors.Is(err, context.Canceled) || errors.Is(err, solver.ErrSingular) {
				t.Fatalf("%s: %v after %d looks", name, err, n)
			}
		}
	}
}

// smallSaddle has zeros on the diagonal that need partners.
func smallSaddle(t *testing.T) *matrix.CSR {
	return sparse(t, [][]float64{{2, 1, 0, 1}, {1, 2, 1, 0}, {0, 1, 0, 0}, {1, 0, 0, 0}})
}

// reversed has its large entries beside one another, so that columns compete.
func reversed(t *testing.T, n int) *matrix.CSR {
	d := make([][]float64, n)
	for i := range d {
		d[i] = make([]float64, n)
		for j := range d[i] {
			d[i][j] = 1 / float64(1+(i*i+7*i*j+3*j)%11)
		}
	}
	return sparse(t, d)
}
