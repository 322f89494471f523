#!/usr/bin/env bash
# Installs the peers of requirements.txt into a virtual environment outside
# the tree and prints its path. Does nothing when that is already done.
#
#   SOLVE_PEERS_VENV   the environment; default ${XDG_CACHE_HOME:-~/.cache}/solve-peers
#   PYTHON             the interpreter to make it with; default python3
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
venv=${SOLVE_PEERS_VENV:-${XDG_CACHE_HOME:-$HOME/.cache}/solve-peers}
stamp=$venv/requirements.installed

if ! cmp -s "$here/requirements.txt" "$stamp"; then
	[ -x "$venv/bin/python" ] || "${PYTHON:-python3}" -m venv "$venv" >&2
	"$venv/bin/python" -m pip install --quiet --requirement "$here/requirements.txt" >&2
	cp "$here/requirements.txt" "$stamp"
fi
printf '%s\n' "$venv"
