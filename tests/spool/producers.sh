#!/usr/bin/env bash
# producers.sh - Scrapy and wget -r drop the pages of a site on this machine: all come out.
#
# usage: producers.sh WINNOWD WINNOW        exits 77 (skipped) where neither is installed
#
# Which of them is there, and how each has to write, is in producers.py.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
[ $# = 2 ] || { echo "usage: producers.sh WINNOWD WINNOW" >&2; exit 64; }
command -v python3 > /dev/null || { echo "skipped: python3 is not installed"; exit 77; }

work=$(mktemp -d "${TMPDIR:-/var/tmp}/winnow-producers-XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
PYTHONDONTWRITEBYTECODE=1 python3 "$here/producers.py" "$1" "$2" "$work"
