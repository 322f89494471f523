package problems

import (
	"cmp"
	"fmt"
	"math"
	"strings"

	"solve/internal/rng"
	"solve/matrix"
	"solve/solver"
)

// imagesGenerator makes two n×n images as histograms of total 1. A pixel has
// the coordinates (i/n, j/n), row i from the top.
//
//	ring-bar  exp(−((hypot(x−½, y−½)−0.28)/0.05)²) and
//	          exp(−((y−0.35−0.3x)/0.05)²)·[|x−½| < 0.38]
//	blobs     three Gaussian blobs each, centres uniform in [0.2,0.8)²,
//	          widths uniform in [0.04,0.14), heights 1
//	noise     independent uniform numbers
//	D-E       two digits drawn with a round pen of width 0.06
//
// x is the row coordinate and y the column coordinate. Then the offset is
// added to every pixel and the image is divided by its sum. In `blobs` and
// `noise` the first image comes from stream 1 of the seed, the second from
// stream 2.
func imagesGenerator() Generator {
	return generator(Generator{
		Name:    "images",
		Summary: "two n×n grey images as histograms",
		Area:    "ot",
		Params: []Param{
			{"n", "int", "28", "pixels along each side"},
			{"pair", "string", "ring-bar", "ring-bar, blobs, noise, or two digits such as 0-3"},
			{"offset", "float", "0.01", "added to every pixel (ink is 1) before scaling to total 1"},
			costParam,
		},
	}, generateImages)
}

func generateImages(v Values, seed uint64, maxMemory int64) (*Instance, error) {
	n, errN := v.Int("n", 1, math.MaxInt)
	offset, errOffset := v.Float("offset", 0)
	first, second, errPair := imagePair(v["pair"], seed)
	dist, errCost := costChoice(v)
	if err := cmp.Or(errN, errOffset, errPair, errCost); err != nil {
		return nil, err
	}
	pixels := float64(n) * float64(n)
	count := 2 * pixels
	if dist != nil {
		count += pixels*pixels + 2*pixels
	}
	if err := fits("the instance", count, maxMemory); err != nil {
		return nil, err
	}
	a, errA := histogram(n, first, offset)
	b, errB := histogram(n, second, offset)
	if err := cmp.Or(errA, errB); err != nil {
		return nil, err
	}
	inst := &Instance{
		Files: []NamedData{{Name: "a", Dense: a}, {Name: "b", Dense: b}},
		Notes: []string{fmt.Sprintf("a and b are %d×%d histograms of total 1: solve them with --grid %dx%d", n, n, n, n)},
	}
	if dist == nil {
		return inst, nil
	}
	grid := pixelGrid(n)
	return inst.withCost(grid, grid, dist)
}

// image gives the ink at a pixel centre; it is called row by row.
type image func(x, y float64) float64

// imagePair returns the two images that the name stands for.
func imagePair(name string, seed uint64) (first, second image, err error) {
	one, two := rng.NewStream(seed, 1), rng.NewStream(seed, 2)
	switch name {
	case "ring-bar":
		return ringImage, barImage, nil
	case "blobs":
		return blobs(one), blobs(two), nil
	case "noise":
		return noise(one), noise(two), nil
	}
	d, e, _ := strings.Cut(name, "-")
	strokesD, okD := digitStrokes[d]
	strokesE, okE := digitStrokes[e]
	if !okD || !okE {
		return nil, nil, &solver.OptionError{Name: "pair", Value: quoteEmpty(name), Want: "ring-bar, blobs, noise, or two digits such as 0-3"}
	}
	return strokesD.draw, strokesE.draw, nil
}

func ringImage(x, y float64) float64 { return bell((math.Hypot(x-0.5, y-0.5) - 0.28) / 0.05) }

func barImage(x, y float64) float64 {
	if math.Abs(x-0.5) >= 0.38 {
		return 0
	}
	return bell((y - 0.35 - float64(0.3*x)) / 0.05)
}

func bell(t float64) float64 { return math.Exp(-t * t) }

func noise(s *rng.Stream) image {
	return func(_, _ float64) float64 { return s.Float64() }
}

// blobs draws, for each of three blobs, its x, its y and its width.
func blobs(s *rng.Stream) image {
	var blob [3]struct{ x, y, width float64 }
	for k := range blob {
		blob[k].x = 0.2 + float64(0.6*s.Float64())
		blob[k].y = 0.2 + float64(0.6*s.Float64())
		blob[k].width = 0.04 + float64(0.1*s.Float64())
	}
	return func(x, y float64) float64 {
		var ink float64
		for _, b := range blob {
			ink += bell(math.Hypot(x-b.x, y-b.y) / b.width)
		}
		return ink
	}
}

// histogram samples an image on n×n pixels, adds the offset and scales the
// sum to 1.
func histogram(n int, ink image, offset float64) (*matrix.Dense, error) {
	h, err := matrix.NewDense(n, n, nil)
	if err != nil {
		return nil, err
	}
	var total float64
	for k := range h.Data {
		h.Data[k] = ink(float64(k/n)/float64(n), float64(k%n)/float64(n)) + offset
		total += h.Data[k]
	}
	if !(total > 0) {
		return nil, &solver.OptionError{Name: "offset", Value: fmt.Sprint(offset), Want: fmt.Sprintf("a positive number: without it the image has no mass on %d×%d pixels", n, n)}
	}
	for k := range h.Data {
		h.Data[k] /= total
	}
	return h, nil
}

// pixelGrid lists the integer positions of an n×n grid, row by row.
func pixelGrid(n int) *matrix.Dense {
	g := &matrix.Dense{Rows: n * n, Cols: 2, Data: make([]float64, 2*n*n)}
	for k := range n * n {
		g.Data[2*k], g.Data[2*k+1] = float64(k/n), float64(k%n)
	}
	return g
}

// strokes are polylines of points (x,y), x downwards.
type strokes [][][2]float64

// draw inks what lies near a stroke.
func (st strokes) draw(x, y float64) float64 {
	nearest := math.Inf(1)
	for _, line := range st {
		for k := 1; k < len(line); k++ {
			nearest = min(nearest, segmentDistance(x, y, line[k-1], line[k]))
		}
	}
	return bell(nearest / 0.06)
}

// segmentDistance is the distance from (x,y) to the segment pq.
func segmentDistance(x, y float64, p, q [2]float64) float64 {
	dx, dy := q[0]-p[0], q[1]-p[1]
	t := (float64((x-p[0])*dx) + float64((y-p[1])*dy)) / (float64(dx*dx) + float64(dy*dy))
	t = min(max(t, 0), 1)
	return math.Hypot(x-p[0]-float64(t*dx), y-p[1]-float64(t*dy))
}

var digitStrokes = map[string]strokes{
	"0": {{{.16, .50}, {.22, .36}, {.38, .29}, {.60, .29}, {.78, .37}, {.84, .50}, {.78, .63}, {.60, .71}, {.38, .71}, {.22, .64}, {.16, .50}}},
	"1": {{{.28, .38}, {.16, .52}, {.84, .52}}},
	"2": {{{.30, .30}, {.19, .40}, {.17, .54}, {.25, .67}, {.38, .68}, {.56, .52}, {.82, .29}, {.82, .72}}},
	"3": {{{.22, .31}, {.16, .46}, {.20, .62}, {.32, .66}, {.43, .58}, {.47, .45}, {.52, .60}, {.64, .69}, {.77, .64}, {.84, .48}, {.79, .30}}},
	"4": {{{.84, .60}, {.16, .60}, {.62, .26}, {.62, .74}}},
	"5": {{{.17, .68}, {.17, .34}, {.46, .32}, {.42, .48}, {.47, .63}, {.61, .70}, {.76, .63}, {.84, .47}, {.79, .29}}},
	"6": {{{.17, .62}, {.30, .41}, {.52, .30}, {.70, .31}, {.82, .42}, {.83, .57}, {.73, .68}, {.58, .67}, {.50, .54}, {.53, .38}, {.66, .30}}},
	"7": {{{.17, .28}, {.17, .71}, {.48, .54}, {.84, .43}}},
	"8": {{{.16, .50}, {.21, .37}, {.33, .35}, {.47, .50}, {.63, .67}, {.77, .64}, {.84, .50}, {.77, .36}, {.63, .33}, {.47, .50}, {.33, .65}, {.21, .63}, {.16, .50}}},
	"9": {{{.47, .66}, {.48, .45}, {.38, .32}, {.25, .33}, {.17, .47}, {.22, .63}, {.35, .68}, {.47, .66}, {.68, .61}, {.84, .45}}},
}
