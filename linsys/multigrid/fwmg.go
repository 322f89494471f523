package multigrid

import (
	"context"
	"fmt"
	"math"

	"solve/solver"
)

// FWOptions are the knobs of FW-MG. A zero field means its default.
type FWOptions struct {
	// OmegaR and OmegaB over-relax the two colours of the smoother: 1 and 1.2.
	OmegaR, OmegaB float64
	// Theta over-corrects by the coarse levels: the correction from level 1,
	// from level 2, and from all deeper ones is multiplied by these: 1.5.
	Theta [3]float64
	// Strength τ keeps unknowns of a box apart that only links w < τ√(d d')
	// join, which is for coefficients whose weak direction changes from place
	// to place. 0 = 0.04 where weights are not constant along the axes and
	// differ by 10 to 10⁵, or by more and PCG turns out to be slow without; else
	// none. Negative = none.
	Strength float64
	// Float64 has the cycle work in float64; so it does anyway where weights
	// differ by more than 10⁵.
	Float64 bool
	// VCycle visits each level once, which is slower but positive definite by
	// construction.
	VCycle bool

	Threads   int   // 0 = GOMAXPROCS
	MaxMemory int64 // bytes; 0 = solver.DefaultMaxMemory
}

const (
	float64Contrast  = 1e5
	strengthContrast = 10
	defaultStrength  = .04
	defaultTheta     = 1.5
)

// filled returns the options with every default put in, for a grid.
func (o *FWOptions) filled(g *Grid) (*FWOptions, error) {
	f := FWOptions{}
	if o != nil {
		f = *o
	}
	for _, w := range []struct {
		name      string
		v         *float64
		otherwise float64
	}{{"omega-r", &f.OmegaR, 1}, {"omega-b", &f.OmegaB, 1.2}} {
		if *w.v == 0 {
			*w.v = w.otherwise
		}
		if !(*w.v > 0 && *w.v < 2) {
			return nil, fmt.Errorf("multigrid: %w", &solver.OptionError{Name: w.name, Value: fmt.Sprint(*w.v), Want: "a number between 0 and 2"})
		}
	}
	for k := range f.Theta {
		if f.Theta[k] == 0 {
			f.Theta[k] = defaultTheta
		}
		if !(f.Theta[k] > 0 && f.Theta[k] < 4) {
			return nil, fmt.Errorf("multigrid: %w", &solver.OptionError{Name: "theta", Value: fmt.Sprint(f.Theta[k]), Want: "numbers between 0 and 4"})
		}
	}
	contrast := g.Contrast()
	f.Float64 = f.Float64 || contrast > float64Contrast
	switch {
	case f.Strength < 0:
		f.Strength = 0
	case f.Strength == 0 && !g.Constant() && contrast > strengthContrast && contrast <= float64Contrast:
		f.Strength = defaultStrength
	}
	return &f, nil
}

// FWMG is the face-weight multigrid preconditioner of a grid: one cycle of
// multigrid on boxes of 2×2×2 cells. It is symmetric, and positive definite
// in all known cases (see PCG for the others).
type FWMG struct {
	g     *Grid
	opt   *FWOptions
	split bool // Strength is still to be tried
	cycle fwPrecision
	work  *fwWorkspace

	copied bool // by Copies
}

// fwPrecision is a hierarchy in float32 or float64.
type fwPrecision interface {
	apply(z, r []float64)
	solve(ctx context.Context, run *fwRun) error
	levels() int
	complexity() float64
	contents() int64
	isSingular() bool
	copy(g *Grid) fwPrecision
	vectorBytes() int64
}

// NewFWMG sets up the preconditioner of a grid. The error wraps
// solver.ErrOption, solver.ErrTooLarge, solver.ErrUnsupported where coarsening
// stalls, or comes from the context.
//
// A component of the grid without excess anywhere (a pure Neumann problem) is
// singular: the preconditioner is then that of the system restricted to sums
// of 0, and PCG returns the solution of mean 0 on it.
func NewFWMG(ctx context.Context, g *Grid, opt *FWOptions) (*FWMG, error) {
	o, err := opt.filled(g)
	if err != nil {
		return nil, err
	}
	m := &FWMG{g: g, opt: o, split: o.Strength == 0 && (opt == nil || opt.Strength == 0) && !g.Constant()}
	if err := m.setUp(ctx); err != nil {
		return nil, err
	}
	return m, nil
}

func (m *FWMG) setUp(ctx context.Context) error {
	limit := m.opt.MaxMemory
	if limit <= 0 {
		limit = solver.DefaultMaxMemory
	}
	if need := m.g.fwBytes(m.opt); need > limit {
		return fmt.Errorf("multigrid: %w", &solver.TooLargeError{What: "FW-MG", Need: need, Have: limit})
	}
	var err error
	if m.opt.Float64 {
		m.cycle, err = newFWHierarchy[float64](ctx, m.g, m.opt)
	} else {
		m.cycle, err = newFWHierarchy[float32](ctx, m.g, m.opt)
	}
	return err
}

// fwBytes estimates what the hierarchy and the vectors of PCG take: level 0
// has two vectors, and four more arrays of weights unless coded; the other
// levels, eight arrays with 1/2 to 1/7 of the cells in all.
func (g *Grid) fwBytes(o *FWOptions) int64 {
	cells := float64(g.faces.Cells() + 2*g.faces.Guard())
	word := 4.
	if o.Float64 {
		word = 8
	}
	finest := 2.
	if !g.Constant() {
		finest += 6
	}
	coarse := 1. / 7
	axes := 0
	for _, side := range g.Shape() {
		if side > 1 {
			axes++
		}
	}
	if axes < 3 || g.Contrast() > strengthContrast {
		coarse = 1 // semi-coarsening, or a line
	}
	return int64(math.Min(cells*(word*(finest+8*coarse+2)+2*8)+8*coarsestUnknowns*coarsestUnknowns, 1<<62))
}

// Apply computes z = M⁻¹ r in the numbering of the matrix. It allocates
// nothing and is not for concurrent use.
func (m *FWMG) Apply(z, r []float64) {
	if len(z) != m.g.n || len(r) != m.g.n {
		panic(fmt.Sprintf("multigrid: FW-MG of order %d applied to a vector of %d into one of %d", m.g.n, len(r), len(z)))
	}
	m.cycle.apply(z, r)
}

// OperatorComplexity is the number of matrix entries on all levels over that
// of the first.
func (m *FWMG) OperatorComplexity() float64 { return m.cycle.complexity() }

// Levels returns the number of levels.
func (m *FWMG) Levels() int { return m.cycle.levels() }

// Bytes is the memory of the hierarchy and the vectors of PCG.
func (m *FWMG) Bytes() int64 {
	return m.cycle.contents() + m.g.bytes() + 2*8*int64(m.g.faces.Cells()+2*m.g.faces.Guard())
}

// Grid returns the grid.
func (m *FWMG) Grid() *Grid { return m.g }

func (h *fwHierarchy[T]) levels() int { return len(h.level) }

func (h *fwHierarchy[T]) complexity() float64 {
	total := int64(0)
	for _, l := range h.level {
		total += l.entries
	}
	return float64(total) / float64(max(1, h.level[0].entries))
}

func (h *fwHierarchy[T]) contents() int64 {
	total := int64(8 * len(h.coarse.inverse))
	word := h.word()
	total += 2 * word * int64(len(h.level[0].x)) // of PCG
	for _, l := range h.level {
		words := len(l.b) + len(l.x) + len(l.faces.D) + len(l.faces.Inv)
		for _, w := range l.faces.W {
			words += len(w)
		}
		total += int64(words)*word + int64(len(l.extras.nb))*16 + int64(len(l.exceptions))*12
	}
	return total
}
