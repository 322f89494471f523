"""Penalised fits and paths at equal certified gap.

Ours: `solve bcd --json`, seconds = solve_s of its report; setup_s, which holds
the conversion to columns that peers are spared and the norms of columns, is
listed beside it. Peers: see peers/run_bcd.py. An answer counts when peers/certify_bcd.py, which is
nobody's solver, finds a relative duality gap (over the objective of w = 0) of
at most the target; of a path, the largest over its λs. A peer gets the
loosest tolerance of its own that reaches the target; finding it is not timed.

Real data are read from the folder BENCH_BCD_DATA, where there is one: a9a,
w8a, rcv1_part1, leukemia_golub_std in LIBSVM format, plain or with .gz.
"""

import gzip
import json
import os
import shutil
import signal
import sys
from pathlib import Path

import numpy as np

from harness import HERE, median, seconds, table

sys.path.insert(0, str(HERE / "peers"))
from certify_bcd import Problem  # noqa: E402
from run_bcd import PEERS, read  # noqa: E402

CORRELATED = ["correlated", "--n", 500, "--p", 5000, "--rho", 0.6, "--k", 100]
TFIDF = ["tfidf", "--n", 20_000, "--p", 50_000]

# The λs of a path are 100 in geometric progression from λ_max to λ_max/100;
# of a single fit λ_max over the number.
PATH = "path"
LASSO = {"loss": "squared", "penalty": "l1"}
GROUP = {"loss": "squared", "penalty": "group", "group": 10}
LOGISTIC = {"loss": "logistic", "penalty": "l1"}
POISSON = {"loss": "poisson", "penalty": "l1"}
SVM = {"loss": "sqhinge", "penalty": "l2"}

# name, source, problem, λ, targets
INSTANCES = [
    ("correlated-path", CORRELATED, LASSO, PATH, [1e-6]),
    ("correlated-10", CORRELATED, LASSO, 10, [1e-10]),
    ("correlated-100", CORRELATED, LASSO, 100, [1e-10]),
    ("correlated-group-10", CORRELATED, GROUP, 10, [1e-6, 1e-10]),
    ("correlated-poisson-10", CORRELATED, POISSON, 10, [1e-6, 1e-10]),
    ("tfidf-path", TFIDF, LASSO, PATH, [1e-6]),
    ("tfidf-10", TFIDF, LASSO, 10, [1e-10]),
    ("tfidf-100", TFIDF, LASSO, 100, [1e-10]),
    ("leukemia-path", "leukemia_golub_std", LASSO, PATH, [1e-6]),
    ("a9a-10", "a9a", LOGISTIC, 10, [1e-6, 1e-10]),
    ("a9a-50", "a9a", LOGISTIC, 50, [1e-6, 1e-10]),
    ("w8a-10", "w8a", LOGISTIC, 10, [1e-6, 1e-10]),
    ("w8a-50", "w8a", LOGISTIC, 50, [1e-6, 1e-10]),
    ("rcv1-10", "rcv1_part1", LOGISTIC, 10, [1e-6, 1e-10]),
    ("rcv1-50", "rcv1_part1", LOGISTIC, 50, [1e-6, 1e-10]),
    ("a9a-svm", "a9a", SVM, 1000, [1e-6]),
]
# Left out where one fit takes minutes, or more memory than the machine has.
SKIP = {
    ("sklearn", "tfidf-path"): "minutes",
    ("skglm", "tfidf-path"): "minutes",
    ("glum", "rcv1-10"): "a dense Hessian of all columns",
    ("glum", "rcv1-50"): "a dense Hessian of all columns",
    ("glum", "correlated-poisson-10"): "minutes",
}


class Instance:
    """The files of one problem and its λs."""

    def __init__(self, bench, name, source, kind, lam):
        self.name, self.kind = name, kind
        self.files = stored(bench, source) if isinstance(source, str) else generated(bench, source, kind["loss"])
        X, y = read(self.files)
        self.problem = Problem(X, y, **kind)
        top = self.problem.lambda_max()
        self.lambdas = np.geomspace(top, top / 100, 100) if lam == PATH else np.array([top / lam])
        self.description = bench.work / f"{name}.json"
        self.describe(self.lambdas)

    def describe(self, lambdas):
        """Says what peers have to solve."""
        self.lambdas = np.asarray(lambdas, dtype=float)
        self.description.write_text(json.dumps({**self.files, **self.kind, "lambdas": list(self.lambdas)}))

    @property
    def is_path(self):
        return len(self.lambdas) > 1

    @property
    def peers(self):
        """Those that have this fit."""
        fit = "path" if self.is_path else f"{self.kind['loss']}-{self.kind['penalty']}"
        asked = os.environ.get("BENCH_PEERS", "")
        return [p for p, (_, fits) in PEERS.items()
                if fit in fits and (p, self.name) not in SKIP and (not asked or p in asked.split(","))]

    def flags(self, bench):
        """The same problem on our command line."""
        out = ["--data", self.files["data"]] if "data" in self.files else ["--A", self.files["A"], "--y", self.files["y"]]
        out += ["--loss", self.kind["loss"]]
        if self.kind["penalty"] == "group":
            groups = bench.work / f"{self.name}-groups.csv"
            groups.write_text("".join(f"{1 + j // self.kind['group']}\n" for j in range(self.problem.p)))
            return out + ["--penalty", "group", "--groups", groups]
        if self.kind["penalty"] == "l2":
            return out + ["--penalty", "enet", "--alpha", 0]
        return out + ["--penalty", "l1"]


def generated(bench, generator, loss):
    folder = bench.work / "-".join(str(g).lstrip("-") for g in generator)
    sparse = generator is TFIDF
    if not list(folder.glob("y.*")):
        bench.ours("gen", *generator, *([] if sparse else ["--to", "npy"]), "-o", f"{folder}/", "-q")
    kind = ("mtx", "csv") if sparse else ("npy", "npy")
    files = {"A": str(folder / f"A.{kind[0]}"), "y": str(folder / f"y.{kind[1]}")}
    if loss == "poisson":
        files["y"] = str(counts(folder, files))
    return files


def counts(folder, files):
    """Poisson counts around exp(½ + 0.7 Aw / sd(Aw))."""
    A, _ = read(files)
    eta = A @ np.load(folder / "w.npy").ravel()
    y = np.random.default_rng(0).poisson(np.exp(0.5 + 0.7 * eta / eta.std()))
    np.save(folder / "counts.npy", y.astype(float).reshape(-1, 1))
    return folder / "counts.npy"


def data_folder():
    folder = os.environ.get("BENCH_BCD_DATA", "")
    return Path(folder) if folder and Path(folder).is_dir() else None


def stored(bench, name):
    """The file, unpacked."""
    plain = bench.work / f"{name}.svm"
    if not plain.exists():
        source = data_folder() / name
        if not source.exists():
            source = source.with_name(f"{name}.gz")
        with (gzip.open(source) if source.suffix == ".gz" else open(source, "rb")) as packed, open(plain, "wb") as out:
            shutil.copyfileobj(packed, out)
    return {"data": str(plain)}


def run(bench):
    for name, source, kind, lam, targets in INSTANCES:
        if bench.only and name not in bench.only or isinstance(source, str) and not data_folder():
            continue
        print(name, flush=True)
        instance = Instance(bench, name, source, kind, lam)
        for target in targets:
            compare(bench, instance, target)


def compare(bench, instance, target):
    # Ours goes first: where it ends a path early, peers end it there too.
    programs = [Ours(bench, instance, target)]
    programs += [Peer(bench, instance, target, peer) for peer in instance.peers]
    for repetition in range(bench.repetitions):
        for program in programs:
            if repetition < program.repetitions:
                program.time()
    for program in programs:
        bench.record(instance=instance.name, target=target, lambdas=len(instance.lambdas), **program.summary())


class Program:
    """Collects the timings of one program on one instance."""

    def __init__(self, bench, instance, target):
        self.bench, self.instance, self.target = bench, instance, target
        self.setup_s, self.solve_s, self.whole_s, self.cpu_s = [], [], [], []
        self.version, self.tol, self.gap, self.support, self.reached, self.repetitions = "", None, float("inf"), None, False, 0
        self.out = bench.work / "answers" / f"{instance.name}-{target:g}" / self.name
        shutil.rmtree(self.out, ignore_errors=True)
        self.out.mkdir(parents=True)

    def judge(self, coefficients):
        self.support = int(np.count_nonzero(coefficients[:, -1]))
        self.gap = self.instance.problem.worst_gap(coefficients, self.instance.lambdas)
        self.reached = self.gap <= self.target

    def add(self, run, solve_s):
        self.solve_s.append(solve_s)
        self.whole_s.append(run.wall)
        self.cpu_s.append(run.cpu)

    def summary(self):
        return {"program": self.name, "version": self.version, "reached": self.reached, "stopping_tol": self.tol,
                "gap": self.gap if np.isfinite(self.gap) else "inf", "support": self.support,
                "setup_s": self.setup_s, "solve_s": self.solve_s, "whole_s": self.whole_s, "cpu_s": self.cpu_s}


class Ours(Program):
    name = "solve"

    def __init__(self, bench, instance, target):
        super().__init__(bench, instance, target)
        if instance.is_path:
            grid = bench.work / f"{instance.name}-lambdas.csv"
            grid.write_text("".join(f"{lam!r}\n" for lam in map(float, instance.lambdas)))
            self.command = ["bcd", "path", "--lambdas", grid]
        else:
            self.command = ["bcd", "--lambda", repr(float(instance.lambdas[0]))]
        self.command += [*instance.flags(bench), "--tol", target, "--threads", bench.threads, "-o", f"{self.out}/", "--json"]
        report = bench.ours(*self.command, codes=(0, 4)).json()
        self.version, self.tol = report["version"], target
        if instance.is_path:
            instance.describe([point["lambda"] for point in report["stats"]["points"]])
            self.judge(self.path_coefficients())
        else:
            self.judge(np.loadtxt(self.out / "w.csv").reshape(-1, 1))
        self.repetitions = bench.repetitions

    def path_coefficients(self):
        """A column for each λ, from lines feature,lambda,value."""
        rows = np.loadtxt(self.out / "path.csv", delimiter=",", skiprows=1, ndmin=2)
        column = {lam: k for k, lam in enumerate(self.instance.lambdas)}
        w = np.zeros((self.instance.problem.p, len(column)))
        w[rows[:, 0].astype(int) - 1, [column[lam] for lam in rows[:, 1]]] = rows[:, 2]
        return w

    def time(self):
        done = self.bench.ours(*self.command, codes=(0, 4))
        stats = done.json()["stats"]
        self.setup_s.append(stats["setup_s"])
        self.add(done, stats["solve_s"])


class Peer(Program):
    def __init__(self, bench, instance, target, name):
        self.name = name
        super().__init__(bench, instance, target)
        found = self.call("--target", target)
        if found is None:
            return
        self.version, self.tol = found["version"], found["tol"]
        self.judge(np.load(self.out / "w.npy"))
        # Starting and compiling come again with each repetition.
        once = self.last.wall - sum(f["solve_s"] for f in found["fits"]) + found["solve_s"]
        self.repetitions = max(1, min(bench.repetitions, int(60 / once)))

    def call(self, *how):
        """One run of the peer; None where it failed or took too long."""
        command = [self.bench.python, HERE / "peers" / "run_bcd.py", self.name, self.instance.description, self.out / "w.npy",
                   *how, "--cap", self.bench.cap]
        self.last = self.bench.run(command, timeout=10 * self.bench.cap + 60)
        found = self.last.json() if self.last.code in (0, -signal.SIGALRM) else None
        if found is None:
            print("   ", self.name, "failed:", self.last.code, self.last.errors.strip()[-200:], flush=True)
        return found

    def time(self):
        found = self.call("--tol", repr(self.tol))
        if found is not None:
            self.add(self.last, found["solve_s"])


def render(records):
    cases = list(dict.fromkeys((r["instance"], r["target"]) for r in records))
    peers = [p for p in PEERS if any(r["program"] == p for r in records)]
    summary, details = [], []
    for name, target in cases:
        rows = {r["program"]: r for r in records if (r["instance"], r["target"]) == (name, target)}
        ours = rows.pop("solve")
        mark = "" if ours["reached"] else f" (gap {float(ours['gap']):.0e})"
        summary.append([name, f"{target:g}", seconds(median(ours["solve_s"])) + mark, *(cell(ours, rows.get(p)) for p in peers)])
        details += [detail(name, target, r) for r in [ours, *rows.values()]]
    return "\n\n".join([
        "## Penalised fits and paths",
        "Median seconds to a relative duality gap of the target, recomputed for every program by bench/peers/certify_bcd.py from its "
        "coefficients; in brackets how many times `solve` is faster. `-path`: a lasso path of 100 λs from λ_max to λ_max/100, the largest "
        "gap counts; the other numbers: λ = λ_max over it. A peer gets the loosest tolerance of its own that reaches the target "
        "(a ladder of factors √10); finding it is not timed, nor are compilation and the conversion of the data to each program's own form "
        "(for `solve`: set-up in the last table). A peer that does not get there is marked with its gap.",
        table(["instance", "target", "solve", *peers], summary),
        "Left out: " + "; ".join(f"{peer} on {name} ({why})" for (peer, name), why in SKIP.items()) + ".",
        "All programs. Whole process: start, imports, reading, compiling, solving (ours also certifies and writes).",
        table(["instance", "target", "program", "its tolerance", "gap", "non-zeros", "set-up s", "solve s", "whole s", "CPU s"], details),
    ])


def cell(ours, row):
    if row is None:
        return ""
    if not row["solve_s"]:
        return "failed"
    ratio = median(row["solve_s"]) / median(ours["solve_s"])
    mark = "" if row["reached"] else f"; {float(row['gap']):.0e}"
    return f"{seconds(median(row['solve_s']))} ({ratio:.3g}×{mark})"


def detail(name, target, row):
    timing = [seconds(median(row[k])) if row[k] else "" for k in ("setup_s", "solve_s", "whole_s", "cpu_s")]
    tol = "" if row["stopping_tol"] is None else f"{row['stopping_tol']:.2g}"
    return [name, f"{target:g}", f"{row['program']} {row['version']}", tol, f"{float(row['gap']):.1e}", str(row["support"] or ""), *timing]
