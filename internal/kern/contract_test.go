package kern

import (
	"strings"
	"testing"
)

func TestLengthMismatchPanics(t *testing.T) {
	v, w := make([]float64, 3), make([]float64, 4)
	col := make([]int32, 3)
	y := NewSoA(make([]float64, 12), 4, 3)
	calls := map[string]func(){
		"Dot":           func() { Dot(v, w) },
		"Dot2":          func() { Dot2(v, v, w) },
		"Axpy":          func() { Axpy(1, v, w) },
		"Xpby":          func() { Xpby(v, 1, w) },
		"CGUpdate":      func() { CGUpdate(1, v, v, v, w) },
		"AccumRows":     func() { AccumRows(v, v[:1], [][]float64{w}) },
		"SoftThreshold": func() { SoftThreshold(v, w, 1) },
		"Exp":           func() { Exp(v, w) },
		"Log":           func() { Log(v, w) },
		"Logistic":      func() { Logistic(v, w, v, v, v) },
		"LogisticValue": func() { LogisticValue(v, v, w) },
		"Poisson":       func() { Poisson(w, v, v, v, v) },
		"PoissonValue":  func() { PoissonValue(v, w, v) },
		"SquaredError":  func() { SquaredError(v, v, v, w) },
		"BinaryEntropy": func() { BinaryEntropy(v, w) },
		"MaxRow":        func() { MaxRow(v, w, 1) },
		"RowLSE":        func() { RowLSE(v, w, 1) },
		"PlanRow":       func() { PlanRow(v, 0, v, w, 1) },
		"PlanRowSum":    func() { PlanRowSum(0, v, w, 1) },
		"MinUpdate":     func() { MinUpdate(v, w, 1) },
		"MinRow":        func() { MinRow(v, w) },
		"SelectPlan":    func() { SelectPlan(&Selection{Col: col, Val: v}, v, 1, 1, v, 0) },
		"SqDistRow":     func() { SqDistRow(v, v, y, 2) },
		"MaxRowSq":      func() { MaxRowSq(v[:2], y, 0, v, 1) },
		"RowLSESq":      func() { RowLSESq(v, y, -1, v, 1) },
		"PlanRowSq":     func() { PlanRowSq(v, 0, v, y, 0, w, 1) },
		"GatherDot":     func() { GatherDot(col, w, v) },
		"ScatterAxpy":   func() { ScatterAxpy(1, col, w, v) },
		"OctetMV":       func() { OctetMV([]int64{0, 3}, col, v, v, v[:1]) },
		"OctetMTV":      func() { OctetMTV([]int64{0, 1}, nil, nil, v[:1], v) },
		"OctetSquares":  func() { OctetSquares([]int64{0, 1}, nil, nil, v[:2], v) },
		"SpMV":          func() { SpMV([]int64{0, 4}, col, v, v, v[:1]) },
		"SpMTV":         func() { SpMTV([]int64{0, 4}, col, v, v[:1], v) },
		"Gemm":          func() { Gemm(2, 2, 2, 1, v, 2, false, w, 2, false, w, 2, nil) },
		"Syrk":          func() { Syrk(2, 2, 1, w, 2, w, 1, nil) },
		"SqDistTile":    func() { SqDistTile(v, v, 1, v, v, w, 3) },
		"SelectAbsTopK": func() { SelectAbsTopK(nil, v, 1, v) },
		"NewSoA":        func() { NewSoA(v, 2, 2) },
	}
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if s, _ := recover().(string); !strings.HasPrefix(s, "kern: "+name+": ") {
					t.Errorf("panic message %q", s)
				}
			}()
			call()
			t.Error("no panic")
		})
	}
}

func TestNoAllocation(t *testing.T) {
	const n = 700
	g, c, dst, e := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
	rows, weights := [][]float64{g, c, g, c}, []float64{1, 2, 3, 4}
	col, val := make([]int32, n+8), make([]float64, n+8)
	to := newSelection(n)
	y3, y5 := NewSoA(make([]float64, 3*n), n, 3), NewSoA(make([]float64, 5*n), n, 5)
	x3, x5 := make([]float64, 3), make([]float64, 5)
	idx := make([]int, n)
	var work GemmWork
	Gemm(20, 20, 20, 1, g, 20, false, c, 20, false, dst, 20, &work)
	calls := map[string]func(){
		"CGUpdate":      func() { CGUpdate(1, g, c, dst, g) },
		"AccumRows":     func() { AccumRows(dst, weights, rows) },
		"Exp":           func() { Exp(dst, g) },
		"Logistic":      func() { Logistic(dst, e, g, c, c) },
		"Poisson":       func() { Poisson(dst, e, g, c, c) },
		"RowLSE":        func() { RowLSE(g, c, 1) },
		"PlanRow":       func() { PlanRow(dst, 0, g, c, 1) },
		"PlanRowSum":    func() { PlanRowSum(0, g, c, 1) },
		"SelectPlan":    func() { SelectPlan(to, g, 1, 2, c, 0) },
		"RowLSESq 3":    func() { RowLSESq(x3, y3, 0, g, 1) },
		"RowLSESq 5":    func() { RowLSESq(x5, y5, 0, g, 1) },
		"PlanRowSq 3":   func() { PlanRowSq(dst, 0, x3, y3, 0, g, 1) },
		"GatherDot":     func() { GatherDot(col, val, g) },
		"Gemm":          func() { Gemm(20, 20, 20, 1, g, 20, false, c, 20, false, dst, 20, &work) },
		"Syrk":          func() { Syrk(20, 20, 1, g, 20, dst, 20, &work) },
		"SelectAbsTopK": func() { SelectAbsTopK(idx, g, 9, val) },
	}
	withISA(t, func(t *testing.T) {
		for name, call := range calls {
			if a := testing.AllocsPerRun(20, call); a != 0 {
				t.Errorf("%s: %v allocations a call", name, a)
			}
		}
	})
}

func TestName(t *testing.T) {
	withISA(t, func(t *testing.T) {
		if want := t.Name()[strings.LastIndexByte(t.Name(), '/')+1:]; Name() != want {
			t.Errorf("Name()=%q, want %q", Name(), want)
		}
	})
}
