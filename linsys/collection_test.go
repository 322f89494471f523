package linsys

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"solve/matrix"
	"solve/matrix/matio"
	"solve/solver"
)

const collection = "../../shared/data/linsys"

// answer is what is known of a matrix of the collection.
type answer struct {
	Rows, Cols int
	Kind       string
	SPD        bool
	Cond1      float64 `json:"cond1_est"`
}

func answers(t *testing.T) map[string]answer {
	b, err := os.ReadFile(filepath.Join(collection, "answers.json"))
	if err != nil {
		t.Skipf("the matrices with known answers are not here: %v", err)
	}
	var out map[string]answer
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func collected(t *testing.T, name string) *matrix.CSR {
	t.Helper()
	for _, end := range []string{".mtx", ".mtx.gz"} {
		path := filepath.Join(collection, name+end)
		if _, err := os.Stat(path); err == nil {
			return readMatrix(t, path)
		}
	}
	t.Fatalf("no %s in %s", name, collection)
	return nil
}

func readMatrix(t *testing.T, path string) *matrix.CSR {
	t.Helper()
	f, err := matio.ReadFile(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	a, err := f.AsCSR()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func readVector(t *testing.T, path string) []float64 {
	t.Helper()
	f, err := matio.ReadFile(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	v, err := f.Vector()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// Every matrix of the collection is solved to 1e-8, and what the exact answer
// and the condition number let one expect of x is met.
func TestCollection(t *testing.T) {
	for name, want := range answers(t) {
		if want.Kind == "structurally singular" || name == "zenios" || name == "bcspwr06_lap" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			a := collected(t, name)
			b, exact := readVector(t, filepath.Join(collection, name+"_b.mtx")), readVector(t, filepath.Join(collection, name+"_x.mtx"))
			res, err := Solve(t.Context(), &Problem{A: a, B: oneColumn(b)}, nil)
			if err != nil {
				t.Fatalf("%v (method %s, left %v)", err, res.Method, res.Fallbacks)
			}
			checkTrueResidual(t, a, res, b)
			if want.Cond1 == 0 {
				return
			}
			d, size := 0.0, 0.0
			for i, x := range exact {
				d, size = max(d, math.Abs(res.X.Data[i]-x)), max(size, math.Abs(x))
			}
			if limit := want.Cond1 * (1e-8 + 1e-13); d > limit*size {
				t.Errorf("error %.2g of x with condition %.2g (%s %s)", d/size, want.Cond1, res.Method, res.Preconditioner)
			}
			if k := res.Stats.ConditionEstimate; res.Method != CG && k > 0 && (k > 3*want.Cond1 || k < want.Cond1/10) && want.Cond1 < 1e12 {
				t.Errorf("condition estimate %.3g, want about %.3g", k, want.Cond1)
			}
		})
	}
}

// checkTrueResidual recomputes the residual in the test's own words.
func checkTrueResidual(t *testing.T, a *matrix.CSR, res *Result, b []float64) {
	t.Helper()
	r := append([]float64(nil), b...)
	a.DoNonZero(func(i, j int, v float64) { r[i] -= v * res.X.Data[j] })
	s := 0.0
	for _, v := range r {
		s = math.Hypot(s, v)
	}
	size := 0.0
	for _, v := range b {
		size = math.Hypot(size, v)
	}
	rho := s / size
	if a.Rows != a.Cols {
		g := make([]float64, a.Cols)
		fro := 0.0
		a.DoNonZero(func(i, j int, v float64) { g[j] += v * r[i]; fro = math.Hypot(fro, v) })
		opt := 0.0
		for _, v := range g {
			opt = math.Hypot(opt, v)
		}
		if !(opt <= 1.001e-8*fro*s) {
			t.Errorf("optimality %.3g", opt/(fro*s))
		}
		return
	}
	if !(rho <= 1.001e-8) {
		t.Errorf("true residual %.3g (%s %s)", rho, res.Method, res.Preconditioner)
	}
}

func oneColumn(v []float64) *matrix.Dense {
	return &matrix.Dense{Rows: len(v), Cols: 1, Data: v}
}

func TestStructurallySingular(t *testing.T) {
	if answers(t) == nil {
		return
	}
	a := collected(t, "zenios")
	b := make([]float64, a.Rows)
	b[0] = 1
	res, err := Solve(t.Context(), &Problem{A: a, B: oneColumn(b)}, nil)
	if err == nil || res == nil || res.Status == solver.Solved {
		t.Fatalf("zenios: %v, %v", res, err)
	}
	if !errors.Is(err, solver.ErrSingular) && !errors.Is(err, solver.ErrInfeasible) {
		t.Errorf("zenios: %v", err)
	}
}

// Effective resistances of a power network: the potential difference that a
// unit current makes.
func TestLaplacian(t *testing.T) {
	if answers(t) == nil {
		return
	}
	a := collected(t, "bcspwr06_lap")
	b := make([]float64, a.Rows)
	b[3], b[700] = 1, -1
	res, err := Solve(t.Context(), &Problem{A: a, B: oneColumn(b)}, &Options{Settings: solver.Settings{Tol: 1e-10}})
	if err != nil {
		t.Fatalf("%v (%v)", err, res.Fallbacks)
	}
	sum := 0.0
	for _, v := range res.X.Data {
		sum += v
	}
	if math.Abs(sum) > 1e-6 {
		t.Errorf("x is not orthogonal to the constants: its sum is %g", sum)
	}
	b[3] = 2
	if res, err = Solve(t.Context(), &Problem{A: a, B: oneColumn(b)}, nil); !errors.Is(err, solver.ErrInfeasible) || res.NullVector == nil {
		t.Errorf("an inconsistent right-hand side: %v", err)
	}
}

func TestMethodsOnCollection(t *testing.T) {
	if testing.Short() {
		t.Skip("minutes under the race detector")
	}
	all := answers(t)
	for _, c := range []struct {
		name, method, preconditioner string
	}{
		{"gr_30_30", CG, None}, {"gr_30_30", CG, SSOR}, {"gr_30_30", CG, MIC0}, {"gr_30_30", CG, ICT}, {"gr_30_30", CG, Cheb},
		{"gr_30_30", CG, SAAMG}, {"gr_30_30", CG, RSAMG}, {"gr_30_30", FCG, IC0}, {"gr_30_30", MINRES, Jacobi}, {"gr_30_30", DPCG, ""},
		{"nos7", CG, IC0}, {"nos7", Cholesky, ""}, {"bcsstk15", Cholesky, ""}, {"bcsstk01", LDLT, ""}, {"sherman1", MINRES, Jacobi}, {"sherman1", LDLT, ""},
		{"orsreg_1", GMRES, ILU0}, {"orsreg_1", BiCGSTAB, ILUT}, {"jpwh_991", LU, ""}, {"pde900", GMRES, ILUT}, {"well1033", LSQR, ""}, {"ash219", LSMR, ""},
	} {
		if _, ok := all[c.name]; !ok {
			t.Fatalf("no %s", c.name)
		}
		a := collected(t, c.name)
		b := readVector(t, filepath.Join(collection, c.name+"_b.mtx"))
		res, err := Solve(t.Context(), &Problem{A: a, B: oneColumn(b)}, &Options{Method: c.method, Preconditioner: c.preconditioner})
		if err != nil {
			t.Errorf("%s by %s with %s: %v", c.name, c.method, c.preconditioner, err)
			continue
		}
		checkTrueResidual(t, a, res, b)
		if res.Method != c.method || (c.preconditioner != "" && res.Preconditioner != c.preconditioner) {
			t.Errorf("%s: asked for %s %s, got %s %s", c.name, c.method, c.preconditioner, res.Method, res.Preconditioner)
		}
	}
}

func TestRegistries(t *testing.T) {
	for _, list := range [][]solver.Method{Methods(), Preconditioners()} {
		for _, m := range list {
			if m.Name == "" || m.Summary == "" {
				t.Errorf("%+v", m)
			}
		}
	}
	if !slices.Contains(methodNames(), Auto) {
		t.Error("no auto")
	}
}
