package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// pyomoModel solves three models through Pyomo's interface for AMPL's solvers and
// asserts what comes back: values, duals, and how a run without an answer ended.
const pyomoModel = `
import sys
import pyomo.environ as pyo
solver = pyo.SolverFactory('asl:solve-ampl', executable=sys.argv[1])
solver.options['tol'], solver.options['max_iter'] = 1e-9, 200
assert solver.available()

m = pyo.ConcreteModel()
m.x = pyo.Var(range(1, 5), bounds=(1, 5), initialize={1: 1, 2: 5, 3: 5, 4: 1})
m.product = pyo.Constraint(expr=m.x[1] * m.x[2] * m.x[3] * m.x[4] >= 25)
m.sphere = pyo.Constraint(expr=sum(m.x[i] ** 2 for i in m.x) == 40)
m.f = pyo.Objective(expr=m.x[1] * m.x[4] * (m.x[1] + m.x[2] + m.x[3]) + m.x[3])
m.dual = pyo.Suffix(direction=pyo.Suffix.IMPORT)
result = solver.solve(m)
assert result.solver.termination_condition == pyo.TerminationCondition.optimal, result
assert abs(pyo.value(m.f) - 17.0140172891520) < 1e-6, pyo.value(m.f)
for i, want in enumerate([1, 4.742999637, 3.821149979, 1.379408294]):
    assert abs(m.x[i + 1].value - want) < 1e-6, (i, m.x[i + 1].value)
# AMPL's duals are the derivatives of the objective by the right-hand sides.
assert abs(m.dual[m.product] - 0.5522936599) < 1e-6, m.dual[m.product]
assert abs(m.dual[m.sphere] + 0.1614685670) < 1e-6, m.dual[m.sphere]

m = pyo.ConcreteModel()
m.x = pyo.Var(domain=pyo.NonNegativeReals)
m.y = pyo.Var(domain=pyo.NonNegativeReals)
m.a = pyo.Constraint(expr=m.x + m.y <= 4)
m.b = pyo.Constraint(expr=m.x + 3 * m.y <= 7)
m.c = pyo.Constraint(expr=m.x <= 3)
m.f = pyo.Objective(expr=3 * m.x + 2 * m.y, sense=pyo.maximize)
m.dual = pyo.Suffix(direction=pyo.Suffix.IMPORT)
solver.solve(m)
assert abs(pyo.value(m.f) - 11) < 1e-6, pyo.value(m.f)
for row, want in ((m.a, 2), (m.b, 0), (m.c, 1)):
    assert abs(m.dual[row] - want) < 1e-6, (row.name, m.dual[row])

m.d = pyo.Constraint(expr=m.x + m.y >= 5)
result = solver.solve(m, load_solutions=False)
assert result.solver.termination_condition == pyo.TerminationCondition.infeasible, result
print('fine')
`

// Pyomo takes solve-ampl as a solver, where Pyomo is among the peers of the
// benchmarks or of the Python at hand.
func TestPyomo(t *testing.T) {
	python := pythonWith(t, "pyomo.environ")
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), amplName)
	if err := os.Symlink(program, link); err != nil {
		t.Skip(err)
	}
	c := exec.Command(python, "-c", pyomoModel, link)
	c.Dir = t.TempDir()
	if out, err := c.CombinedOutput(); err != nil || !strings.HasSuffix(string(out), "fine\n") {
		t.Errorf("%v\n%s", err, out)
	}
}

// pythonWith is a Python that can import a module; the test is skipped without.
func pythonWith(t *testing.T, module string) string {
	t.Helper()
	venv := os.Getenv("SOLVE_PEERS_VENV")
	if venv == "" {
		if cache, err := os.UserCacheDir(); err == nil {
			venv = filepath.Join(cache, "solve-peers")
		}
	}
	for _, python := range []string{filepath.Join(venv, "bin", "python"), "python3"} {
		if exec.Command(python, "-c", "import "+module).Run() == nil {
			return python
		}
	}
	t.Skipf("no Python with %s: bench/peers/setup.sh installs one", module)
	return ""
}
