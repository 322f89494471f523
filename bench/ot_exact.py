"""Unregularised optimal transport between points, to a certified optimum.

Ours: `solve ot --json`, from the points, seconds = setup_s + solve_s of its
report. Peers: see peers/run_ot_exact.py; they are given the cost matrix, which
is not in their seconds. Every answer is judged by `solve check`.
"""

import shutil

import numpy as np

from harness import HERE, median, seconds, table

SIZES = [1000, 2000, 5000]


def instances():
    """Names with the function that makes x, y and, unless they are uniform,
    the masses a and b."""
    for n in SIZES:
        for kind in ("unif2", "wunif2", "far2", "gauss10"):
            yield f"{kind}-{n}", lambda kind=kind, n=n: clouds(kind, n)
    yield "grid-64", lambda: grid(64)


def clouds(kind, n):
    """Every kind continues the same stream of draws."""
    r = np.random.default_rng(1)
    x, y = r.random((n, 2)), r.random((n, 2))
    if kind == "unif2":
        return x, y, None, None
    x, y = r.standard_normal((n, 10)), 1.5 * r.standard_normal((n, 10)) + 1
    if kind == "gauss10":
        return x, y, None, None
    a, b = r.random(n), r.random(n)
    a, b = a / a.sum(), b / b.sum()
    if kind == "wunif2":
        return r.random((n, 2)), r.random((n, 2)), a, b
    r.random((n, 2)), r.random((n, 2))
    return r.standard_normal((n, 2)), r.standard_normal((n, 2)) + 4, a, b


def grid(s):
    i, j = np.divmod(np.arange(s * s), s)
    z = np.stack([i, j], axis=1) / s
    a = np.random.default_rng(2).random(s * s)

    def bump(c, width):
        return np.exp(-((z - c) ** 2).sum(axis=1) / width)

    b = bump(0.3, 0.02) + 0.5 * bump(0.8, 0.01) + 1e-3
    return z, z, a / a.sum(), b / b.sum()


def run(bench):
    for name, make in instances():
        if bench.only and name not in bench.only:
            continue
        print(name, flush=True)
        folder = bench.work / name
        folder.mkdir(parents=True, exist_ok=True)
        files = []
        for flag, data in zip(("a", "b", "wa", "wb"), make()):
            if data is not None:
                np.save(folder / f"{flag}.npy", data)
                files += [f"--{flag}", folder / f"{flag}.npy"]
        programs = ["solve", "pot-emd"] + (["scipy-lsa"] if "--wa" not in files else [])
        rows = {p: {"version": "", "certificates": {}, "solve_s": [], "cost_s": [], "whole_s": [], "cpu_s": []} for p in programs}
        for repetition in range(bench.repetitions):
            for program in programs:
                once(bench, program, files, rows[program], bench.work / "answers" / f"{name}-{program}", judge=repetition == 0)
        for program, row in rows.items():
            bench.record(exact=True, instance=name, program=program, **row)


def once(bench, program, files, row, out, judge):
    """Solves once; the first time the answer is written and judged, which
    is not timed as a whole process."""
    if judge:
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir(parents=True)
    if program == "solve":
        command = [bench.solve, "ot", *files, "--threads", bench.threads, "--json"]
        done = bench.run(command + (["-o", f"{out}/"] if judge else []), timeout=10 * bench.cap)
    else:
        command = [bench.python, HERE / "peers" / "run_ot_exact.py", program, *files]
        done = bench.run(command + (["--out", out] if judge else []), timeout=10 * bench.cap)
    found = done.json() if done.code == 0 else None
    if found is None:
        print("   ", program, "failed:", done.code, done.errors.strip()[-300:], flush=True)
        return
    row["version"] = found["version"]
    if program == "solve":
        row["solve_s"].append(found["stats"]["setup_s"] + found["stats"]["solve_s"])
    else:
        row["solve_s"].append(found["seconds"])
        row["cost_s"].append(found["cost_s"])
    if judge:
        row["certificates"] = check(bench, files, out)
        shutil.rmtree(out)
    else:
        row["whole_s"].append(done.wall)
        row["cpu_s"].append(done.cpu)


def check(bench, files, out):
    answer = []
    for part, names in {"plan": ["plan.mtx"], "potentials": ["potentials.npy", "potentials.csv"]}.items():
        for name in names:
            if (out / name).exists():
                answer += ["--answer", f"{part}={out / name}"]
    done = bench.ours("check", "ot", *files, *answer, "--json", codes=(0, 3, 7))
    return {} if done.code == 3 else {c["name"]: float(c["value"]) for c in done.json()["certificates"]}


def render(records):
    rows = []
    for name in dict.fromkeys(r["instance"] for r in records):
        programs = {r["program"]: r for r in records if r["instance"] == name}
        ours = programs["solve"]
        rows += [row(name, ours, r) for r in programs.values()]
    return "\n\n".join(
        [
            "## Exact optimal transport",
            "Median seconds of the solve alone, and in brackets how many times `solve` is faster: from the points for `solve`, from the cost "
            "matrix for the peers, whose `cost` column has the seconds that making it took. Gap and marginal error as `solve check` finds them; "
            "SciPy gives no potentials, so its gap is not known.",
            table(["instance", "program", "solve s", "cost s", "whole s", "CPU s", "value", "dual gap", "marginal error"], rows),
        ]
    )


def row(name, ours, r):
    def mid(values):
        return seconds(median(values)) if values else ""

    timing = mid(r["solve_s"]) or "failed"
    if r is not ours and r["solve_s"] and ours["solve_s"]:
        timing += f" ({median(r['solve_s']) / median(ours['solve_s']):.3g}×)"
    c = r["certificates"]
    gap = f"{c['dual_gap']:.1e}" if "dual_gap" in c else ""
    numbers = [f"{c['cost']:.13g}", gap, f"{c['marginal_error']:.1e}"] if c else ["", "", ""]
    return [name, f"{r['program']} {r['version']}", timing, mid(r["cost_s"]), mid(r["whole_s"]), mid(r["cpu_s"]), *numbers]
