package sif

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

// neighbours is a problem of n variables, with elements of several types and weights,
// groups that are squares of sums over neighbours, and one over everything; the
// statements of GLOBALS come before those of each type.
func neighbours(n int) string {
	return fmt.Sprintf(`NAME          CHAIN
 IE N         %22d
`, n) + `
 IE 1                   1
 IE 2                   2
 IA N-1       N         -1
VARIABLES
 DO I         1                        N
 X  X(I)
 OD I
GROUPS
 DO I         2                        N
 IA I-1       I         -1
 XN O(I)      X(I)      1.0            X(I-1)    -0.5
 XE C(I)      X(I)      0.25
 OD I
 DO I         1                        N
 XN ALL       X(I)      0.125
 OD I
CONSTANTS
 DO I         2                        N
 RI R         I
 RD R         R         1.0
 ZE CHAIN     C(I)                     R
 OD I
START POINT
 DO I         1                        N
 RI R         I
 R( R         COS                      R
 Z  CHAIN     X(I)                     R
 OD I
ELEMENT TYPE
 EV SINE      A                        B
 EP SINE      F                        G
 EV CUBE      A
ELEMENT USES
 T  'DEFAULT' CUBE
 DO I         2                        N
 IA I-1       I         -1
 RI R         I
 XT S(I)      SINE
 ZV S(I)      A                        X(I)
 ZV S(I)      B                        X(I-1)
 ZP S(I)      F                        R
 XP S(I)      G         2.0
 ZV Q(I)      A                        X(I)
 OD I
GROUP TYPE
 GV SQUARE    T
 GV LOGT      T
GROUP USES
 DO I         2                        N
 IA I-1       I         -1
 XT O(I)      SQUARE
 XE O(I)      S(I)      0.5            Q(I)      -1.5
 XE C(I)      S(I)                     Q(I)      3.0
 OD I
 XT ALL       LOGT
 DO I         2                        N
 XE ALL       Q(I)      0.01
 OD I
ENDATA
ELEMENTS      CHAIN
TEMPORARIES
 R  HALF
 R  U
 M  SIN
 M  EXP
GLOBALS
 A  HALF                1.0 / 2
INDIVIDUALS
 T  SINE
 A  U                   HALF * A * B
 F                      SIN( U + F ) * EXP( -G * HALF * B )
 T  CUBE
 F                      A**3 / 3.0
 G  A                   A * A
 H  A         A         2.0 * A
ENDATA
GROUPS        CHAIN
TEMPORARIES
 M  LOG
INDIVIDUALS
 T  SQUARE
 F                      T * T
 T  LOGT
 F                      LOG( 1.0 + T * T )
ENDATA
`
}

// TestLarge treats more elements than a program takes at a time.
func TestLarge(t *testing.T) {
	for _, n := range []int{31, 33, 100} {
		m, err := readText(neighbours(n), nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range [][]float64{m.Problem.X0, moved(m)} {
			if gap := plainGap(t, m, x); gap > 1e-13 {
				t.Errorf("n = %d: the interpreter differs by %.1e", n, gap)
			}
			if gap := hessianGap(m, x); !(gap <= 1e-8) {
				t.Errorf("n = %d: the Hessian differs from differences by %.1e", n, gap)
			}
		}
	}
}

// TestStaleSlopes evaluates elsewhere between First and Hessian.
func TestStaleSlopes(t *testing.T) {
	m, err := readText(neighbours(40), nil)
	if err != nil {
		t.Fatal(err)
	}
	p := m.Problem
	start, _ := p.HessianPattern()
	want, got := make([]float64, start[p.N]), make([]float64, start[p.N])
	y, c := make([]float64, p.M), make([]float64, p.M)
	for i := range y {
		y[i] = 1
	}
	p.Hessian(p.X0, 1, y, want)
	at(m, p.X0)
	p.Values(moved(m), c)
	p.Hessian(p.X0, 1, y, got)
	at(m, moved(m))
	p.Values(p.X0, c)
	p.Hessian(p.X0, 1, y, want)
	for k := range got {
		if got[k] != want[k] {
			t.Fatalf("entry %d: %v after an evaluation elsewhere, %v before", k, got[k], want[k])
		}
	}
}

// TestDefectiveCard puts errors into the G and H cards, which must be found and
// must not change the derivatives in use.
func TestDefectiveCard(t *testing.T) {
	good := neighbours(5)
	for _, c := range []struct{ old, bad, card string }{
		{" G  A                   A * A", " G  A                   A * A * 1.001", "G A"},
		{" H  A         A         2.0 * A", " H  A         A         -2.0 * A", "H A A"},
	} {
		m, err := readText(good, nil)
		if err != nil {
			t.Fatal(err)
		}
		if d, err := m.CheckDerivatives(m.Problem.X0); err != nil || len(d) > 0 {
			t.Errorf("sound cards: %v %v", d, err)
		}
		text := strings.Replace(good, c.old, c.bad, 1)
		if m, err = readText(text, nil); err != nil {
			t.Fatal(err)
		}
		d, err := m.CheckDerivatives(m.Problem.X0)
		if err != nil || len(d) != 1 || d[0].Card != c.card || d[0].Type != "CUBE" || !strings.HasPrefix(strings.Split(text, "\n")[d[0].Line-1], c.bad) {
			t.Errorf("%s: %+v %v", c.bad, d, err)
		}
		if gap := plainGap(t, m, m.Problem.X0); gap > 1e-13 {
			t.Errorf("a wrong card changed the derivatives by %v", gap)
		}
	}
}

// TestBranches differentiates where the branch that the value takes is constant
// and the slope of a function of it infinite.
func TestBranches(t *testing.T) {
	m := small(t, "VARIABLES\n    X\n    Y\nGROUPS\n N  O\nELEMENT TYPE\n EV SQ        V                        W\nELEMENT USES\n T  E         SQ\n V  E         V                        X\n V  E         W                        Y\nGROUP USES\n E  O         E\nENDATA\nELEMENTS      T\nINDIVIDUALS\n T  SQ\n F                      SQRT( MAX( V, 0.0 ) ) + W\nENDATA")
	v := at(m, []float64{-1, 3})
	if v.f != 3 || v.g[0] != 0 || v.g[1] != 1 {
		t.Errorf("f = %v, ∇f = %v", v.f, v.g)
	}
	if v = at(m, []float64{math.NaN(), 3}); !math.IsNaN(v.f) {
		t.Errorf("f of NaN = %v", v.f)
	}
}

// sparse is the problem without the group that makes its Hessian dense.
func sparse(n int) string {
	return strings.Replace(neighbours(n), " XT ALL       LOGT\n", "", 1)
}

func BenchmarkRead(b *testing.B) {
	text := sparse(20000)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := readText(text, nil); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(20000*26), "ns/card")
}

func BenchmarkEvaluate(b *testing.B) {
	for _, n := range []int{3, 10000} {
		m, err := readText(sparse(n), nil)
		if err != nil {
			b.Fatal(err)
		}
		p := m.Problem
		js, _ := p.JacobianPattern()
		hs, _ := p.HessianPattern()
		c, g, j, h, y := make([]float64, p.M), make([]float64, p.N), make([]float64, js[p.M]), make([]float64, hs[p.N]), make([]float64, p.M)
		x := p.X0
		b.Run(fmt.Sprintf("values/n=%d", n), func(b *testing.B) {
			for b.Loop() {
				p.Values(x, c)
			}
		})
		b.Run(fmt.Sprintf("first/n=%d", n), func(b *testing.B) {
			for b.Loop() {
				x[0] += 1e-12
				p.First(x, c, g, j)
			}
		})
		b.Run(fmt.Sprintf("hessian/n=%d", n), func(b *testing.B) {
			for b.Loop() {
				p.Hessian(x, 1, y, h)
			}
		})
	}
}
