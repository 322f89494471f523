"""Entropic optimal transport at equal certified marginal error, and exact
optimal transport (ot_exact.py).

Ours: `solve ot --json`, seconds = setup_s + solve_s of its report. Peers: see
peers/run_ot.py. An answer counts when `solve check` finds a marginal error
(both marginals, 1-norm, total mass 1) of at most TOL.
"""

import json
import shutil

import numpy as np

import ot_exact
from harness import HERE, median, seconds, table

TOL = 1e-9
EPS_SNS = 1 / 1200

# name, generator and its arguments, ε (the largest cost is 1, or just below)
INSTANCES = [
    ("A500", ["assignment", "--n", 500, "--seed", 0], EPS_SNS),
    ("clouds-1000-1e-3", ["clouds", "--n", 1000, "--cost", "sqeuclidean", "--seed", 1], 1e-3),
    ("clouds-1000-1e-4", ["clouds", "--n", 1000, "--cost", "sqeuclidean", "--seed", 1], 1e-4),
    ("clouds-5000-1e-3", ["clouds", "--n", 5000, "--cost", "sqeuclidean", "--seed", 1], 1e-3),
    ("clouds-5000-1e-4", ["clouds", "--n", 5000, "--cost", "sqeuclidean", "--seed", 1], 1e-4),
    ("ring-bar-28", ["images", "--n", 28, "--pair", "ring-bar", "--cost", "sqeuclidean"], EPS_SNS),
    ("digits-28", ["images", "--n", 28, "--pair", "0-3", "--cost", "sqeuclidean"], EPS_SNS),
    ("ring-bar-64", ["images", "--n", 64, "--pair", "ring-bar", "--cost", "sqeuclidean"], EPS_SNS),
]

# A log-domain sweep costs n·m exponentials where the other variants multiply
# by a stored matrix, for the same number of sweeps: it is tried only where
# they fail.
FALLBACK = "pot-log"
PEERS = ["pot-knopp", "pot-stabilized", "regot-ssns", "regot-splr", "ott-jax"]
POT = {"pot-knopp", "pot-stabilized", "pot-log"}


class Instance:
    """Files of one problem, as both `solve` and the peers read them."""

    def __init__(self, bench, name, generator, reg):
        self.name, self.reg = name, reg
        self.folder = bench.work / "-".join(str(g).lstrip("-") for g in generator)
        if not (self.folder / "cost.npy").exists():
            bench.ours("gen", *generator, "--to", "npy", "-o", f"{self.folder}/", "-q")
        self.files = ["--cost", self.folder / "cost.npy"]
        if generator[0] == "images":  # the other problems have uniform masses
            for side in ("a", "b"):
                image = self.folder / f"{side}.npy"
                np.save(image, np.load(image).reshape(-1, 1))
                self.files += [f"--{side}", image]

    def problem(self):
        return [*self.files, "--reg", repr(self.reg)]


def run(bench):
    for name, generator, reg in INSTANCES:
        if bench.only and name not in bench.only:
            continue
        print(name, flush=True)
        instance = Instance(bench, name, generator, reg)
        programs = {"solve": Ours(bench, instance)}
        for peer in PEERS:
            programs[peer] = Peer(bench, instance, peer)
        if not any(programs[p].reached for p in POT & programs.keys()):
            programs[FALLBACK] = Peer(bench, instance, FALLBACK)
        for repetition in range(bench.repetitions):
            for program in programs.values():
                if repetition < program.repetitions:
                    program.time()
        for program in programs.values():
            bench.record(instance=name, reg=reg, **program.summary())
    ot_exact.run(bench)


class Program:
    """Collects the timings of one program on one instance."""

    def __init__(self, bench, instance):
        self.bench, self.instance = bench, instance
        self.solve_s, self.whole_s, self.cpu_s = [], [], []
        self.out = bench.work / "answers" / instance.name / self.name
        shutil.rmtree(self.out, ignore_errors=True)
        self.out.mkdir(parents=True)

    def add(self, run, solve_s, judging_s=0):
        self.solve_s.append(solve_s)
        self.whole_s.append(run.wall - judging_s)
        self.cpu_s.append(run.cpu)

    def summary(self):
        return {
            "program": self.name,
            "version": self.version,
            "reached": self.reached,
            "stopping_tol": self.tol,
            "iterations": self.iterations,
            "cap_s": self.bench.cap,
            "certificates": self.certificates,
            "solve_s": self.solve_s,
            "whole_s": self.whole_s,
            "cpu_s": self.cpu_s,
        }

    def check(self):
        """The certificates that `solve check` finds for the files in out."""
        answer = []
        for part, names in {"plan": ["plan.npy", "plan.mtx"], "potentials": ["potentials.npy", "potentials.csv"]}.items():
            for name in names:
                if (self.out / name).exists():
                    answer += ["--answer", f"{part}={self.out / name}"]
        done = self.bench.ours("check", "ot", *self.instance.problem(), *answer, "--tol", TOL, "--json", codes=(0, 3, 7))
        shutil.rmtree(self.out)
        if done.code == 3:  # not finite
            return {}
        return {c["name"]: float(c["value"]) for c in done.json()["certificates"]}


class Ours(Program):
    name = "solve"

    def __init__(self, bench, instance):
        super().__init__(bench, instance)
        self.command = ["ot", *instance.problem(), "--tol", TOL, "--threads", bench.threads, "--json"]
        report = bench.ours(*self.command, "-o", f"{self.out}/", codes=(0, 4)).json()
        self.version, self.iterations = report["version"], report["stats"]["passes"]
        self.certificates = self.check()
        self.reached = self.certificates["marginal_error"] <= TOL
        self.repetitions = bench.repetitions
        self.tol = TOL

    def time(self):
        done = self.bench.ours(*self.command, codes=(0, 4))
        stats = done.json()["stats"]
        self.add(done, stats["setup_s"] + stats["solve_s"])


class Peer(Program):
    def __init__(self, bench, instance, name):
        self.name = name
        super().__init__(bench, instance)
        self.command = [bench.python, HERE / "peers" / "run_ot.py", name, *instance.problem()]
        calibrating = ["--tol", TOL, "--cap", bench.cap, "--out", self.out]
        done = bench.run(self.command + calibrating, timeout=10 * bench.cap + 60)
        found = done.json() if done.code == 0 else None
        if found is None:  # crashed, or hung beyond its iteration limit
            self.version, self.iterations, self.certificates, self.tol = "", None, {}, None
            self.reached, self.repetitions = False, 0
            print("   ", name, "failed:", done.code, done.errors.strip()[-300:], flush=True)
            return
        self.version, self.iterations = found["version"], found["iterations"]
        self.certificates = self.check()
        self.reached = self.certificates["marginal_error"] <= TOL
        self.tol = found["peer_tol"]
        self.stop = ["--peer-tol", repr(found["peer_tol"]), "--max-iter", found["max_iter"]]
        # One timing of what takes a minute, none of what missed the tolerance.
        self.repetitions = max(1, min(bench.repetitions, int(60 / found["seconds"]))) if self.reached else 0
        print("   ", json.dumps(found), flush=True)

    def time(self):
        done = self.bench.run(self.command + self.stop, timeout=10 * self.bench.cap + 60)
        found = done.json()
        if found["reached"]:  # with several threads some peers differ from run to run
            self.add(done, found["seconds"], found["judging_s"])


def render(records):
    exact = [r for r in records if r.get("exact")]
    entropic = [r for r in records if not r.get("exact")]
    parts = [render_entropic(entropic)] if entropic else []
    return "\n\n".join(parts + ([ot_exact.render(exact)] if exact else []))


def render_entropic(records):
    instances = list(dict.fromkeys(r["instance"] for r in records))
    summary, details = [], []
    for name in instances:
        rows = {r["program"]: r for r in records if r["instance"] == name}
        ours = rows.pop("solve")
        summary.append(summary_row(name, ours, rows))
        details += [detail_row(name, ours, r) for r in [ours, *rows.values()]]
    return "\n\n".join(
        [
            "## Entropic optimal transport",
            f"Median seconds of the solve alone, to a marginal error (‖P1−a‖₁ + ‖Pᵀ1−b‖₁) of {TOL:g} as `solve check` "
            "measures it; in brackets how many times `solve` is faster. Each peer stops at the loosest tolerance of its own "
            "that reaches this error; finding it is not timed. POT is the fastest of its Sinkhorn variants that get there.",
            table(["instance", "ε", "solve", "POT", "regot SSNS", "regot SPLR", "ott-jax"], summary),
            "All programs. Whole process: start, imports, reading, compiling, solving (ours also certifies); `iterations` are passes over "
            "the cost for `solve`, the peers' own count otherwise.",
            table(
                ["instance", "program", "iterations", "solve s: median (min)", "whole s", "CPU s", "marginal error", "ratio solve", "ratio whole"],
                details,
            ),
        ]
    )


def summary_row(name, ours, peers):
    def cell(row):
        if row is None or not row["solve_s"]:
            return capped(row, ours) if row and row["certificates"] else "failed"
        return f"{seconds(median(row['solve_s']))} ({ratio(row, ours, 'solve_s')})"

    pot = [peers[p] for p in POT & peers.keys()]
    converged = [r for r in pot if r["solve_s"]]
    best = min(converged, key=lambda r: median(r["solve_s"])) if converged else min(pot, key=error_value)
    variant = best["program"].removeprefix("pot-")
    return [
        name,
        f"{ours['reg']:.3g}",
        cell_ours(ours),
        f"{cell(best)} {variant}",
        cell(peers.get("regot-ssns")),
        cell(peers.get("regot-splr")),
        cell(peers.get("ott-jax")),
    ]


def capped(row, ours):
    """A peer that missed the error within its seconds: how many times faster we are at least."""
    return f"> {row['cap_s']:.0f} (> {row['cap_s'] / median(ours['solve_s']):.3g}×; error {error(row)})"


def cell_ours(row):
    return seconds(median(row["solve_s"])) + ("" if row["reached"] else f" ({error(row)})")


def detail_row(name, ours, row):
    if not row["solve_s"]:
        timing = ["> cap" if row["certificates"] else "failed", "", ""]
    else:
        timing = [
            f"{seconds(median(row['solve_s']))} ({seconds(min(row['solve_s']))})",
            seconds(median(row["whole_s"])),
            seconds(median(row["cpu_s"])),
        ]
    ratios = ["", ""] if row is ours or not row["solve_s"] else [ratio(row, ours, "solve_s"), ratio(row, ours, "whole_s")]
    return [name, f"{row['program']} {row['version']}", str(row["iterations"] or ""), *timing, error(row), *ratios]


def ratio(row, ours, what):
    return f"{median(row[what]) / median(ours[what]):.3g}×"


def error_value(row):
    return row["certificates"].get("marginal_error", float("inf"))


def error(row):
    return f"{error_value(row):.1e}"
