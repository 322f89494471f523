package problems

import (
	"cmp"
	"fmt"
	"math"

	"solve/internal/rng"
	"solve/matrix"
)

// assignmentGenerator is the random assignment problem of the transport
// literature: n sources and n targets of mass 1/n, independent costs
// uniform on [0,1), drawn row by row from the seed's stream.
//
// As n grows, n times the optimal cost tends to π²/6 (Aldous, The ζ(2) limit
// in the random assignment problem, 2001).
func assignmentGenerator() Generator {
	return generator(Generator{
		Name:    "assignment",
		Summary: "n×n random costs, uniform on [0,1), and masses 1/n",
		Area:    "ot",
		Params:  []Param{{"n", "int", "500", "number of sources and of targets"}},
	}, func(v Values, seed uint64, maxMemory int64) (*Instance, error) {
		n, err := v.Int("n", 1, math.MaxInt)
		if err != nil {
			return nil, err
		}
		if err := fits("the cost matrix", float64(n)*(float64(n)+2), maxMemory); err != nil {
			return nil, err
		}
		cost, err := matrix.NewDense(n, n, nil)
		if err != nil {
			return nil, err
		}
		s := rng.New(seed)
		for k := range cost.Data {
			cost.Data[k] = s.Float64()
		}
		return &Instance{
			Files: []NamedData{
				{Name: "cost", Dense: cost},
				{Name: "a", Dense: column(uniform(n))},
				{Name: "b", Dense: column(uniform(n))},
			},
			Notes: []string{"masses are uniform, so --a and --b may be left out"},
		}, nil
	})
}

// costParam is the optional explicit cost of clouds and images.
var costParam = Param{"cost", "string", "none",
	"also write the cost matrix, divided by its largest entry: none, sqeuclidean, cityblock"}

// costChoice returns the ground distance that costParam names, nil for none.
func costChoice(v Values) (distance, error) {
	word, err := v.Choice("cost", "none", "sqeuclidean", "cityblock")
	return map[string]distance{"sqeuclidean": sqEuclidean, "cityblock": cityblock}[word], err
}

// distance is a ground cost between two points. Here and below a product is
// converted to float64 before it is added: that forbids fusing the two, which
// would give other bits on other machines.
type distance func(x, y []float64) float64

func sqEuclidean(x, y []float64) float64 {
	var sum float64
	for k, v := range x {
		sum += float64((v - y[k]) * (v - y[k]))
	}
	return sum
}

func cityblock(x, y []float64) float64 {
	var sum float64
	for k, v := range x {
		sum += math.Abs(v - y[k])
	}
	return sum
}

// scaledCost is d between the rows of x and y, divided by its maximum, and
// that maximum.
func scaledCost(x, y *matrix.Dense, d distance) (*matrix.Dense, float64, error) {
	cost, err := matrix.NewDense(x.Rows, y.Rows, nil)
	if err != nil {
		return nil, 0, err
	}
	largest := 0.0
	for i := range x.Rows {
		row := cost.Row(i)
		for j := range row {
			row[j] = d(x.Row(i), y.Row(j))
			largest = max(largest, row[j])
		}
	}
	if largest > 0 {
		for k := range cost.Data {
			cost.Data[k] /= largest
		}
	}
	return cost, largest, nil
}

// withCost appends the scaled cost between the rows of x and y, unless d is
// nil.
func (inst *Instance) withCost(x, y *matrix.Dense, d distance) (*Instance, error) {
	if d == nil {
		return inst, nil
	}
	cost, largest, err := scaledCost(x, y, d)
	if err != nil {
		return nil, err
	}
	inst.Files = append(inst.Files, NamedData{Name: "cost", Dense: cost})
	inst.Notes = append(inst.Notes, fmt.Sprintf("the cost is divided by its largest entry, %.17g", largest))
	return inst, nil
}

// cloudsGenerator makes two clouds of points, a from stream 1 and b from
// stream 2 of the seed, point by point and coordinate by coordinate.
func cloudsGenerator() Generator {
	return generator(Generator{
		Name:    "clouds",
		Summary: "two point clouds in d dimensions",
		Area:    "ot",
		Params: []Param{
			{"n", "int", "1000", "points of the first cloud"},
			{"m", "int", "0", "points of the second cloud; 0 = as many as the first"},
			{"d", "int", "2", "dimension"},
			{"kind", "string", "uniform", "uniform (both in the unit cube), gauss (N(0,1) onto N(0.5,0.64) in each coordinate), ring (a noisy ring onto the blob in its middle)"},
			costParam,
		},
	}, generateClouds)
}

func generateClouds(v Values, seed uint64, maxMemory int64) (*Instance, error) {
	n, errN := v.Int("n", 1, math.MaxInt)
	m, errM := v.Int("m", 0, math.MaxInt)
	d, errD := v.Int("d", 1, math.MaxInt)
	kind, errKind := v.Choice("kind", "uniform", "gauss", "ring")
	dist, errCost := costChoice(v)
	if kind == "ring" && d == 1 {
		_, errD = v.Int("d", 2, math.MaxInt)
	}
	if err := cmp.Or(errN, errM, errD, errKind, errCost); err != nil {
		return nil, err
	}
	if m == 0 {
		m = n
	}
	count := (float64(n) + float64(m)) * float64(d)
	if dist != nil {
		count += float64(n) * float64(m)
	}
	if err := fits("the instance", count, maxMemory); err != nil {
		return nil, err
	}
	x, errX := cloud(n, d, rng.NewStream(seed, 1), cloudShapes[kind][0])
	y, errY := cloud(m, d, rng.NewStream(seed, 2), cloudShapes[kind][1])
	if err := cmp.Or(errX, errY); err != nil {
		return nil, err
	}
	inst := &Instance{
		Files: []NamedData{{Name: "a", Dense: x}, {Name: "b", Dense: y}},
		Notes: []string{fmt.Sprintf("a and b hold %d and %d points in R^%d, one a row", n, m, d)},
	}
	return inst.withCost(x, y, dist)
}

// shape draws one point.
type shape func(s *rng.Stream, point []float64)

// cloudShapes are the laws of the two clouds of each kind.
var cloudShapes = map[string][2]shape{
	"uniform": {cube, cube},
	"gauss":   {gaussian(0, 1), gaussian(0.5, 0.8)},
	"ring":    {ring, gaussian(0, 0.12)},
}

func cloud(n, d int, s *rng.Stream, draw shape) (*matrix.Dense, error) {
	points, err := matrix.NewDense(n, d, nil)
	if err != nil {
		return nil, err
	}
	for i := range n {
		draw(s, points.Row(i))
	}
	return points, nil
}

func cube(s *rng.Stream, point []float64) {
	for k := range point {
		point[k] = s.Float64()
	}
}

// gaussian draws each coordinate from N(mean, sd²).
func gaussian(mean, sd float64) shape {
	return func(s *rng.Stream, point []float64) {
		for k := range point {
			point[k] = mean + float64(sd*s.Normal())
		}
	}
}

// ring draws an angle, then normals of standard deviation 0.05: one for the
// radius around 1 and one for each coordinate beyond the second.
func ring(s *rng.Stream, point []float64) {
	angle := 2 * math.Pi * s.Float64()
	radius := 1 + float64(0.05*s.Normal())
	point[0], point[1] = radius*math.Cos(angle), radius*math.Sin(angle)
	for k := 2; k < len(point); k++ {
		point[k] = 0.05 * s.Normal()
	}
}
