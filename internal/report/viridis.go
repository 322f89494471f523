package report

import (
	"image/color"
	"math"
)

// viridis holds every 32nd colour of matplotlib's map of that name (Smith
// and van der Walt, CC0), dark to light; between them it is linear.
var viridis = [...][3]float64{
	{68, 1, 84}, {71, 45, 123}, {59, 82, 139}, {44, 114, 142}, {33, 145, 140},
	{40, 174, 128}, {94, 201, 98}, {173, 220, 48}, {253, 231, 37},
}

// viridisAt returns the colour at t, clamped to 0…1.
func viridisAt(t float64) color.NRGBA {
	t = math.Min(1, math.Max(0, t)) * float64(len(viridis)-1)
	k := min(int(t), len(viridis)-2)
	f := t - float64(k)
	var c [3]uint8
	for i := range c {
		c[i] = uint8(math.Round(viridis[k][i]*(1-f) + viridis[k+1][i]*f))
	}
	return color.NRGBA{c[0], c[1], c[2], 0xff}
}
