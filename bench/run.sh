#!/usr/bin/env bash
# Compares `solve` with its peers and writes RESULTS.md and results/AREA.jsonl.
#
#   bench/run.sh AREA     ot, linsys, bcd or constrained
#   bench/run.sh render   RESULTS.md again from results/*.jsonl
#
#   BENCH_THREADS       cores and threads for every program; default all
#   BENCH_REPETITIONS   interleaved repetitions; default 5, fewer for slow programs
#   BENCH_CAP           seconds that one solve of a peer may take; default 120
#   BENCH_ONLY          names of instances, comma-separated: prints their tables
#                       and leaves RESULTS.md alone
#   BENCH_PEERS         bcd: only these peers, comma-separated (skglm compiles for
#                       20 to 60 seconds in every run)
#   BENCH_LINSYS_DATA   folder with real matrices NAME.mtx and NAME_b.mtx; default none
#   BENCH_BCD_DATA      folder with real data in LIBSVM format, see bcd.py; default none
#   BENCH_CONSTRAINED_DATA   folder with models NAME.SIF and an index.csv; default testdata
#   SOLVE_PEERS_VENV    see peers/setup.sh
#
# All of it takes an hour or two. Instances are kept in bench/out (700 MB).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

area=${1:-}
case $area in
ot | linsys | bcd | constrained | render) ;;
*)
	sed -n '2,/^set -e/s/^# \{0,1\}//p' run.sh >&2
	exit 2
	;;
esac

mkdir -p out
if [ "$area" != render ]; then
	go build -o out/solve ../cmd/solve
fi
venv=$(peers/setup.sh)
BENCH_SOLVE=$PWD/out/solve PYTHONDONTWRITEBYTECODE=1 "$venv/bin/python" harness.py "$area"
