package report

import (
	"fmt"
	"image/color"
	"io"
	"math"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	_ "gonum.org/v1/plot/vg/vgpdf" // pdf
	_ "gonum.org/v1/plot/vg/vgsvg" // svg

	"solve/solver"
)

// FigureFormats are the picture formats, named as file extensions.
var FigureFormats = []string{"svg", "png", "pdf"}

// FigureFormat returns the format that the name of a file asks for, which
// the option named so gives. The error is a *solver.OptionError.
func FigureFormat(option, path string) (string, error) {
	for _, f := range FigureFormats {
		if strings.HasSuffix(strings.ToLower(path), "."+f) {
			return f, nil
		}
	}
	return "", &solver.OptionError{Name: option, Value: strconv.Quote(path), Want: "a name that ends in .svg, .png or .pdf"}
}

// Figure is one or more panels, in rows.
type Figure struct{ rows [][]panel }

type panel struct {
	plot  *plot.Plot
	width vg.Length
}

const (
	panelHeight = 4.4 * vg.Inch
	panelWidth  = 4.6 * vg.Inch
	barWidth    = 0.9 * vg.Inch // a colour bar with its labels
	margin      = 0.12 * vg.Inch
)

func newFigure(panels ...panel) *Figure { return &Figure{[][]panel{panels}} }

// Append puts the panels of g to the right of those in the last row of f.
func (f *Figure) Append(g *Figure) {
	last := len(f.rows) - 1
	for _, row := range g.rows {
		f.rows[last] = append(f.rows[last], row...)
	}
}

// Below puts the rows of g below those of f.
func (f *Figure) Below(g *Figure) { f.rows = append(f.rows, g.rows...) }

// size is that of the whole picture.
func (f *Figure) size() (width, height vg.Length) {
	for _, row := range f.rows {
		w := margin
		for _, p := range row {
			w += p.width + margin
		}
		width = max(width, w)
	}
	return width, margin + vg.Length(len(f.rows))*(panelHeight+margin)
}

// Write draws the figure in one of FigureFormats.
func (f *Figure) Write(w io.Writer, format string) error {
	width, height := f.size()
	canvas, err := newCanvas(width, height, format)
	if err != nil {
		return err
	}
	c := draw.NewCanvas(canvas, width, height)
	c.SetColor(color.White)
	c.Fill(c.Rectangle.Path())
	top := height - margin
	for _, row := range f.rows {
		x := margin
		for _, p := range row {
			p.plot.Draw(draw.Canvas{Canvas: c.Canvas, Rectangle: vg.Rectangle{
				Min: vg.Point{X: x, Y: top - panelHeight},
				Max: vg.Point{X: x + p.width, Y: top},
			}})
			x += p.width + margin
		}
		top -= panelHeight + margin
	}
	_, err = canvas.WriteTo(w)
	return err
}

// newCanvas is a blank picture, in pixels twice as fine as the library's.
func newCanvas(width, height vg.Length, format string) (vg.CanvasWriterTo, error) {
	if format == "png" {
		return vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(192))}, nil
	}
	canvas, err := draw.NewFormattedCanvas(width, height, format)
	if err != nil {
		return nil, fmt.Errorf("report: %w: %w", err, solver.ErrUnsupported)
	}
	return canvas, nil
}

// Colours of lines and points, distinguishable in grey and by the
// colour-blind (Okabe and Ito 2008).
var (
	blue    = color.NRGBA{0x00, 0x72, 0xb2, 0xff}
	orange  = color.NRGBA{0xd5, 0x5e, 0x00, 0xff}
	green   = color.NRGBA{0x00, 0x9e, 0x73, 0xff}
	purple  = color.NRGBA{0xcc, 0x79, 0xa7, 0xff}
	ink     = color.NRGBA{0x33, 0x33, 0x33, 0xff}
	grey    = color.NRGBA{0x99, 0x99, 0x99, 0xff}
	faint   = color.NRGBA{0xe6, 0xe6, 0xe6, 0xff}
	series  = []color.NRGBA{blue, orange, green, purple}
	sans    = font.Variant("Sans")
	hairPts = vg.Points(0.6)
)

// newPlot returns an empty plot in the house style.
func newPlot(title, x, y string) *plot.Plot {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, x, y
	p.Title.Padding = vg.Points(8)
	p.Title.TextStyle.Font.Size = 13
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Label.Padding = vg.Points(5)
		a.Label.TextStyle.Font.Size = 11
		a.Label.TextStyle.Font.Variant = sans
		a.Label.TextStyle.Color = ink
		a.Tick.Label.Font.Size = 9
		a.Tick.Label.Font.Variant = sans
		a.Tick.Label.Color = ink
		a.Tick.Length = vg.Points(4)
		a.Tick.LineStyle.Color, a.Tick.LineStyle.Width = ink, hairPts
		a.LineStyle.Color, a.LineStyle.Width = ink, hairPts
		a.Padding = vg.Points(2)
	}
	p.Title.TextStyle.Font.Variant = sans
	p.Title.TextStyle.Color = ink
	p.Legend.TextStyle.Font.Size = 9
	p.Legend.TextStyle.Font.Variant = sans
	p.Legend.TextStyle.Color = ink
	p.Legend.Top = true
	p.Legend.Padding = vg.Points(2)
	p.Legend.ThumbnailWidth = vg.Points(14)
	p.Legend.XOffs, p.Legend.YOffs = vg.Points(-6), vg.Points(-4)
	return p
}

func addGrid(p *plot.Plot) {
	g := plotter.NewGrid()
	g.Vertical.Color, g.Horizontal.Color = faint, faint
	p.Add(g)
}

// niceTicks labels about count round values of a linear axis.
type niceTicks struct {
	count   int
	integer bool
}

// Ticks implements plot.Ticker.
func (t niceTicks) Ticks(lo, hi float64) []plot.Tick {
	span := hi - lo
	if !(span > 0) || math.IsInf(span, 0) {
		return nil
	}
	step := math.Pow(10, math.Floor(math.Log10(span/float64(t.count))))
	for _, k := range []float64{1, 2, 5, 10} {
		if span/(k*step) <= float64(t.count) {
			step *= k
			break
		}
	}
	if t.integer {
		step = math.Max(1, math.Round(step))
	}
	var out []plot.Tick
	for k := math.Ceil(lo/step-1e-9) + 0; k*step <= hi+1e-9*span; k++ {
		v := k * step
		out = append(out, plot.Tick{Value: v, Label: strconv.FormatFloat(math.Round(v/step*1e6)/1e6*step, 'g', 6, 64)})
	}
	return out
}

// decadeTicks labels powers of ten, at most about count of them.
type decadeTicks struct{ count int }

// Ticks implements plot.Ticker.
func (t decadeTicks) Ticks(lo, hi float64) []plot.Tick {
	if !(lo > 0) || math.IsInf(hi, 0) {
		return nil
	}
	first, last := int(math.Ceil(math.Log10(lo)-1e-9)), int(math.Floor(math.Log10(hi)+1e-9))
	every := 1 + (last-first)/t.count
	var out []plot.Tick
	for k := first; k <= last; k++ {
		tick := plot.Tick{Value: math.Pow(10, float64(k))}
		if ((k%every)+every)%every == 0 {
			tick.Label = "1e" + strconv.Itoa(k)
		}
		out = append(out, tick)
	}
	return out
}
