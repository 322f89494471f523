package sif

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"solve/constrained"
	"solve/internal/rng"
	"solve/solver"
)

// TestErrors holds that bad input is refused with its line and the right sentinel.
func TestErrors(t *testing.T) {
	const head = "NAME          T\n"
	const x = head + "VARIABLES\n    X\nGROUPS\n N  O\n"
	const element = x + "ELEMENT TYPE\n EV P         V                        W\n EP P         Q\nELEMENT USES\n T  E         P\n"
	const whole = element + " V  E         V                        X\n V  E         W                        X\n P  E         Q         1.0\nGROUP USES\n E  O         E\nENDATA\nELEMENTS      T\n"
	for _, c := range []struct {
		text, want string
		err        error
	}{
		{"", "no NAME card", solver.ErrFormat},
		{"VARIABLES\n", "test.SIF:1: VARIABLES before the NAME card", solver.ErrFormat},
		{head + "NONSENSE\n", "test.SIF:2: unknown indicator", solver.ErrFormat},
		{head + "FREE FORMAT\n", "test.SIF:2: free format", solver.ErrUnsupported},
		{head + "ENDATA\n", "no variables", solver.ErrInput},
		{head + " IA K         J         1\n", "test.SIF:2: integer parameter J is not defined", solver.ErrFormat},
		{head + " RE A                   1.x5\n", `test.SIF:2: field 4: "1.x5" is no number`, solver.ErrFormat},
		{head + " RE A\n", "test.SIF:2: field 4 holds no number", solver.ErrFormat},
		{head + " IE A                   1.5\n", "test.SIF:2: integer parameter A would be 1.5", solver.ErrFormat},
		{head + " RF A         SQRT      -1.0\n", "test.SIF:2: SQRT of -1 is not a number", solver.ErrFormat},
		{head + " RE A                   0.0\n RD B         A         1.0\n", "test.SIF:3: division by zero", solver.ErrFormat},
		{head + " IE 1                   1\n DO I         1                        1\n", "test.SIF:3: the loop over I is not closed", solver.ErrFormat},
		{head + " OD I\n", "test.SIF:2: OD I without a loop", solver.ErrFormat},
		{head + " ND\n", "test.SIF:2: ND without a loop", solver.ErrFormat},
		{head + "VARIABLES\n X  X(I)\n", "test.SIF:3: X(I): index I is not defined", solver.ErrFormat},
		{x + "BOUNDS\n FR T         Y\n", "test.SIF:7: unknown variable Y", solver.ErrFormat},
		{x + "BOUNDS\n QQ T         X\n", "test.SIF:7: code \"QQ\"", solver.ErrFormat},
		{x + "CONSTANTS\n    T         Y         1.0\n", "test.SIF:7: unknown group Y", solver.ErrFormat},
		{x + "ELEMENT USES\n T  E         P\n", "test.SIF:7: unknown element type P", solver.ErrFormat},
		{x + "GROUP USES\n E  O         E\n", "test.SIF:7: unknown element E", solver.ErrFormat},
		{element, "test.SIF:10: element E: its variable V is not given", solver.ErrFormat},
		{element + " V  E         V                        X\n V  E         W                        X\n", "test.SIF:10: element E: its parameter Q is not given", solver.ErrFormat},
		{whole, "test.SIF:7: element type P has no function", solver.ErrFormat},
		{whole + "INDIVIDUALS\n T  P\n", "test.SIF:19: type P has no F card", solver.ErrFormat},
		{whole + "INDIVIDUALS\n T  P\n F                      V * (W\n", "test.SIF:20: the expression", solver.ErrFormat},
		{whole + "INDIVIDUALS\n T  P\n F                      V * Z\n", "test.SIF:20: Z has no value here", solver.ErrFormat},
		{whole + "INDIVIDUALS\n T  P\n F                      V .AND. W\n", "test.SIF:20: an operand of .AND. has the wrong type", solver.ErrFormat},
		{whole + "INDIVIDUALS\n T  P\n F                      FUN( V )\n", "test.SIF:20: uses external Fortran function FUN", solver.ErrUnsupported},
		{head + "VARIABLES\n    X         'INTEGER'\nGROUPS\n N  O\n", "whole variables are not supported, and the problem has 1, X first", solver.ErrUnsupported},
	} {
		_, err := readText(c.text, nil)
		if !errors.Is(err, c.err) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q:\n%v, want %s", c.text, err, c.want)
		}
	}
	if m, err := readText(head+"VARIABLES\n    X         'ZERO-ONE'\nGROUPS\n N  O\n", &Options{RelaxIntegers: true}); err != nil || m.Problem.Upper[0] != 1 || len(m.Integers) != 1 {
		t.Errorf("a relaxed variable: %v", err)
	}
}

// TestCrossedBounds are no error but a warning: the problem is infeasible.
func TestCrossedBounds(t *testing.T) {
	m := small(t, "VARIABLES\n    X\nGROUPS\n N  O\nBOUNDS\n LO T         X         1.0\n UP T         X         -1.0")
	if len(m.Warnings) != 1 || !strings.Contains(m.Warnings[0], "X") {
		t.Errorf("warnings %q", m.Warnings)
	}
}

// TestBounded reads what would expand without end, under a limit and with a
// context that is done.
func TestBounded(t *testing.T) {
	const loops = "NAME          T\n IE 1                   1\n IE N                   1000000\n DO I         1                        N\n DO J         1                        N\n IA K         J         1\n ND\n"
	if _, err := readText(loops, &Options{MaxMemory: 256 << 20}); !errors.Is(err, solver.ErrTooLarge) {
		t.Errorf("10¹² cards: %v", err)
	}
	dense := "NAME          T\n IE 1                   1\n IE N                   20000\nVARIABLES\n DO I         1                        N\n X  X(I)\n ND\nGROUPS\n DO I         1                        N\n XN O         X(I)      1.0\n ND\nGROUP TYPE\n GV SQ        A\nGROUP USES\n T  O         SQ\nENDATA\nGROUPS        T\nINDIVIDUALS\n T  SQ\n F                      A * A\nENDATA\n"
	if _, err := readText(dense, &Options{MaxMemory: 1 << 30}); !errors.Is(err, solver.ErrTooLarge) {
		t.Errorf("a dense Hessian of 20 000 variables in 1 GiB: %v", err)
	}
	if _, err := readText(long(400), nil); !errors.Is(err, solver.ErrTooLarge) {
		t.Errorf("a product of 400 variables: %v", err)
	}
	m, err := readText(long(20), nil)
	if err != nil {
		t.Fatal(err)
	}
	if gap := hessianGap(m, moved(m)); !(gap < 1e-8) {
		t.Errorf("a product of 20 variables: the Hessian differs from differences by %v", gap)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	text := strings.Replace(loops, "1000000", "5000", 1)
	if _, err := Read(ctx, "test.SIF", strings.NewReader(text), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end of the context: %v", err)
	}
}

// long is a problem with one element, the product of n variables.
func long(n int) string {
	var types, uses, code strings.Builder
	for i := range n {
		fmt.Fprintf(&types, " EV PROD      V%d\n", i)
		fmt.Fprintf(&uses, " V  E         V%-9d               X%d\n", i, i)
		fmt.Fprintf(&code, " A  P                   P * (V%d + %d.5)\n", i, i%3)
	}
	return "NAME          LONG\nGROUPS\n N  O\nELEMENT TYPE\n" + types.String() + "ELEMENT USES\n T  E         PROD\n" +
		uses.String() + "GROUP USES\n E  O         E\nENDATA\nELEMENTS      LONG\nTEMPORARIES\n R  P\nINDIVIDUALS\n T  PROD\n A  P                   1.0\n" +
		code.String() + " F                      P\nENDATA\n"
}

// exercise reads a damaged file and evaluates what comes out: nothing may panic,
// and every error must say what it is.
func exercise(t *testing.T, text []byte) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	m, err := Read(ctx, "damaged.SIF", bytes.NewReader(text), &Options{MaxMemory: 16 << 20, RelaxIntegers: true})
	if err != nil {
		for _, known := range []error{solver.ErrFormat, solver.ErrUnsupported, solver.ErrTooLarge, solver.ErrInput} {
			if errors.Is(err, known) {
				return
			}
		}
		t.Fatalf("an error of no kind: %v", err)
	}
	p := m.Problem
	start, columns := p.HessianPattern()
	if int(start[p.N]) != len(columns) {
		t.Fatalf("%d entries of the Hessian, %d columns", start[p.N], len(columns))
	}
	at(m, p.X0)
	p.Hessian(p.X0, 1, make([]float64, p.M), make([]float64, len(columns)))
	if p.N*len(m.structure.elements) < 1<<16 {
		_, _ = m.Plain(p.X0)
		_, _ = m.CheckDerivatives(p.X0)
	}
}

// TestDamage drops, repeats and cuts cards of the collection at random.
func TestDamage(t *testing.T) {
	r := rng.New(1)
	for _, file := range sharedFiles(t) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		lines := bytes.SplitAfter(text, []byte("\n"))
		for range 40 {
			var damaged []byte
			for _, line := range lines {
				switch r.Below(60) {
				case 0:
				case 1:
					damaged = append(append(damaged, line...), line...)
				case 2:
					damaged = append(damaged, append(line[:r.Below(len(line)+1):len(line)], '\n')...)
				default:
					damaged = append(damaged, line...)
				}
			}
			if r.Below(4) == 0 {
				damaged = damaged[:r.Below(len(damaged)+1)]
			}
			exercise(t, damaged)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{sized, "NAME          T\nROWS\n N  O\nCOLUMNS\n    X         O         1.0\n    M         'MARKER'                 'INTORG'\n    Y         O         2.0\nRHS\nQUADOBJ\n    X         Y         1.0\nENDATA\n"} {
		f.Add([]byte(seed))
	}
	for _, name := range []string{"HS93", "HS71", "ORTHREGB", "BT11", "HS56", "HIMMELBA"} {
		if text, err := os.ReadFile(collection + "/" + name + ".SIF"); err == nil {
			f.Add(text)
		}
	}
	f.Fuzz(exercise)
}

// TestNoAllocation holds that evaluations allocate nothing.
func TestNoAllocation(t *testing.T) {
	m := small(t, "VARIABLES\n    X\n    Y\nGROUPS\n N  O         X         1.0\n E  C\nELEMENT TYPE\n EV PROD      V                        W\nELEMENT USES\n T  E         PROD\n V  E         V                        X\n V  E         W                        Y\nGROUP USES\n E  C         E\nENDATA"+product)
	var p *constrained.Problem = m.Problem
	start, _ := p.HessianPattern()
	x, c, g, j, h, y := []float64{1, 2}, make([]float64, 1), make([]float64, 2), make([]float64, 2), make([]float64, start[2]), []float64{1}
	if n := testing.AllocsPerRun(10, func() {
		x[0]++
		p.Values(x, c)
		p.First(x, c, g, j)
		p.Hessian(x, 1, y, h)
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
