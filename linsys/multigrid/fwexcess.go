package multigrid

import (
	"sync"

	"solve/internal/kern"
	"solve/internal/par"
)

// diffContrast bounds the weights of one axis over those of another for
// products in float32: rounding grows with the root of it.
const diffContrast = 100

// numberExcess gives every cell of a coded level the number of its excess. It
// reports false when there are too many or weights are too different.
func numberExcess[T kern.Real](l *fwLevel[T], f *kern.FaceGrid[float32], threads int) bool {
	least, most := float32(0), float32(0)
	for _, w := range f.Axis {
		if w > 0 && (least == 0 || w < least) {
			least = w
		}
		most = max(most, w)
	}
	if most > diffContrast*least {
		return false
	}
	excess := newViewer(l).excess
	var mu sync.Mutex
	var known [len(excess)]uint8 // number + 1
	count, fits := 0, true
	number := func(key uint) uint8 {
		mu.Lock()
		defer mu.Unlock()
		if known[key] > 0 {
			return known[key]
		}
		v := float32(excess[key])
		n := 0
		for n < count && f.ExcessOf[n] != v {
			n++
		}
		if n == len(f.ExcessOf) {
			fits = false
			return 1
		}
		if n == count {
			f.ExcessOf[n] = v
			count++
		}
		known[key] = uint8(n + 1)
		return known[key]
	}
	f.Excess = make([]uint8, len(f.Code))
	par.For(threads, f.Planes, func(i int) {
		var own [len(excess)]uint8
		o, n := f.Guard()+i*f.Plane(), f.Plane()
		code, out := f.Code[o:o+n], f.Excess[o:o+n]
		x, y, z := f.Code[o-n:][:n], f.Code[o-f.N:][:n], f.Code[o-1:][:n]
		for k, c := range code {
			key := codeKey(c, x[k], y[k], z[k])
			if own[key] == 0 {
				own[key] = number(key)
			}
			out[k] = own[key] - 1
		}
	})
	if !fits {
		f.Excess = nil
	}
	return fits
}

// codeKey is the number of the diagonal and the bits of the six links of a
// cell, given its code and those of the cells before it.
func codeKey(own, x, y, z uint8) uint {
	links := own>>3&7 | x>>5&1<<3 | y>>4&1<<4 | z>>3&1<<5
	return uint(own&kern.CodeDiagonal)<<6 | uint(links&63)
}
