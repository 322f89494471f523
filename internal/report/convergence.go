package report

import (
	"fmt"
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"solve/solver"
)

// dotsUpTo is the longest history whose iterations are drawn as dots.
const dotsUpTo = 120

// pointsUpTo is the most points that are drawn: a longer history is thinned
// evenly, its last record kept.
const pointsUpTo = 4000

// Convergence draws the residual against the iteration on a logarithmic
// scale, coloured by phase, with the tolerance as a dashed line (tol ≤ 0:
// none). The error wraps solver.ErrInput when no residual can be drawn.
func Convergence(title string, records []solver.Record, tol float64) (*Figure, error) {
	phases, points := byPhase(records)
	if len(phases) == 0 {
		return nil, fmt.Errorf("the history has no positive residual to draw: %w", solver.ErrInput)
	}
	p := newPlot(title, "iteration", "residual")
	p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, decadeTicks{8}
	p.X.Tick.Marker = niceTicks{count: 6, integer: true}
	addGrid(p)
	if err := addPath(p, points); err != nil {
		return nil, err
	}
	entries := 0
	for k, ph := range phases {
		if ph.name != "" {
			entries++
		}
		if err := addPhase(p, ph, series[k%len(series)], len(points) <= dotsUpTo); err != nil {
			return nil, err
		}
	}
	if tol > 0 {
		addTolerance(p, tol)
		entries++
	}
	p.Y.Min, p.Y.Max = wholeDecades(p.Y.Min, p.Y.Max)
	p.Y.Max = withRoom(p.Y.Min, p.Y.Max, entries)
	return newFigure(panel{p, panelWidth}), nil
}

type phase struct {
	name   string
	points plotter.XYs
}

// byPhase collects the drawable points, all and per phase in order of
// appearance.
func byPhase(records []solver.Record) ([]*phase, plotter.XYs) {
	var phases []*phase
	var all plotter.XYs
	find := map[string]*phase{}
	every := 1 + len(records)/pointsUpTo
	for k, r := range records {
		if k%every != 0 && k != len(records)-1 {
			continue
		}
		if !(r.Residual > 0) || math.IsInf(r.Residual, 0) {
			continue
		}
		ph := find[r.Phase]
		if ph == nil {
			ph = &phase{name: r.Phase}
			find[r.Phase] = ph
			phases = append(phases, ph)
		}
		xy := plotter.XY{X: float64(r.Iter), Y: r.Residual}
		ph.points = append(ph.points, xy)
		all = append(all, xy)
	}
	return phases, all
}

// addPath joins all points with a thin grey line.
func addPath(p *plot.Plot, points plotter.XYs) error {
	line, err := plotter.NewLine(points)
	if err != nil {
		return err
	}
	line.Color, line.Width = grey, vg.Points(1)
	p.Add(line)
	return nil
}

func addPhase(p *plot.Plot, ph *phase, c color.NRGBA, dots bool) error {
	s, err := plotter.NewScatter(ph.points)
	if err != nil {
		return err
	}
	s.Shape, s.Color, s.Radius = draw.CircleGlyph{}, c, vg.Points(2.4)
	if !dots {
		s.Radius = vg.Points(1.1)
	}
	p.Add(s)
	if ph.name != "" {
		p.Legend.Add(ph.name, s)
	}
	return nil
}

func addTolerance(p *plot.Plot, tol float64) {
	f := plotter.NewFunction(func(float64) float64 { return tol })
	f.Color, f.Width = ink, vg.Points(0.8)
	f.Dashes = []vg.Length{vg.Points(4), vg.Points(3)}
	f.Samples = 2
	p.Add(f)
	p.Y.Min, p.Y.Max = math.Min(p.Y.Min, tol), math.Max(p.Y.Max, tol)
	p.Legend.Add("tolerance", f)
}

// wholeDecades widens a positive range to powers of ten.
func wholeDecades(lo, hi float64) (float64, float64) {
	a, b := math.Floor(math.Log10(lo)), math.Ceil(math.Log10(hi))
	if a == b {
		b++
	}
	return math.Max(math.Pow(10, a), 1e-300), math.Pow(10, b)
}

// withRoom raises the top of a logarithmic axis so that a legend of so many
// lines covers no point.
func withRoom(lo, hi float64, lines int) float64 {
	const line = 0.036 // of the axis' length
	share := line * float64(lines)
	return hi * math.Pow(hi/lo, share/(1-share))
}
