"""Linear systems to a true relative residual of 1e-8.

Ours: `solve linsys --json`, seconds = setup_s + solve_s of its report. Peers:
see peers/run_linsys.py. An answer counts when `solve check` finds a relative
residual of at most TOL; a peer whose own measure is met too early gets a
tighter tolerance, which is not timed.

Real matrices are read from the folder BENCH_LINSYS_DATA, where there is one.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np

from harness import HERE, median, seconds, table

sys.path.insert(0, str(HERE / "peers"))
from run_linsys import petsc_path  # noqa: E402

TOL = 1e-8

# name, generator and its arguments, peers
PETSC = ["hypre", "petsc-gamg"]
GRID = ["scipy-cg", "pyamg-sa", "pyamg-rs", *PETSC]
FACTOR = ["scipy-cg", "pyamg-sa", "scipy-splu", "eigen-llt", "cholmod"]
GENERAL = ["scipy-splu"]
INSTANCES = [
    ("poisson3d-64", ["poisson3d", "--n", 64], GRID),
    ("poisson3d-100", ["poisson3d", "--n", 100], ["pyamg-sa", "pyamg-rs", *PETSC]),
    ("poisson3d-128", ["poisson3d", "--n", 128], PETSC),
    ("platesx-64", ["obstacles", "--n", 64, "--scene", "platesx"], ["scipy-cg", "pyamg-rs", *PETSC]),
    ("platesx-128", ["obstacles", "--n", 128, "--scene", "platesx"], PETSC),
    ("porous-128", ["obstacles", "--n", 128, "--scene", "porous"], PETSC),
    ("dam-128", ["obstacles", "--n", 128, "--scene", "dam"], PETSC),
    ("poisson2d-512", ["poisson2d", "--n", 512], GRID + ["eigen-llt", "cholmod"]),
    ("poisson2d-1000", ["poisson2d", "--n", 1000], ["pyamg-rs", *PETSC]),
    ("anisotropic-512", ["anisotropic", "--dim", 2, "--n", 512], ["pyamg-rs", *PETSC]),
    ("graph-near-200k", ["random-spd", "--n", 200_000, "--degree", 12], ["scipy-cg", "pyamg-sa", *PETSC, "eigen-llt", "cholmod"]),
    ("graph-any-50k", ["random-spd", "--n", 50_000, "--graph", "any"], ["scipy-cg", "pyamg-sa", *PETSC]),
    ("convection-200", ["convection", "--n", 200], ["scipy-splu"]),
]
# name of the matrix in the data folder, peers
DATA = [
    ("494_bus", FACTOR),
    ("bcsstk01", FACTOR),
    ("bcsstk13", FACTOR),
    ("bcsstk15", FACTOR),
    ("gr_30_30", FACTOR),
    ("mesh1e1", FACTOR),
    ("nos7", FACTOR),
    ("LFAT5", FACTOR),
    ("sherman1", GENERAL),
    ("add32", GENERAL),
    ("memplus", GENERAL),
    ("orsreg_1", GENERAL),
    ("jpwh_991", GENERAL),
    ("pde900", GENERAL),
    ("steam2", GENERAL),
    ("watt_1", GENERAL),
    ("olm1000", GENERAL),
]
# `solve linsys compare` shows how well auto chose, on matrices of so many rows.
REGRET_CAP = "5s"
REGRET_ROWS = 100_000


class Instance:
    """A matrix and a right-hand side in files."""

    def __init__(self, name, matrix, right):
        self.name, self.matrix, self.right = name, matrix, right
        with open(matrix) as f:
            self.rows = int(next(line for line in f if not line.startswith("%")).split()[0])


def generated(bench, name, generator):
    """A generated matrix and standard normal numbers."""
    folder = bench.work / name
    folder.mkdir(exist_ok=True)
    matrix = folder / "A.mtx"
    if not matrix.exists():
        bench.ours("gen", *generator, "--emit", "A", "-o", matrix, "-q")
    instance = Instance(name, matrix, folder / "b.npy")
    np.save(instance.right, np.random.default_rng(0).standard_normal((instance.rows, 1)))
    return instance


def stored(bench, data, name):
    """The matrix as it is, unpacked, and its right-hand side."""
    folder = bench.work / name
    folder.mkdir(exist_ok=True)
    source = next(p for p in (data / f"{name}.mtx", data / f"{name}.mtx.gz") if p.exists())
    if not (folder / "b.npy").exists():
        bench.ours("convert", source, folder / "A.mtx", "-q")
        bench.ours("convert", data / f"{name}_b.mtx", folder / "b.npy", "-q")
    return Instance(name, folder / "A.mtx", folder / "b.npy")


def direct_program(bench):
    """Eigen and CHOLMOD, compiled; None without a compiler or the libraries."""
    out = bench.work / "direct"
    source = HERE / "peers" / "direct.cpp"
    if out.exists() and out.stat().st_mtime > source.stat().st_mtime:
        return out
    command = ["g++", "-O3", "-march=native", source, "-I/usr/include/eigen3", "-I/usr/include/suitesparse", "-lcholmod", "-o", out]
    try:
        done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    except OSError as error:
        print("    no Eigen, no CHOLMOD:", error)
        return None
    if done.returncode != 0:
        print("    no Eigen, no CHOLMOD (libeigen3-dev, libsuitesparse-dev):", done.stderr.strip()[:200])
        return None
    return out


def has_petsc():
    """Whether hypre and GAMG are there."""
    if petsc_path() is None or shutil.which("mpirun") is None:
        print("    no hypre, no GAMG (python3-petsc4py-real and its mpirun)")
        return False
    return True


def run(bench):
    direct, petsc = direct_program(bench), has_petsc()
    data = Path(os.environ.get("BENCH_LINSYS_DATA", ""))
    plan = [(name, peers, lambda name=name, g=g: generated(bench, name, g)) for name, g, peers in INSTANCES]
    if data.name and data.is_dir():
        plan += [(name, peers, lambda name=name: stored(bench, data, name)) for name, peers in DATA]
    for name, peers, make in plan:
        if bench.only and name not in bench.only:
            continue
        print(name, flush=True)
        instance = make()
        programs = [Ours(bench, instance)]
        if "eigen-llt" in peers:
            programs.append(Ours(bench, instance, "cholesky"))
        for peer in peers:
            if (direct or peer not in ("eigen-llt", "cholmod")) and (petsc or peer not in PETSC):
                programs.append(Peer(bench, instance, peer, direct))
        for repetition in range(bench.repetitions):
            for program in programs:
                if repetition < program.repetitions:
                    program.time()
        for program in programs:
            bench.record(instance=name, **program.summary())
        if instance.rows <= REGRET_ROWS:
            bench.record(instance=name, program="compare", methods=regret(bench, instance))


def regret(bench, instance):
    """Seconds of every method on this matrix."""
    done = bench.ours("linsys", "compare", instance.matrix, "--b", instance.right, "--json", "--time-limit", REGRET_CAP, "-q", codes=(0, 4, 6))
    return [
        {"method": m["method"], "precond": m["preconditioner"], "ran": [m.get("ran"), m.get("ran_preconditioner")],
         "outcome": m["outcome"], "seconds": m.get("setup_s", 0) + m.get("solve_s", 0)}
        for m in done.json()["stats"]["methods"]
    ]


class Program:
    """Collects the timings of one program on one instance."""

    def __init__(self, bench, instance):
        self.bench, self.instance = bench, instance
        self.setup_s, self.solve_s, self.whole_s, self.cpu_s = [], [], [], []
        self.facts, self.iterations, self.version = {}, None, ""
        self.out = bench.work / "answers" / instance.name / self.name
        shutil.rmtree(self.out, ignore_errors=True)
        self.out.mkdir(parents=True)

    def add(self, run, setup_s, solve_s):
        self.setup_s.append(setup_s)
        self.solve_s.append(solve_s)
        self.whole_s.append(run.wall)
        self.cpu_s.append(run.cpu)

    def check(self, x):
        done = self.bench.ours("check", "linsys", self.instance.matrix, "--b", self.instance.right, "--answer", f"x={x}",
                               "--tol", TOL, "--json", "-q", codes=(0, 3, 7))
        x.unlink()
        if done.code == 3:
            return float("inf")
        return next(float(c["value"]) for c in done.json()["certificates"] if c["name"] == "relative_residual")

    def summary(self):
        return {"program": self.name, "version": self.version, "reached": self.reached, "iterations": self.iterations,
                "residual": self.residual, "facts": self.facts, "setup_s": self.setup_s, "solve_s": self.solve_s,
                "whole_s": self.whole_s, "cpu_s": self.cpu_s}


class Ours(Program):
    def __init__(self, bench, instance, method="auto"):
        self.name = "solve" if method == "auto" else f"solve-{method}"
        super().__init__(bench, instance)
        self.command = ["linsys", instance.matrix, "--b", instance.right, "--tol", TOL, "--threads", bench.threads, "--method", method, "-o", self.out / "x.npy"]
        report = bench.ours(*self.command, "--json", codes=(0, 4)).json()
        stats = report["stats"]
        self.version, self.iterations = report["version"], stats["iterations"]
        self.facts = {"method": report["method"]["name"], "precond": report["method"]["options"]["preconditioner"],
                      "factor_nnz": stats.get("factor_nnz"), "operator_complexity": stats.get("operator_complexity")}
        self.residual = self.check(self.out / "x.npy")
        self.reached = self.residual <= TOL
        self.repetitions = bench.repetitions

    def time(self):
        done = self.bench.ours(*self.command, "--json", codes=(0, 4))
        stats = done.json()["stats"]
        self.add(done, stats["setup_s"], stats["solve_s"])


class Peer(Program):
    def __init__(self, bench, instance, name, direct):
        self.name = name
        super().__init__(bench, instance)
        tol = TOL
        while True:
            self.command = [bench.python, HERE / "peers" / "run_linsys.py", name, instance.matrix, instance.right,
                            self.out / "x.npy", "--tol", repr(tol), "--direct", direct or ""]
            done = bench.run(self.command, timeout=10 * bench.cap + 60)
            found = done.json() if done.code == 0 else None
            if found is None:
                print("   ", name, "failed:", done.code, done.errors.strip()[-200:], flush=True)
                self.reached, self.residual, self.repetitions = False, float("inf"), 0
                return
            self.residual = self.check(self.out / "x.npy")
            self.reached = self.residual <= TOL
            if self.reached or tol < TOL * 1e-5 or name in ("scipy-splu", "eigen-llt", "cholmod"):
                break
            tol *= 0.3
        self.version, self.iterations = found["version"], found["iterations"]
        self.facts = {k: found[k] for k in ("factor_nnz", "best_s", "operator_complexity") if k in found}
        total = found["setup_s"] + found["solve_s"]
        self.repetitions = max(1, min(bench.repetitions, int(60 / max(total, 1e-3)))) if total < bench.cap else 0

    def time(self):
        done = self.bench.run(self.command, timeout=10 * self.bench.cap + 60)
        found = done.json()
        self.add(done, found["setup_s"], found["solve_s"])
        if "best_s" in found:
            self.facts["best_s"] = min(self.facts["best_s"], found["best_s"])


def total(row):
    return median([s + t for s, t in zip(row["setup_s"], row["solve_s"])])


def render(records):
    instances = list(dict.fromkeys(r["instance"] for r in records))
    peers = [p for p in ("scipy-cg", "pyamg-sa", "pyamg-rs", *PETSC, "scipy-splu", "eigen-llt", "cholmod")
             if any(r["program"] == p for r in records)]
    summary, details, choices, factors = [], [], [], []
    for name in instances:
        rows = {r["program"]: r for r in records if r["instance"] == name}
        compared = rows.pop("compare", None)
        ours = rows.pop("solve")
        cholesky = rows.pop("solve-cholesky", None)
        if cholesky:
            factors.append(factor(name, cholesky, rows, compared))
        method = ours["facts"]["method"] + (f" + {ours['facts']['precond']}" if ours["facts"]["precond"] else "")
        summary.append([name, method, seconds(total(ours)) + ("" if ours["reached"] else " (not solved)"), *(cell(ours, rows.get(p)) for p in peers)])
        details += [detail(name, ours, r) for r in [ours, *([cholesky] if cholesky else []), *rows.values()]]
        if compared:
            choices.append(choice(name, compared["methods"]))
    return "\n\n".join([
        "## Linear systems",
        f"Median seconds of set-up and solve, to a true relative residual of {TOL:g} as `solve check` measures it; in brackets how many "
        "times `solve` is faster. An iterative peer gets the loosest tolerance of its own that reaches this residual; finding it is not timed. "
        "A direct peer whose residual stays above is marked with it. hypre (BoomerAMG) and PETSc's GAMG have no threads: "
        "a process for each.",
        table(["instance", "auto took", "solve", *peers], summary),
        "Sparse Cholesky alone, `solve linsys --method cholesky`: analysis, factorisation and solve. First the only run of a "
        "process, which touches all its memory for the first time, then the best of 50 ms of runs in one process "
        "(`solve linsys compare`; not for more than 100 000 rows).",
        table(["instance", "solve", "Eigen SimplicialLLT", "CHOLMOD", "solve, again", "Eigen, again", "CHOLMOD, again", "entries", "Eigen", "CHOLMOD"], factors),
        "How well auto chose: its seconds against those of the best of all methods that `solve linsys compare` tries, in one process.",
        table(["instance", "auto took", "s", "best", "s", "ratio"], choices),
        "All programs. Whole process: start, imports, reading, solving (ours also certifies and writes).",
        table(["instance", "program", "iterations", "set-up s", "solve s", "whole s", "CPU s", "residual", "entries of the factor", "operator complexity"], details),
    ])


def cell(ours, row):
    if row is None:
        return ""
    if not row["solve_s"]:
        return "failed"
    mark = "" if row["reached"] else f"; {row['residual']:.0e}"
    return f"{seconds(total(row))} ({total(row) / total(ours):.3g}×{mark})"


def factor(name, ours, rows, compared):
    """Our Cholesky factorisation beside those of the peers."""
    peers = [rows.get(peer) for peer in ("eigen-llt", "cholmod")]
    again = next((m["seconds"] for m in (compared or {"methods": []})["methods"]
                  if m["method"] == "cholesky" and m["outcome"] == "solved"), None)
    warm = lambda row: "" if not row or not again or "best_s" not in row["facts"] else f"{seconds(row['facts']['best_s'])} ({row['facts']['best_s'] / again:.3g}×)"
    fill = lambda row: f"{row['facts']['factor_nnz']:.4g}" if row and row["solve_s"] else ""
    return [name, seconds(total(ours)), *(cell(ours, row) for row in peers), seconds(again) if again else "", *map(warm, peers),
            fill(ours), *map(fill, peers)]


def detail(name, ours, row):
    facts = row["facts"]
    timing = ["failed", "", "", ""] if not row["solve_s"] else [seconds(median(row[k])) for k in ("setup_s", "solve_s", "whole_s", "cpu_s")]
    fill, complexity = facts.get("factor_nnz"), facts.get("operator_complexity")
    return [name, f"{row['program']} {row['version']}", str(row["iterations"] or ""), *timing, f"{row['residual']:.1e}",
            f"{fill:.3g}" if fill else "", f"{complexity:.3g}" if complexity else ""]


def choice(name, methods):
    auto = methods[0]
    solved = [m for m in methods if m["outcome"] == "solved"]
    label = lambda m: " + ".join(x for x in m["ran"] if x)
    if not solved:
        return [name, label(auto), "not solved", "", "", ""]
    best = min(solved, key=lambda m: m["seconds"])
    return [name, label(auto), seconds(auto["seconds"]), label(best), seconds(best["seconds"]), f"{auto['seconds'] / best['seconds']:.2f}"]
