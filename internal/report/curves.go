package report

import (
	"fmt"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"solve/solver"
)

// Curve is one line of a diagram. Points that the axes cannot show are left
// out.
type Curve struct {
	Name  string // in the legend; "" = not there
	X, Y  []float64
	Faint bool // thin and grey, beside the others
}

// CurveAxes describe a diagram of curves.
type CurveAxes struct {
	Title, X, Y string
	LogX, LogY  bool
	LegendLeft  bool
}

// dashes tell curves of one colour apart.
var dashes = [][]vg.Length{nil, {vg.Points(5), vg.Points(2)}, {vg.Points(1.5), vg.Points(1.5)}, {vg.Points(6), vg.Points(2), vg.Points(1.5), vg.Points(2)}}

// Curves draws curves over common axes. The error wraps solver.ErrInput when
// there is nothing to draw.
func Curves(axes CurveAxes, curves []Curve) (*Figure, error) {
	p := newPlot(axes.Title, axes.X, axes.Y)
	p.X.Tick.Marker, p.Y.Tick.Marker = niceTicks{count: 6}, niceTicks{count: 6}
	if axes.LogX {
		p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, decadeTicks{8}
	}
	if axes.LogY {
		p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, decadeTicks{8}
	}
	addGrid(p)
	p.Legend.Left = axes.LegendLeft
	if axes.LegendLeft {
		p.Legend.XOffs = -p.Legend.XOffs
	}
	drawn, named, k := 0, 0, 0
	for _, c := range curves {
		points := axes.visible(c)
		if len(points) == 0 {
			continue
		}
		line, err := plotter.NewLine(points)
		if err != nil {
			return nil, err
		}
		if c.Faint {
			line.Color, line.Width, line.Dashes = grey, vg.Points(0.9), dashes[1]
		} else {
			line.Color, line.Width = series[k%len(series)], vg.Points(1.3)
			line.Dashes = dashes[(k/len(series))%len(dashes)]
			k++
		}
		p.Add(line)
		drawn++
		if c.Name != "" {
			p.Legend.Add(c.Name, line)
			named++
		}
	}
	if drawn == 0 {
		return nil, fmt.Errorf("there is no point to draw: %w", solver.ErrInput)
	}
	if axes.LogY {
		p.Y.Min, p.Y.Max = wholeDecades(p.Y.Min, p.Y.Max)
		p.Y.Max = withRoom(p.Y.Min, p.Y.Max, named)
	}
	return newFigure(panel{p, panelWidth}), nil
}

// visible are the points of a curve that the axes can show, thinned evenly.
func (a CurveAxes) visible(c Curve) plotter.XYs {
	every := 1 + len(c.X)/pointsUpTo
	var out plotter.XYs
	for i := range c.X {
		x, y := c.X[i], c.Y[i]
		if i%every != 0 && i != len(c.X)-1 || math.IsNaN(x+y) || math.IsInf(x+y, 0) || a.LogX && x <= 0 || a.LogY && y <= 0 {
			continue
		}
		out = append(out, plotter.XY{X: x, Y: y})
	}
	return out
}
