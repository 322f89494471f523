package rng

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// The published outputs of splitmix64.c for seed 0 and seed 1234567.
func TestUint64Vectors(t *testing.T) {
	for seed, want := range map[uint64][]uint64{
		0:       {0xe220a8397b1dcdaf, 0x6e789e6aa1b965f4, 0x06c45d188009454f, 0xf88bb8a8724c81ec},
		1234567: {6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821},
	} {
		s := New(seed)
		for i, w := range want {
			if got := s.Uint64(); got != w {
				t.Errorf("seed %d: output %d is %#x, want %#x", seed, i, got, w)
			}
		}
	}
}

func TestStreamIsKthOutput(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		k := rapid.Uint64Range(0, 50).Draw(t, "k")
		s := New(seed)
		want := seed
		for range k {
			want = s.Uint64()
		}
		if got := NewStream(seed, k).state; got != want {
			t.Fatalf("stream %d of seed %d starts at %d, want %d", k, seed, got, want)
		}
	})
}

func TestFloat64Bits(t *testing.T) {
	s := New(0)
	// 0xe220a8397b1dcdaf >> 11, scaled exactly.
	if got, want := s.Float64(), float64(uint64(0xe220a8397b1dcdaf)>>11)/(1<<53); got != want {
		t.Errorf("first uniform of seed 0 is %v, want %v", got, want)
	}
	if (&Stream{^uint64(0) - golden + 1}).Float64() != 0 { // state 0 has output 0
		t.Error("smallest uniform is not 0")
	}
}

func TestUniformMoments(t *testing.T) {
	const n = 200_000
	s := New(7)
	var sum, squares float64
	for range n {
		u := s.Float64()
		if u < 0 || u >= 1 {
			t.Fatalf("uniform %v outside [0,1)", u)
		}
		sum += u
		squares += u * u
	}
	if mean := sum / n; math.Abs(mean-0.5) > 5*math.Sqrt(1.0/12/n) {
		t.Errorf("mean %v, want 1/2", mean)
	}
	if m := squares / n; math.Abs(m-1.0/3) > 5*math.Sqrt(4.0/45/n) {
		t.Errorf("second moment %v, want 1/3", m)
	}
}

func TestNormalMoments(t *testing.T) {
	const n = 200_000
	s := New(7)
	var m [5]float64
	for range n {
		x := s.Normal()
		for k, p := 1, x; k <= 4; k, p = k+1, p*x {
			m[k] += p / n
		}
	}
	// Five standard errors of the sample moments 1…4: variances 1, 2, 15, 96.
	for k, want := range []float64{1: 0, 2: 1, 3: 0, 4: 3} {
		if k == 0 {
			continue
		}
		se := math.Sqrt([]float64{0, 1, 2, 15, 96}[k] / n)
		if math.Abs(m[k]-want) > 5*se {
			t.Errorf("moment %d is %v, want %v", k, m[k], want)
		}
	}
}

// A normal is made of the two uniforms that the same stream gives.
func TestNormalUsesTwoUniforms(t *testing.T) {
	s, u := New(3), New(3)
	for range 1000 {
		u1, u2 := u.Float64(), u.Float64()
		want := math.Sqrt(-2*math.Log(1-u1)) * math.Cos(2*math.Pi*u2)
		if got := s.Normal(); math.Abs(got-want) > 1e-14*(1+math.Abs(want)) {
			t.Fatalf("normal %v, want %v", got, want)
		}
	}
	if *s != *u {
		t.Error("a normal did not take two draws")
	}
}

func TestPermIsPermutation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 200).Draw(t, "n")
		p := New(rapid.Uint64().Draw(t, "seed")).Perm(n)
		q := slices.Clone(p)
		slices.Sort(q)
		for i, v := range q {
			if v != i {
				t.Fatalf("%v is no permutation of 0…%d", p, n-1)
			}
		}
	})
}

// Written down once, so that a change of the recipe cannot pass unseen.
func TestPermVector(t *testing.T) {
	if got, want := New(0).Perm(8), []int{1, 2, 6, 5, 4, 0, 3, 7}; !slices.Equal(got, want) {
		t.Errorf("permutation of 8 from seed 0 is %v, want %v", got, want)
	}
}

func TestNormalVector(t *testing.T) {
	if got, want := New(1).Normal(), -0.03426732; math.Abs(got-want) > 5e-9 {
		t.Errorf("first normal of seed 1 is %v, want %v", got, want)
	}
}
