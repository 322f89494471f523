package multigrid

import (
	"errors"
	"slices"
	"sync"
	"testing"

	"solve/internal/problems"
	"solve/matrix"
)

// Copies at work at the same time give the bits of the original.
func TestCopiesSameBits(t *testing.T) {
	for name, a := range map[string]*matrix.CSR{
		"porous":  obstacles(t, "porous", 28, false, 3),
		"random":  obstacles(t, "random", 27, false, 3),
		"slabs":   weakSlabs(t, 27),
		"poisson": boxLaplacian(t, 31, 27, 25),
	} {
		m := newTestFWMG(t, a, &FWOptions{Threads: 2})
		const columns = 6
		b, want, z := make([][]float64, columns), make([][]float64, columns), make([]float64, a.Rows)
		for j := range b {
			b[j], want[j] = gaussian(a.Rows, uint64(j)), make([]float64, a.Rows)
			if _, err := m.PCG(t.Context(), want[j], b[j], 1e-8, 100, nil); err != nil {
				t.Fatal(err)
			}
		}
		m.Apply(z, b[0])
		var all sync.WaitGroup
		for k, c := range m.Copies(3) {
			all.Go(func() {
				for j := k; j < columns; j += 3 {
					x := make([]float64, a.Rows)
					if _, err := c.PCG(t.Context(), x, b[j], 1e-8, 100, nil); err != nil || !slices.Equal(x, want[j]) {
						t.Errorf("%s, column %d: other bits, %v", name, j, err)
					}
				}
				x := make([]float64, a.Rows)
				if c.Apply(x, b[0]); !slices.Equal(x, z) {
					t.Errorf("%s: Apply gives other bits", name)
				}
			})
		}
		all.Wait()
	}
}

// A copy leaves the change of its cycle, and x, to the original.
func TestCopyDoesNotFallBack(t *testing.T) {
	a := generated(t, "jumps", problems.Values{"n": "48", "kind": "checkerboard"}, 1)
	m := newTestFWMG(t, a, &FWOptions{Strength: defaultStrength})
	c := m.Copies(1)[0]
	x := make([]float64, a.Rows)
	res, err := c.PCG(t.Context(), x, gaussian(a.Rows, 1), 1e-8, 100, nil)
	if !errors.Is(err, ErrCycle) || len(res.Fallbacks) > 0 || slices.ContainsFunc(x, func(v float64) bool { return v != 0 }) {
		t.Errorf("%v, %v", err, res.Fallbacks)
	}
}

func TestCopiesFitInMemory(t *testing.T) {
	a := boxLaplacian(t, 20, 20, 20)
	m := newTestFWMG(t, a, nil)
	m.opt.MaxMemory = m.Bytes()
	if c := m.Copies(4); len(c) > 0 {
		t.Errorf("%d copies without memory", len(c))
	}
	m.opt.MaxMemory *= 1 << 10
	if c := m.Copies(4); len(c) != 4 {
		t.Errorf("%d copies", len(c))
	}
}
