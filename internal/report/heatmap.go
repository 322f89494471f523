package report

import (
	"fmt"
	"image"
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"solve/solver"
)

// PlanRow writes row i of a plan into dst.
type PlanRow func(i int, dst []float64)

const (
	heatCells  = 480 // a larger plan is summed into that many cells a side
	heatPixels = 960 // a smaller one has its cells enlarged to about this
	heatRange  = 1e-6
)

// HeatMap draws an n×m plan with row 1 on top: the mass of each cell on a
// logarithmic scale, from the largest down six decades.
func HeatMap(title string, n, m int, row PlanRow) (*Figure, error) {
	cells, rows, cols := binned(n, m, row)
	hi := 0.0
	for _, v := range cells {
		hi = math.Max(hi, v)
	}
	if !(hi > 0) || math.IsInf(hi, 0) {
		return nil, fmt.Errorf("the plan has no mass to draw: %w", solver.ErrInput)
	}
	lo := hi * heatRange
	p := newPlot(title, "target j", "source i")
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 0.5, float64(m)+0.5, 0.5, float64(n)+0.5
	p.Y.Scale = plot.InvertedScale{Normalizer: plot.LinearScale{}}
	p.X.Tick.Marker, p.Y.Tick.Marker = niceTicks{count: 6, integer: true}, niceTicks{count: 6, integer: true}
	p.X.Padding, p.Y.Padding = 0, 0
	p.Add(raster{heatImage(cells, rows, cols, lo, hi)})
	if rows < n || cols < m {
		p.X.Label.Text += fmt.Sprintf("   (summed into %d×%d cells)", rows, cols)
	}
	return newFigure(panel{p, panelWidth}, panel{colourBar("mass", lo, hi), barWidth}), nil
}

// binned sums a plan into at most heatCells cells a side.
func binned(n, m int, row PlanRow) (cells []float64, rows, cols int) {
	rows, cols = min(n, heatCells), min(m, heatCells)
	cells = make([]float64, rows*cols)
	buf := make([]float64, m)
	for i := range n {
		row(i, buf)
		out := cells[i*rows/n*cols:][:cols]
		for j, v := range buf {
			out[j*cols/m] += v
		}
	}
	return cells, rows, cols
}

// heatImage colours cells by the logarithm of their value, each as a square
// block of pixels so that no viewer blurs a small plan.
func heatImage(cells []float64, rows, cols int, lo, hi float64) image.Image {
	sx, sy := max(1, heatPixels/cols), max(1, heatPixels/rows)
	img := image.NewNRGBA(image.Rect(0, 0, cols*sx, rows*sy))
	for i := range rows {
		for j := range cols {
			c := viridisAt(math.Log(cells[i*cols+j]/lo) / math.Log(hi/lo))
			for y := i * sy; y < (i+1)*sy; y++ {
				for x := j * sx; x < (j+1)*sx; x++ {
					img.SetNRGBA(x, y, c)
				}
			}
		}
	}
	return img
}

// raster fills the data area with an image.
type raster struct{ img image.Image }

// Plot implements plot.Plotter.
func (r raster) Plot(c draw.Canvas, _ *plot.Plot) { c.DrawImage(c.Rectangle, r.img) }

// colourBar explains the colours of lo…hi on a logarithmic scale.
func colourBar(label string, lo, hi float64) *plot.Plot {
	p := newPlot(" ", " ", label)
	p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, decadeTicks{8}
	p.Y.Min, p.Y.Max = lo, hi
	p.X.Min, p.X.Max = 0, 1
	p.X.Tick.Marker = plot.ConstantTicks{{Value: 0.5, Label: " "}}
	p.X.LineStyle.Color, p.X.Tick.LineStyle.Color = color.Transparent, color.Transparent
	p.X.Padding, p.Y.Padding = vg.Points(0), vg.Points(0)
	const steps = 256
	img := image.NewNRGBA(image.Rect(0, 0, 1, steps))
	for y := range steps {
		img.SetNRGBA(0, y, viridisAt(1-float64(y)/(steps-1)))
	}
	p.Add(raster{img})
	return p
}
