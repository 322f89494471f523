"""Nonlinear programs, from the start point of the file to a verified KKT point.

Ours: `solve constrained --json`, seconds = setup_s + solve_s of its report.
Peers: see peers/run_constrained.py; they read what `solve constrained --dump-nl`
writes. Every answer, with its multipliers, is judged by `solve check
constrained`. SciPy's methods leave the multipliers out: theirs are estimated
from the active limits.

SIF files are read from the folder BENCH_CONSTRAINED_DATA, with the best known
objectives in its index.csv, where there is one; otherwise from testdata.
"""

import csv
import os
import shutil
from pathlib import Path

from harness import HERE, median, seconds, table

TOL, LOOSE = 1e-8, 1e-6
# The methods of the paper's comparison, at its tolerance.
PAPER = [("galm", "direct"), ("galm", "rk"), ("galm", "gv"), ("l1adap", None), ("l1", None), ("al", None)]
PAPER_TOL = 1e-4
PEERS = ["ipopt", "slsqp", "trust-constr"]
# The 47 problems of the paper.
PAPER_SET = """HS6 BT5 BT9 HS28 BT10 HIMMELBA BT12 HS40 BT3 BT6 BT11 HS7 GENHS28 HS51 SINVALNE BOOTH HS52 HS47
WAYSEA1NE HS48 HS50 RSNBRNE CUBENE HS77 MWRIGHT ZANGWIL3 TRIGON1NE BA-L1SP HS78 HS56 HELIXNE HS42 HS79 ORTHREGB
HS100LNP GOTTFR HIMMELBE MOREBVNE WAYSEA2NE DENSCHNCNE DENSCHNFNE HIMMELBC PRICE4NE INTEQNE BA-L1 MANCINONE BT2""".split()
CONTROL = [50, 100, 200]  # sides of the grid of the control problem
REGRESSION = ["1000,50,2", "200,20,1"]
CAP = 60


def run(bench):
    folder = Path(os.environ.get("BENCH_CONSTRAINED_DATA") or HERE.parent / "testdata")
    known = {}
    if (folder / "index.csv").exists():
        with open(folder / "index.csv", newline="") as f:
            known = {row["name"]: row["f_star"] for row in csv.DictReader(f)}
    for path in sorted(folder.glob("*.SIF")):
        if bench.only and path.stem not in bench.only:
            continue
        model = bench.work / f"{path.stem}.nl"
        bench.ours("constrained", path, "--dump-nl", model, "-q")
        best = float(known[path.stem]) if known.get(path.stem) else None
        for method in ("auto", "ipm"):
            ours(bench, path.stem, path, ["--method", method], f"solve {method}", TOL, best)
        for peer in PEERS:
            theirs(bench, path.stem, path, model, peer, best)
        if path.stem in PAPER_SET:
            for method, inner in PAPER:
                flags = ["--method", method] + (["--inner", inner] if inner else [])
                ours(bench, path.stem, path, flags, "/".join(filter(None, (method, inner))), PAPER_TOL, best)
    for spec in [f"pde:{n}" for n in CONTROL] + [f"logreg:{r}" for r in REGRESSION]:
        if bench.only and spec not in bench.only:
            continue
        ours(bench, spec, None, ["--gen", spec], "solve auto", TOL, None)


def ours(bench, name, path, flags, program, tol, best):
    out = bench.work / "answer"
    shutil.rmtree(out, ignore_errors=True)
    source = [path] if path else []
    command = ["constrained", *source, *flags, "--tol", tol, "--threads", bench.threads, "--time-limit", f"{CAP}s", "-q"]
    stats, times = None, []
    for _ in range(bench.repetitions):
        report = bench.ours(*command, "--json", "-o", str(out) + "/", codes=(0, 4, 5, 6)).json()
        stats = report["stats"]
        times.append(stats["setup_s"] + stats["solve_s"])
        if sum(times) > CAP / 3:
            break
    judged = judge(bench, source or flags, out / "x.csv", out / "multipliers.csv", best)
    bench.record(instance=name, program=program, tol=tol, iterations=stats["iterations"], word=report["status"] + ", " + report["reason"],
                 seconds=times, steps=stats.get("sketch_steps", 0), **judged)


def theirs(bench, name, path, model, peer, best):
    x, y = bench.work / "x.npy", bench.work / "y.npy"
    times, found = [], None
    for _ in range(bench.repetitions):
        for file in (x, y):
            file.unlink(missing_ok=True)
        done = bench.run([bench.python, HERE / "peers" / "run_constrained.py", peer, model, x, y, "--tol", TOL, "--cap", CAP], timeout=2 * CAP)
        found = done.json() if done.code == 0 else None
        if found is None:
            break
        times.append(found["setup_s"] + found["solve_s"])
        if sum(times) > CAP / 3:
            break
    if found is None:
        bench.record(instance=name, program=peer, tol=TOL, iterations=None, word=f"failed: {done.errors.strip()[-80:]}", seconds=[], ok=False, loose=False, objective=None, best=False)
        return
    bench.record(instance=name, program=peer, version=found["version"], tol=TOL, iterations=found["iterations"], word=found["word"], seconds=times,
                 **judge(bench, [path], x, y, best))


def judge(bench, source, x, y, best):
    """What `solve check` finds: at TOL, at LOOSE, and whether the objective is the best known."""
    if not x.exists():
        return {"ok": False, "loose": False, "objective": None, "best": False}
    report = bench.ours("check", "constrained", *source, "--answer", f"x={x}", "--answer", f"multipliers={y}", "--tol", TOL, "--json", "-q", codes=(0, 3, 7)).json()
    if not report or not report.get("certificates"):
        return {"ok": False, "loose": False, "objective": None, "best": False}
    ok = {tol: all(float(c["value"]) <= float(c["tol"]) * tol / TOL for c in report["certificates"] if c.get("tol") not in ("nan", None)) for tol in (TOL, LOOSE)}
    value = next((float(c["value"]) for c in report["certificates"] if c["name"] == "objective"), None)
    return {"ok": ok[TOL], "loose": ok[LOOSE], "objective": value,
            "best": best is None or value is not None and value <= best + 1e-6 * max(1, abs(best))}


def render(records):
    names = list(dict.fromkeys(r["instance"] for r in records))
    by = {}
    for r in records:
        by.setdefault(r["program"], {})[r["instance"]] = r
    files = [n for n in names if ":" not in n]
    overall = []
    for program in ("solve auto", "solve ipm", *PEERS):
        rows = [by[program][n] for n in files if n in by.get(program, {})]
        timed = [r for r in rows if r["seconds"]]
        if rows:
            overall.append([program, str(len(rows)), str(sum(r["ok"] for r in rows)), str(sum(r["loose"] for r in rows)),
                            str(sum(r["loose"] and r["best"] for r in rows)), seconds(median([median(r["seconds"]) for r in timed]) if timed else 0),
                            seconds(sum(median(r["seconds"]) for r in timed))])
    paper = []
    for method, inner in PAPER:
        program = "/".join(filter(None, (method, inner)))
        rows = list(by.get(program, {}).values())
        if rows:
            reached = [r for r in rows if r["word"].startswith("solved")]
            paper.append([program, str(len(rows)), str(len(reached)), str(sum(r["iterations"] for r in reached)), str(sum(r.get("steps") or 0 for r in rows)),
                          seconds(sum(median(r["seconds"]) for r in rows if r["seconds"]))])
    details = []
    for n in files:
        row = [n]
        for program in ("solve auto", "ipopt", "slsqp", "trust-constr"):
            r = by.get(program, {}).get(n)
            if r is None or not r["seconds"]:
                row += ["", ""]
                continue
            mark = "" if r["ok"] else " (to 1e-6)" if r["loose"] else " (no KKT point)"
            mark += "" if r["best"] else " (other)"
            row += [seconds(median(r["seconds"])) + mark, str(r["iterations"])]
        details.append(row)
    iterations = []
    for n in files:
        row = [by.get("/".join(filter(None, p)), {}).get(n) for p in PAPER]
        if any(row):
            iterations.append([n, *(f"{r['iterations']}{'' if r['word'].startswith('solved') else '*'}" if r else "" for r in row)])
    generated = [[n, seconds(median(r["seconds"])), str(r["iterations"]), f"{r['objective']:.12g}" if r["objective"] is not None else "", "yes" if r["ok"] else "no"]
                 for n in names if ":" in n for r in [by["solve auto"][n]] if r["seconds"]]
    return "\n\n".join([
        "## Constrained optimisation",
        "Models in SIF, for the peers as .nl. An answer counts when `solve check constrained` finds its KKT residual, in the units of the model, "
        f"at most {TOL:g} (in brackets also {LOOSE:g}), and its objective the best known one to 1e-6. Seconds are those of set-up and solve, without reading and compiling.",
        table(["program", "models", f"KKT {TOL:g}", f"KKT {LOOSE:g}", "and best objective", "median s", "sum of s"], overall),
        f"The methods of Hong, Na, Mahoney and Kolar on those of their 47 problems that were there, to their tolerance {PAPER_TOL:g}, seed 1.",
        table(["method", "models", "solved", "iterations", "sketching steps", "sum of s"], paper),
        "Problems of the same paper, made by `--gen`.",
        table(["problem", "s", "iterations", "objective", f"KKT {TOL:g}"], generated),
        "Model by model: seconds and iterations.",
        table(["model", "solve auto", "", "ipopt", "", "slsqp", "", "trust-constr", ""], details),
        "Iterations of the paper's methods; * not solved.",
        table(["model", *("/".join(filter(None, p)) for p in PAPER)], iterations),
    ])
