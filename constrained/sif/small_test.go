package sif

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"solve/solver"
)

func readText(text string, o *Options) (*Model, error) {
	return Read(context.Background(), "test.SIF", strings.NewReader(text), o)
}

// small reads a problem of which the test gives the sections.
func small(t *testing.T, sections string) *Model {
	t.Helper()
	m, err := readText("NAME          TEST\n"+sections+"\nENDATA\n", nil)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// constantOf reads a problem whose objective is minus a parameter, which is how
// its value shows.
func constantOf(t *testing.T, cards, parameter string) float64 {
	t.Helper()
	m := small(t, cards+`
VARIABLES
    X
GROUPS
 N  OBJ
CONSTANTS
 Z  TEST      OBJ                      `+parameter)
	return -m.Problem.Values([]float64{0}, nil)
}

// TestParameterCards holds each card against what it must give.
func TestParameterCards(t *testing.T) {
	const start = ` IE I                   7
 IE J                   -2
 RE A                   2.5
 RE B                   -0.4D+1
 AE V(I)                1.5
`
	for _, c := range []struct {
		card string
		want float64
	}{
		{" RE R                   1.0+2", 100},
		{" RE R                   - 1.5 D-1", -0.15},
		{" RI R         I", 7},
		{" RA R         A         1.0", 3.5},
		{" RS R         A         1.0", -1.5},
		{" RM R         A         3.0", 7.5},
		{" RD R         A         5.0", 2},
		{" RF R         SQRT      9.0", 3},
		{" R= R         A", 2.5},
		{" R+ R         A                        B", -1.5},
		{" R- R         A                        B", 6.5},
		{" R* R         A                        B", -10},
		{" R/ R         B                        A", -1.6},
		{" R( R         ABS                      B", 4},
		{" AA R         V(I)      1.0", 2.5},
		{" A+ R         V(I)                     V(I)", 3},
		{" A( R         HYPTAN                   V(I)", math.Tanh(1.5)},
		{" AI R         J", -2},
		{" IA K         I         1\n RI R         K", 8},
		{" IS K         I         1\n RI R         K", -6},
		{" IM K         I         3\n RI R         K", 21},
		{" ID K         I         15\n RI R         K", 2},
		{" ID K         J         7\n RI R         K", -3},
		{" I= K         I\n RI R         K", 7},
		{" I+ K         I                        J\n RI R         K", 5},
		{" I- K         I                        J\n RI R         K", 9},
		{" I* K         I                        J\n RI R         K", -14},
		{" I/ K         I                        J\n RI R         K", -3},
		{" IR K         B\n RI R         K", -4},
		{" RE S                   -2.9\n IR K         S\n RI R         K", -2},
	} {
		if got := constantOf(t, start+c.card, "R"); math.Abs(got-c.want) > 1e-15*math.Abs(c.want) {
			t.Errorf("%s: %v, want %v", c.card, got, c.want)
		}
	}
}

// TestLoops counts the passes of loops up and down, inside one another and empty.
func TestLoops(t *testing.T) {
	const start = ` IE 1                   1
 IE 2                   2
 IE -1                  -1
 IE 0                   0
 IE 6                   6
 RE R                   0.0
`
	for _, c := range []struct {
		cards string
		want  float64
	}{
		{" DO I         1                        6\n RA R         R         1.0\n OD I", 6},
		{" DO I         1                        6\n DI I         2\n RI X         I\n R+ R         R                        X\n ND", 1 + 3 + 5},
		{" DO I         6                        2\n DI I         -1\n RI X         I\n R+ R         R                        X\n ND", 6 + 5 + 4 + 3 + 2},
		{" DO I         1                        0\n RA R         R         1.0\n OD I", 0},
		{" DO I         1                        6\n DO J         1                        I\n RA R         R         1.0\n ND", 21},
		{" DO I         1                        2\n DO J         1                        2\n RA R         R         1.0\n OD J\n RA R         R         10.0\n OD I", 24},
		{" DO I         1                        6\n RA R         R         0.0\n OD I\n RI R         I", 6},
		{" DO I         1                        6\n AI V(I)      I\n OD I\n IE K                   4\n A= R         V(K)", 4},
	} {
		if got := constantOf(t, start+c.cards, "R"); got != c.want {
			t.Errorf("%s: %v, want %v", c.cards, got, c.want)
		}
	}
}

// TestBounds tries the rules that surprise: MI takes the upper bound away from 0
// only if there was none, UP 0 takes away the lower one.
func TestBounds(t *testing.T) {
	inf := math.Inf(1)
	m := small(t, `
VARIABLES
    A
    B
    C
    D
    E
    F
    G
    H
GROUPS
 N  OBJ
BOUNDS
 MI TEST      A
 UP TEST      B         0.0
 UP TEST      C         -1.0
 LO TEST      D         1.0
 UP TEST      D         0.0
 FR TEST      E
 UP TEST      F         3.0
 MI TEST      F
 LO TEST      G         -1.0D+20
 UP OTHER     H         7.0
 FX TEST      H         2.0
`)
	want := [][2]float64{{-inf, 0}, {-inf, 0}, {0, -1}, {1, 0}, {-inf, inf}, {-inf, 3}, {-inf, inf}, {2, 2}}
	for j, w := range want {
		if got := [2]float64{m.Problem.Lower[j], m.Problem.Upper[j]}; got != w {
			t.Errorf("%s: %v, want %v", m.Problem.VariableName(j), got, w)
		}
	}
}

const product = `
ELEMENTS      TEST
INDIVIDUALS
 T  PROD
 F                      V * W
ENDATA
`

// TestNonlinearVariable meets a variable in an element first: it has the bounds
// and the start by default.
func TestNonlinearVariable(t *testing.T) {
	m := small(t, `
VARIABLES
    X
GROUPS
 N  OBJ
BOUNDS
 LO TEST      'DEFAULT' -5.0
 FR TEST      X
START POINT
    TEST      'DEFAULT' 3.0
    TEST      X         2.0
ELEMENT TYPE
 EV PROD      V                        W
ELEMENT USES
 T  E         PROD
 V  E         v                        X
 V  E         W                        NEW
GROUP USES
 E  OBJ       E         10.0           E
ENDATA`+product)
	p := m.Problem
	if p.N != 2 || p.VariableName(1) != "NEW" || p.Lower[1] != -5 || !math.IsInf(p.Upper[1], 1) || !slices.Equal(p.X0, []float64{2, 3}) {
		t.Errorf("variables %v from %v, at least %v", p.VariableNames, p.X0, p.Lower)
	}
	if f := p.Values(p.X0, nil); f != 66 {
		t.Errorf("f = %v, want 66: the weights of one element add up", f)
	}
}

// TestGroups tries ranges, scales, sums of groups and columns before rows.
func TestGroups(t *testing.T) {
	inf := math.Inf(1)
	m := small(t, `
GROUPS
 N  OBJ       'SCALE'   2.0
 L  L1
 G  G1
 L  L2
 G  G2
 E  E1        'SCALE'   4.0
VARIABLES
    X         OBJ       1.0            L1        2.0
    X         E1        8.0
    Y         OBJ       -3.0
CONSTANTS
    TEST      'DEFAULT' 1.0            OBJ       5.0
RANGES
    TEST      L1        6.0            G1        -7.0
`)
	p := m.Problem
	if !slices.Equal(p.CLower, []float64{-6, 0, -inf, 0, 0}) || !slices.Equal(p.CUpper, []float64{0, 7, 0, inf, 0}) {
		t.Errorf("limits %v to %v", p.CLower, p.CUpper)
	}
	c := make([]float64, 5)
	if f := p.Values([]float64{3, 2}, c); f != (3-6-5)/2.0 || !slices.Equal(c, []float64{5, -1, -1, -1, 23.0 / 4}) {
		t.Errorf("f = %v, c = %v", f, c)
	}
	if m.LinearCount != 5 || slices.Contains(p.Linear, false) {
		t.Errorf("%d constraints are linear, want 5", m.LinearCount)
	}
	m = small(t, `
VARIABLES
    X
    Y
GROUPS
 E  A         X         1.0            Y         2.0
 E  B         Y         1.0
 DE C         A         2.0            B         -3.0
`)
	c = c[:3]
	m.Problem.Values([]float64{10, 1}, c)
	if c[2] != 2*12-3 {
		t.Errorf("the sum of groups is %v, want 21", c[2])
	}
}

// TestQuadratic gives each pair once: off the diagonal it counts in full, on it
// by half.
func TestQuadratic(t *testing.T) {
	m := small(t, `
VARIABLES
    X
    Y
QUADRATIC
    X         X         4.0            Y         3.0
    Y         X         1.0
`)
	p := m.Problem
	g := make([]float64, 2)
	if f := p.First([]float64{2, 5}, nil, g, nil); f != 8+40 || g[0] != 8+20 || g[1] != 8 {
		t.Errorf("f = %v, ∇f = %v", f, g)
	}
	h := make([]float64, 2)
	p.Hessian([]float64{2, 5}, 1, nil, h)
	if !slices.Equal(h, []float64{4, 4}) {
		t.Errorf("∇²f = %v", h)
	}
}

// valueOf is a function of X = 3, Y = −2 and the parameter P = 0.5, at the head of
// which the test may put cards.
func valueOf(t *testing.T, temporaries, cards string) float64 {
	t.Helper()
	m := small(t, `
VARIABLES
    X
    Y
GROUPS
 N  OBJ
START POINT
    TEST      X         3.0            Y         -2.0
ELEMENT TYPE
 EV ETYPE     XX                       yy
 EP ETYPE     P
ELEMENT USES
 T  E         ETYPE
 V  E         XX                       X
 V  E         YY                       Y
 P  E         P         0.5
GROUP USES
 E  OBJ       E
ENDATA
ELEMENTS      TEST
TEMPORARIES
`+temporaries+`
INDIVIDUALS
 T  ETYPE
`+cards+`
ENDATA`)
	if gap := plainGap(t, m, m.Problem.X0); gap > 1e-15 {
		t.Errorf("%s: the interpreter differs by %v", cards, gap)
	}
	return m.Problem.Values(m.Problem.X0, nil)
}

// TestFortran tries the rules of Fortran's expressions.
func TestFortran(t *testing.T) {
	for _, c := range []struct {
		temporaries, cards string
		want               float64
	}{
		{"", " F                      -XX**2", -9},
		{"", " F                      1/2*XX", 0},
		{"", " F                      1.0/2*XX", 1.5},
		{"", " F                      7/(-2)*XX", -9},
		{"", " F                      2**(-1)+XX", 3},
		{"", " F                      2.0**(-1)+XX", 3.5},
		{"", " F                      2**3**2 + YY", 510},
		{"", " F                      xx - yy - p", 4.5},
		{"", " F                      XX / YY / P", -3},
		{"", " F                      1.0D+1 * 2 . 5 E - 1 * XX", 7.5},
		{"", " F                      YY**3 + YY**2.0", -4},
		{"", " F                      MAX(XX, YY, P) + MIN(XX, YY)", 1},
		{"", " F                      SIGN(XX, YY) + ABS(YY) + MOD(7, 4)", 2},
		{"", " F                      ATAN2(YY,XX)", math.Atan2(-2, 3)},
		{"", " F                      XX *\n F+                     ( YY +\n F+                     1.0 )", -3},
		{" I  K", " A  K                   2.9\n F                      K / 4 + XX", 3},
		{" L  B\n R  Z", " A  B                   XX .GT. YY .AND. .NOT. P.EQ.1.\n I  B         Z         XX\n E  B         Z         YY\n F                      Z", 3},
		{" L  B\n R  Z", " A  B                   XX .LT. YY .OR. P >= 1\n I  B         Z         XX\n E  B         Z         YY\n F                      Z", -2},
		{" L  B\n R  Z", " A  B                   .TRUE.\n A  Z                   1\n E  B         Z         XX\n F                      Z", 1},
		{" R  Z", " A  Z                   XX\n A  Z                   Z * Z\n F                      Z + 1", 10},
		{"", " F                      NINT(2.5) + INT(-2.7) + XX*0.0", 1},
	} {
		if got := valueOf(t, c.temporaries, c.cards); math.Abs(got-c.want) > 1e-15 {
			t.Errorf("%s: %v, want %v", c.cards, got, c.want)
		}
	}
}

// TestTransform gives W by cards of which two add to one entry, and compares with
// the same function without internal variables.
func TestTransform(t *testing.T) {
	text := func(types, code string) string {
		return `
VARIABLES
    X
    Y
    Z
GROUPS
 N  OBJ
 E  CON
START POINT
    TEST      'DEFAULT' 0.7
ELEMENT TYPE
 EV ET        A                        B
 EV ET        C
` + types + `
ELEMENT USES
 T  E         ET
 V  E         A                        X
 V  E         B                        Y
 V  E         C                        Z
 T  TWICE     ET
 V  TWICE     A                        X
 V  TWICE     B                        X
 V  TWICE     C                        Y
GROUP TYPE
 GV SQ        T
 GP SQ        P
GROUP USES
 T  OBJ       SQ
 P  OBJ       P         2.0
 E  OBJ       E         1.5            TWICE     -1.0
 E  CON       TWICE     2.0
ENDATA
ELEMENTS      TEST
INDIVIDUALS
 T  ET
` + code + `
ENDATA
GROUPS        TEST
INDIVIDUALS
 T  SQ
 F                      P * T * T
ENDATA`
	}
	a := small(t, text(" IV ET        U                        V", ` R  U         A         1.0            B         1.0
 R  U         A         1.0            C         -1.0
 R  V         B         3.0
 F                      SIN(U) * V**2`))
	b := small(t, text("", " F                      SIN(2*A+B-C) * (3*B)**2"))
	x := []float64{0.3, -0.8, 1.1}
	if gap := plainGap(t, a, x); gap > 1e-14 {
		t.Errorf("the interpreter differs by %v", gap)
	}
	if gap := hessianGap(a, x); gap > 1e-8 {
		t.Errorf("the Hessian differs from differences by %v", gap)
	}
	va, vb := at(a, x), at(b, x)
	ha, hb := make([]float64, 6), make([]float64, 6)
	a.Problem.Hessian(x, 1, []float64{0.5}, ha)
	b.Problem.Hessian(x, 1, []float64{0.5}, hb)
	for _, pair := range [][2][]float64{{va.g, vb.g}, {va.c, vb.c}, {va.jac, vb.jac}, {ha, hb}} {
		for i := range pair[0] {
			if apart(pair[0][i], pair[1][i]) > 1e-14 {
				t.Errorf("%v with internal variables, %v without", pair[0], pair[1])
			}
		}
	}
}

const sized = `NAME          SIZED
*   classification SUR2-AN-V-0
*IE N                   100            $-PARAMETER
 IE N                   3              $-PARAMETER
 IE 1                   1
VARIABLES
 DO I         1                        N
 X  X(I)
 ND
GROUPS
 N  OBJ       X1        1.0
OBJECT BOUND
 LO SIZED               -4.0
*LO SOLTN(3)            1.5D+1
ENDATA
`

// TestParameters replaces a parameter, and refuses what the file does not offer.
func TestParameters(t *testing.T) {
	m, err := readText(sized, nil)
	if err != nil {
		t.Fatal(err)
	}
	if m.Problem.N != 3 || len(m.Parameters) != 1 || m.Parameters[0].Name != "N" || m.Parameters[0].Value != "3" || m.Parameters[0].Line != 4 || !slices.Equal(m.Parameters[0].Alternatives, []string{"100"}) {
		t.Errorf("%d variables, parameters %v", m.Problem.N, m.Parameters)
	}
	if m.Classification != "SUR2-AN-V-0" || !slices.Equal(m.Known, []float64{15}) || m.ObjectBounds != [2]float64{-4, math.Inf(1)} {
		t.Errorf("classification %q, known %v, bounds %v", m.Classification, m.Known, m.ObjectBounds)
	}
	if m, err = readText(sized, &Options{Parameters: map[string]string{"N": "20"}}); err != nil || m.Problem.N != 20 {
		t.Errorf("with N = 20: %v", err)
	}
	for name, value := range map[string]string{"N": "2.5", "M": "3", "1": "2"} {
		if _, err := readText(sized, &Options{Parameters: map[string]string{name: value}}); !errors.Is(err, solver.ErrOption) {
			t.Errorf("%s = %s: %v", name, value, err)
		}
	}
	if _, err := readText(sized, &Options{Parameters: map[string]string{"N": "1000000000000"}}); !errors.Is(err, solver.ErrTooLarge) {
		t.Errorf("a loop of 10¹² passes: %v", err)
	}
}

// TestSets chooses a set that is not the first.
func TestSets(t *testing.T) {
	const text = "NAME          T\nVARIABLES\n    X\nGROUPS\n N  O\nBOUNDS\n UP ONE       X         1.0\n UP TWO       X         2.0\nENDATA\n"
	for set, want := range map[string]float64{"": 1, "ONE": 1, "TWO": 2} {
		m, err := readText(text, &Options{BoundsSet: set})
		if err != nil || m.Problem.Upper[0] != want {
			t.Errorf("set %q: %v", set, err)
		}
	}
	if _, err := readText(text, &Options{BoundsSet: "THREE"}); !errors.Is(err, solver.ErrOption) {
		t.Errorf("a set that is not there: %v", err)
	}
}

// TestMPS reads a problem in the words of the older format, whose columns name
// their rows, with whole variables between markers.
func TestMPS(t *testing.T) {
	const text = `NAME          OLD
ROWS
 N  COST
 L  LIM
COLUMNS
    X         COST      1.0            LIM       2.0
    M1        'MARKER'                 'INTORG'
    Y         COST      -1.0           LIM       1.0
    M2        'MARKER'                 'INTEND'
    Z         LIM       4.0
RHS
    RHS       LIM       7.0
QUADOBJ
    X         X         2.0
ENDATA
`
	m, err := readText(text, &Options{RelaxIntegers: true})
	if err != nil {
		t.Fatal(err)
	}
	c := make([]float64, 1)
	if f := m.Problem.Values([]float64{3, 2, 1}, c); f != 3-2+9 || c[0] != 6+2+4-7 || !slices.Equal(m.Integers, []string{"Y"}) || m.Problem.Name != "OLD" {
		t.Errorf("f = %v, c = %v, whole %v, name %q", f, c, m.Integers, m.Problem.Name)
	}
}

// TestStart sets starts of multipliers by name, behind those of variables.
func TestStart(t *testing.T) {
	m := small(t, `
VARIABLES
    X
    A
GROUPS
 E  A         X         1.0
 E  B         A         1.0
START POINT
    TEST      X         1.0            A         2.0
 M  TEST      A         3.0            'DEFAULT' 4.0
`)
	if p := m.Problem; !slices.Equal(p.X0, []float64{1, 2}) || !slices.Equal(p.Y0, []float64{3, 4}) {
		t.Errorf("x from %v, y from %v", p.X0, p.Y0)
	}
}
