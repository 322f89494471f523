package problems

import (
	"cmp"
	"fmt"
	"math"

	"solve/internal/rng"
	"solve/matrix"
	"solve/solver"
)

// Obstacles is the pressure matrix of an incompressible fluid on a
// marker-and-cell grid with obstacles: for every fluid cell c
//
//	A_cc = number of neighbours that are not solid,  A_cd = −1 for each fluid neighbour d,
//
// so that air is a boundary of value 0 and a solid wall one of slope 0. The
// outside is solid on every side but the top (beyond the last cell of z),
// which is air. Fluid that no air reaches is left out. Cells are numbered
// with z fastest.
//
// Bridson, Fluid Simulation for Computer Graphics, 2nd ed., chapter 5.
type Obstacles struct {
	N     int     // cells along each side
	Flat  bool    // two-dimensional: one cell along y
	Scene string  // one of ObstacleScenes
	Solid float64 // random: the share of solid cells
	Seed  uint64
}

// ObstacleScenes are the geometries that Obstacles knows.
var ObstacleScenes = []string{"empty", "balls", "porous", "dam", "plates", "platesx", "walls", "serpentine", "random"}

// State of a cell.
const (
	solid uint8 = iota
	fluid
	air
)

// wallPlaces are the one-cell walls of the scenes that have them, as
// fractions of the side; the walls of platesx and walls fit no coarser grid.
var wallPlaces = map[string][3]float64{
	"plates":  {.25, .5, .75},
	"platesx": {.23, .47, .71},
	"walls":   {.31, .52, .83},
}

type ball struct{ x, y, z, r float64 }

// scene decides the state of cells; coordinates are counted from 1.
type scene struct {
	Obstacles
	balls []ball
	walls [3]int
	draw  *rng.Stream
}

func (o Obstacles) scene() *scene {
	s := &scene{Obstacles: o, draw: rng.NewStream(o.Seed, 1)}
	switch o.Scene {
	case "balls":
		s.addBalls(6, 0.05, 0.12)
	case "porous":
		s.addBalls(60, 0.03, 0.07)
	}
	for q, at := range wallPlaces[o.Scene] {
		s.walls[q] = int(at * float64(o.N))
	}
	return s
}

func (s *scene) addBalls(count int, radius, spread float64) {
	for range count {
		b := ball{s.draw.Float64(), s.draw.Float64(), s.draw.Float64(), radius + spread*s.draw.Float64()}
		s.balls = append(s.balls, b)
	}
}

// state is called for every cell in order.
func (s *scene) state(i, j, k int) uint8 {
	at := func(i int) float64 { return (float64(i) - .5) / float64(s.N) }
	x, y, z := at(i), at(j), at(k)
	if s.Flat {
		y = .5
	}
	switch s.Scene {
	case "dam":
		if (x-.6)*(x-.6)+(y-.4)*(y-.4) < .02 {
			return solid
		}
		if z > .5+.2*math.Sin(5*x+float64(s.Seed))*math.Cos(4*y) {
			return air
		}
	case "plates", "platesx", "walls":
		for q, at := range s.walls {
			if i == at && !s.opening(q, j, k) {
				return solid
			}
		}
	case "serpentine":
		if i%3 == 0 && ((i/3)%2 == 0 && k <= s.N-2 || (i/3)%2 == 1 && k > 2) {
			return solid
		}
	case "random":
		if s.draw.Float64() < s.Solid {
			return solid
		}
	}
	for _, b := range s.balls {
		dy := y - b.y
		if s.Flat {
			dy = 0
		}
		if (x-b.x)*(x-b.x)+dy*dy+(z-b.z)*(z-b.z) < b.r*b.r {
			return solid
		}
	}
	return fluid
}

// opening is the hole in wall q.
func (s *scene) opening(q, j, k int) bool {
	n := s.N
	lo := n / 8 * (2*(q%2) + 1)
	return (s.Flat || j > lo && j < lo+n/8) && k > n/3 && k < n/2
}

// box is a grid of cells, z fastest, under construction.
type box struct {
	nx, ny, nz int
	state      []uint8
}

func (b *box) cell(i, j, k int) int { return (i*b.ny+j)*b.nz + k }

// neighbours calls fn with the cell and the state beyond each face: −x, −y,
// −z, +z, +y, +x, which is the order of the columns of a row. The cell is −1
// outside the box.
func (b *box) neighbours(c int, fn func(d int, state uint8)) {
	i, j, k := c/(b.ny*b.nz), c/b.nz%b.ny, c%b.nz
	visit := func(inside bool, d int, outside uint8) {
		if inside {
			fn(d, b.state[d])
		} else {
			fn(-1, outside)
		}
	}
	visit(i > 0, c-b.ny*b.nz, solid)
	visit(j > 0, c-b.nz, solid)
	visit(k > 0, c-1, solid)
	visit(k < b.nz-1, c+1, air)
	visit(j < b.ny-1, c+b.nz, solid)
	visit(i < b.nx-1, c+b.ny*b.nz, solid)
}

// dropEnclosed makes the fluid solid that no air reaches, and returns the
// number of fluid cells left.
func (b *box) dropEnclosed() int {
	reached := make([]bool, len(b.state))
	var queue []int
	reach := func(c int) {
		if !reached[c] {
			reached[c] = true
			queue = append(queue, c)
		}
	}
	for c, s := range b.state {
		if s == fluid {
			b.neighbours(c, func(_ int, state uint8) {
				if state == air {
					reach(c)
				}
			})
		}
	}
	for at := 0; at < len(queue); at++ {
		b.neighbours(queue[at], func(d int, state uint8) {
			if state == fluid {
				reach(d)
			}
		})
	}
	for c := range b.state {
		if b.state[c] == fluid && !reached[c] {
			b.state[c] = solid
		}
	}
	return len(queue)
}

// Matrix makes the matrix. It wraps solver.ErrOption for an unknown scene.
func (o Obstacles) Matrix() (*matrix.CSR, error) {
	b, err := o.box()
	if err != nil {
		return nil, err
	}
	n := b.dropEnclosed()
	number := make([]int32, len(b.state))
	next := int32(0)
	for c, s := range b.state {
		if s == fluid {
			number[c] = next
			next++
		}
	}
	a := &matrix.CSR{Rows: n, Cols: n, RowPtr: make([]int64, 1, n+1), Col: make([]int32, 0, 7*n), Val: make([]float64, 0, 7*n)}
	for c, s := range b.state {
		if s == fluid {
			b.appendRow(a, c, number)
		}
	}
	return a, nil
}

func (b *box) appendRow(a *matrix.CSR, c int, number []int32) {
	count, at := 0., 0
	put := func(col int32, v float64) { a.Col, a.Val = append(a.Col, col), append(a.Val, v) }
	face := 0
	b.neighbours(c, func(d int, state uint8) {
		if face == 3 {
			at = len(a.Val)
			put(number[c], 0)
		}
		face++
		if state != solid {
			count++
		}
		if state == fluid {
			put(number[d], -1)
		}
	})
	a.Val[at] = count
	a.RowPtr = append(a.RowPtr, int64(len(a.Val)))
}

func (o Obstacles) box() (*box, error) {
	b := &box{o.N, o.N, o.N, nil}
	if o.Flat {
		b.ny = 1
	}
	if o.N < 1 || float64(b.nx)*float64(b.ny)*float64(b.nz) > math.MaxInt32 {
		return nil, &solver.OptionError{Name: "n", Value: fmt.Sprint(o.N), Want: "a side of 1…1290 cells"}
	}
	s := o.scene()
	b.state = make([]uint8, b.nx*b.ny*b.nz)
	for i := range b.nx {
		for j := range b.ny {
			for k := range b.nz {
				b.state[b.cell(i, j, k)] = s.state(i+1, j+1, k+1)
			}
		}
	}
	return b, nil
}

// obstaclesGenerator draws balls and random cells from stream 1 of the seed.
func obstaclesGenerator() Generator {
	return generator(Generator{
		Name:    "obstacles",
		Summary: "pressure matrix of a fluid among obstacles",
		Area:    "linsys",
		Params: []Param{
			{"n", "int", "32", "cells along each side"},
			{"dim", "int", "3", "dimension, 2 or 3"},
			{"scene", "string", "balls", "empty, balls, porous, dam, plates, platesx (plates between the lines of coarser grids), walls, serpentine, random"},
			{"solid", "float", "0.3", "share of solid cells in scene random"},
		},
	}, func(v Values, seed uint64, maxMemory int64) (*Instance, error) {
		o := Obstacles{Seed: seed}
		var errN, errDim, errScene, errSolid error
		o.N, errN = v.Int("n", 1, 1290)
		dim, errDim := v.Int("dim", 2, 3)
		o.Flat = dim == 2
		o.Scene, errScene = v.Choice("scene", ObstacleScenes...)
		o.Solid, errSolid = v.Float("solid", 0)
		if err := cmp.Or(errN, errDim, errScene, errSolid); err != nil {
			return nil, err
		}
		if err := fits("the matrix", rowWords*math.Pow(float64(o.N), float64(dim)), maxMemory); err != nil {
			return nil, err
		}
		a, err := o.Matrix()
		if err != nil {
			return nil, err
		}
		return sparseInstance(a)
	})
}
