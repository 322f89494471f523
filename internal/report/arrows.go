package report

import (
	"cmp"
	"fmt"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"solve/matrix"
	"solve/solver"
)

const (
	arrowShare = 0.02 // of the larger of its row's and column's heaviest entry: lighter ones are left out
	arrowsMost = 4000 // the heaviest are drawn
	headsUpTo  = 400  // with more lines, heads would hide them
	linesBlack = 120  // with more lines, each is lighter
)

// Arrows draws a plan between points of the plane: sources, targets with
// areas by mass, and a line for each entry that matters, darker the more
// mass it moves.
func Arrows(title string, x, y *matrix.Dense, a, b []float64, row PlanRow) (*Figure, error) {
	if x.Cols != 2 || y.Cols != 2 {
		return nil, fmt.Errorf("arrows need points in R², not R^%d and R^%d: %w", x.Cols, y.Cols, solver.ErrUnsupported)
	}
	p := newPlot(title, "x₁", "x₂")
	addGrid(p)
	p.X.Tick.Marker, p.Y.Tick.Marker = niceTicks{count: 6}, niceTicks{count: 6}
	p.X.Padding, p.Y.Padding = 0, 0
	p.Add(moves(x, y, row))
	for _, s := range []struct {
		name   string
		points *matrix.Dense
		mass   []float64
		colour color.NRGBA
	}{{"sources", x, a, blue}, {"targets", y, b, orange}} {
		if err := addCloud(p, s.name, s.points, s.mass, s.colour); err != nil {
			return nil, err
		}
	}
	equalUnits(p)
	return newFigure(panel{p, panelWidth}), nil
}

// addCloud draws points with areas proportional to their mass.
func addCloud(p *plot.Plot, name string, points *matrix.Dense, mass []float64, c color.NRGBA) error {
	xy := make(plotter.XYs, points.Rows)
	for i := range xy {
		xy[i] = plotter.XY{X: points.At(i, 0), Y: points.At(i, 1)}
	}
	s, err := plotter.NewScatter(xy)
	if err != nil {
		return err
	}
	mean := 0.0
	for _, w := range mass {
		mean += w / float64(len(mass))
	}
	base := math.Min(3.2, math.Max(1.1, 45/math.Sqrt(float64(points.Rows))))
	c.A = 0xd8
	style := draw.GlyphStyle{Shape: draw.CircleGlyph{}, Color: c, Radius: vg.Points(base)}
	s.GlyphStyle = style
	s.GlyphStyleFunc = func(i int) draw.GlyphStyle {
		g := style
		g.Radius = vg.Points(base * math.Min(3, math.Sqrt(mass[i]/mean)))
		return g
	}
	p.Add(s)
	thumb := *s
	thumb.Radius = vg.Points(3)
	p.Legend.Add(name, &thumb)
	return nil
}

// equalUnits makes one unit equally long on both axes of a square panel and
// leaves a margin around the points.
func equalUnits(p *plot.Plot) {
	half := 0.54 * math.Max(p.X.Max-p.X.Min, p.Y.Max-p.Y.Min)
	if half == 0 {
		half = 1
	}
	cx, cy := (p.X.Max+p.X.Min)/2, (p.Y.Max+p.Y.Min)/2
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = cx-half, cx+half, cy-half, cy+half
}

type move struct {
	from, to plotter.XY
	mass     float64 // relative to the heaviest drawn
}

// moveLines draws moves.
type moveLines []move

// moves picks the entries of a plan that are worth a line, lightest first.
func moves(x, y *matrix.Dense, row PlanRow) moveLines {
	colMax := make([]float64, y.Rows)
	buf := make([]float64, y.Rows)
	for i := range x.Rows {
		row(i, buf)
		for j, v := range buf {
			colMax[j] = math.Max(colMax[j], v)
		}
	}
	var out moveLines
	for i := range x.Rows {
		row(i, buf)
		rowMax := slices.Max(buf)
		for j, v := range buf {
			if v > 0 && v >= arrowShare*math.Max(rowMax, colMax[j]) {
				out = append(out, move{plotter.XY{X: x.At(i, 0), Y: x.At(i, 1)}, plotter.XY{X: y.At(j, 0), Y: y.At(j, 1)}, v})
			}
		}
		out = out.heaviest(2 * arrowsMost)
	}
	out = out.heaviest(0)
	slices.SortStableFunc(out, func(s, t move) int { return cmp.Compare(s.mass, t.mass) })
	if len(out) > 0 {
		top := out[len(out)-1].mass
		for k := range out {
			out[k].mass /= top
		}
	}
	return out
}

// heaviest cuts the list to arrowsMost once it is longer than limit.
func (l moveLines) heaviest(limit int) moveLines {
	if len(l) <= max(limit, arrowsMost) {
		return l
	}
	slices.SortStableFunc(l, func(s, t move) int { return cmp.Compare(t.mass, s.mass) })
	return l[:arrowsMost]
}

// Plot implements plot.Plotter.
func (l moveLines) Plot(c draw.Canvas, p *plot.Plot) {
	tx, ty := p.Transforms(&c)
	heads := len(l) <= headsUpTo
	light := math.Min(1, math.Sqrt(linesBlack/float64(len(l)+1)))
	for _, m := range l {
		a, b := vg.Point{X: tx(m.from.X), Y: ty(m.from.Y)}, vg.Point{X: tx(m.to.X), Y: ty(m.to.Y)}
		shade := ink
		shade.A = uint8(20 + 190*light*m.mass)
		style := draw.LineStyle{Color: shade, Width: vg.Points(0.4 + 0.7*light*m.mass)}
		c.StrokeLines(style, []vg.Point{a, b})
		if heads {
			drawHead(&c, shade, a, b)
		}
	}
}

// drawHead puts a small filled arrow head in the middle of a→b, where no
// point hides it.
func drawHead(c *draw.Canvas, shade color.NRGBA, a, b vg.Point) {
	dx, dy := float64(b.X-a.X), float64(b.Y-a.Y)
	length := math.Hypot(dx, dy)
	if length < 8 {
		return
	}
	ux, uy := dx/length, dy/length
	const long, half = 5.0, 1.8
	tip := vg.Point{X: a.X + vg.Length(0.55*dx+ux*long/2), Y: a.Y + vg.Length(0.55*dy+uy*long/2)}
	left := vg.Point{X: tip.X - vg.Length(ux*long-uy*half), Y: tip.Y - vg.Length(uy*long+ux*half)}
	right := vg.Point{X: tip.X - vg.Length(ux*long+uy*half), Y: tip.Y - vg.Length(uy*long-ux*half)}
	c.FillPolygon(shade, []vg.Point{tip, left, right})
}
