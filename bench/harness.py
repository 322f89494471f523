"""What every area's comparison needs: running a program under equal
conditions, the machine's description, JSONL files, and RESULTS.md.

An area is a module of this folder with run(bench), which returns nothing but
calls bench.record for every measurement; and with render(records), which
returns the area's section of RESULTS.md as Markdown.
"""

import datetime
import importlib
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"
AREAS = ["ot", "linsys", "bcd", "constrained"]


class Run:
    """A finished process: exit code, its last line of stdout, whole-process
    wall and CPU seconds."""

    def __init__(self, code, line, errors, wall, cpu):
        self.code, self.line, self.errors, self.wall, self.cpu = code, line, errors, wall, cpu

    def json(self):
        try:
            return json.loads(self.line)
        except ValueError:
            return None


class Bench:
    """One comparison: `solve` and peers on the same cores."""

    def __init__(self, area, solve, python, threads, repetitions, cap, only):
        self.area, self.solve, self.python = area, str(solve), str(python)
        self.threads, self.repetitions, self.cap, self.only = threads, repetitions, cap, only
        self.work = HERE / "out" / area
        self.work.mkdir(parents=True, exist_ok=True)
        self.records = [{"environment": environment(self)}]

    def record(self, **fields):
        self.records.append(fields)
        print("   ", {k: v for k, v in fields.items() if k != "command"}, flush=True)

    def run(self, command, timeout):
        """Runs a command on the first `threads` cores with that many threads."""
        env = dict(os.environ)
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
            env[name] = str(self.threads)
        # These two are tuned for one build of OpenBLAS and slow numpy's own.
        for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
            env.pop(name, None)
        command = [str(c) for c in command]
        if shutil.which("taskset"):
            command = ["taskset", "-c", f"0-{self.threads - 1}"] + command
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        start = time.perf_counter()
        try:
            done = subprocess.run(command, env=env, timeout=timeout, capture_output=True, text=True)
            code, out, errors = done.returncode, done.stdout, done.stderr
        except subprocess.TimeoutExpired:
            code, out, errors = "timeout", "", ""
        wall = time.perf_counter() - start
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        lines = out.strip().splitlines()
        return Run(code, lines[-1] if lines else "", errors, wall, cpu)

    def ours(self, *arguments, timeout=3600, codes=(0,)):
        """Runs `solve`, which has to end with one of the codes."""
        done = self.run([self.solve, *arguments], timeout)
        if done.code not in codes:
            sys.exit(f"solve {' '.join(map(str, arguments))}: exit {done.code}\n{done.errors}")
        return done

    def save(self):
        """Writes the records: into results, or beside the instances when only
        some of them ran."""
        folder = self.work if self.only else RESULTS
        folder.mkdir(exist_ok=True)
        path = folder / f"{self.area}.jsonl"
        path.write_text("".join(json.dumps(record) + "\n" for record in self.records))
        return path


def environment(bench):
    def output(*command):
        try:
            return subprocess.run(command, cwd=HERE, capture_output=True, text=True).stdout.strip()
        except OSError:
            return ""

    return {
        "date": datetime.date.today().isoformat(),
        "command": f"bench/run.sh {bench.area}",
        "solve": output(bench.solve, "version").splitlines()[:1],
        "commit": output("git", "rev-parse", "--short", "HEAD"),
        "go": output("go", "env", "GOVERSION"),
        "python": platform.python_version(),
        "cpu": cpu_model(),
        "cores": os.cpu_count(),
        "threads": bench.threads,
        "repetitions": bench.repetitions,
        "cap_s": bench.cap,
    }


def cpu_model():
    """Model name, family and model number: virtual machines hide the name."""
    fields = {}
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            key, _, value = line.partition(":")
            fields.setdefault(key.strip(), value.strip())
    except OSError:
        return platform.processor()
    flags = fields.get("flags", "").split()
    widest = "AVX-512" if "avx512f" in flags else "AVX2" if "avx2" in flags else "no AVX2"
    return f"{fields.get('model name')} (family {fields.get('cpu family')}, model {fields.get('model')}, {widest})"


def median(values):
    return statistics.median(values)


def seconds(value):
    """Three significant digits."""
    return f"{value:.3g}" if value < 1000 else f"{value:.0f}"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def section(area, path):
    """The area's part of RESULTS.md, from its records."""
    records = [json.loads(line) for line in path.read_text().splitlines()]
    env = records[0]["environment"]
    return (
        importlib.import_module(area).render(records[1:])
        + f"\n\n`{env['command']}`, {env['date']}, commit {env['commit']}, {env['go']}, Python {env['python']}; "
        f"{env['cpu']}, {env['threads']} of {env['cores']} cores; "
        f"at most {env['repetitions']} repetitions, cap {env['cap_s']:g} s. {env.get('note', '')}".rstrip() + "\n"
    )


def render_results():
    """Writes RESULTS.md from the records of every area."""
    parts = [
        "# Side by side\n\nWritten by `bench/run.sh`; the measurements are in bench/results. "
        "Every program gets the same files, the same cores and the same number of threads; "
        "every answer is judged by `solve check`, not by the program that gave it.\n"
    ]
    paths = {area: RESULTS / f"{area}.jsonl" for area in AREAS}
    parts += [section(area, path) for area, path in paths.items() if path.exists()]
    (HERE / "RESULTS.md").write_text("\n".join(parts))


def main():
    area = sys.argv[1]
    if area == "render":
        render_results()
        return
    bench = Bench(
        area,
        solve=os.environ["BENCH_SOLVE"],
        python=sys.executable,
        threads=int(os.environ.get("BENCH_THREADS") or os.cpu_count()),
        repetitions=int(os.environ.get("BENCH_REPETITIONS") or 5),
        cap=float(os.environ.get("BENCH_CAP") or 120),
        only=[name for name in os.environ.get("BENCH_ONLY", "").split(",") if name],
    )
    importlib.import_module(area).run(bench)
    path = bench.save()
    if bench.only:
        print(section(area, path))
    else:
        render_results()


if __name__ == "__main__":
    main()
