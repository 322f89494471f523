// Package rng draws the random numbers of generators and solvers from
// splitmix64 streams, simple enough that a program in any language can make
// the same instances in a few lines. All arithmetic on uint64 wraps.
//
//	next:      s += 0x9e3779b97f4a7c15
//	           z  = s
//	           z  = (z ^ z>>30) · 0xbf58476d1ce4e5b9
//	           z  = (z ^ z>>27) · 0x94d049bb133111eb
//	           out = z ^ z>>31
//	uniform:   u = (out>>11) · 2⁻⁵³, in [0,1), one draw
//	normal:    √(−2 ln(1−u₁)) · cos(2π u₂), two draws
//	below n:   ⌊out·n / 2⁶⁴⌋ (the high word of the 128-bit product), one draw
//	perm of n: p = 0…n−1; for i = n−1 down to 1: swap p_i, p_j with j below i+1
//	stream k:  a stream whose s is the k-th output (k ≥ 1) of seed's own stream
//
// Integers, uniforms and permutations are the same bits everywhere. Normals
// go through log and cos, whose last bit may differ between mathematical
// libraries.
//
// Steele, Lea & Flood, Fast splittable pseudorandom number generators,
// OOPSLA 2014; constants of Vigna's public-domain splitmix64.c.
package rng

import (
	"math"
	"math/bits"
)

// golden is the additive constant of the state, ⌊2⁶⁴/φ⌋ made odd.
const golden = 0x9e3779b97f4a7c15

// Stream is one sequence of random numbers. It is not safe for concurrent
// use; give each worker a stream of its own (see NewStream).
type Stream struct{ state uint64 }

// New returns the stream of a seed. Every seed is good, 0 included.
func New(seed uint64) *Stream { return &Stream{seed} }

// NewStream returns stream k of a seed: independent sequences for the parts
// of one instance, so that drawing more of one part does not shift another.
// Stream 0 is New(seed).
func NewStream(seed, k uint64) *Stream {
	if k == 0 {
		return New(seed)
	}
	return New(mix(seed + k*golden))
}

// mix is the output function: a bijection of uint64.
func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// Uint64 returns 64 random bits.
func (s *Stream) Uint64() uint64 {
	s.state += golden
	return mix(s.state)
}

// Float64 returns a uniform number in [0,1), a multiple of 2⁻⁵³.
func (s *Stream) Float64() float64 { return float64(s.Uint64()>>11) * 0x1p-53 }

// Normal returns a standard normal number: the cosine branch of Box and
// Muller. It always takes two uniforms and keeps none back.
func (s *Stream) Normal() float64 {
	r := math.Sqrt(-2 * math.Log1p(-s.Float64()))
	return r * math.Cos(2*math.Pi*s.Float64())
}

// Below returns a number of 0…n−1, n > 0. The bias is below n·2⁻⁶⁴.
func (s *Stream) Below(n int) int {
	hi, _ := bits.Mul64(s.Uint64(), uint64(n))
	return int(hi)
}

// Perm returns a random permutation of 0…n−1 (Fisher and Yates, from the end).
func (s *Stream) Perm(n int) []int {
	p := make([]int, n)
	for i := range p {
		p[i] = i
	}
	for i := n - 1; i > 0; i-- {
		j := s.Below(i + 1)
		p[i], p[j] = p[j], p[i]
	}
	return p
}
