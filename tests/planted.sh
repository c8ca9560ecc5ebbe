#!/usr/bin/env bash
# planted.sh - planted repeats in real articles: what is lost, left and exact stays in bounds.
#
# usage: planted.sh SHARED PROGRAM    exits 77 (skipped) where the cases cannot be made
#
# Bounds, in % of words or documents: untouched and refrain exact >= 97; every other
# class of single pages lost <= 0.2 and left <= 2.
set -eu
shared=$1 program=$2

if [ ! -d "$shared/data/wcxb/ground-truth" ] || ! command -v python3 > /dev/null; then
    echo "skipped: the planted cases need python3 and $shared/data/wcxb/ground-truth"
    exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 "$shared/cases/make_repeat_cases.py" "$shared/data/wcxb/ground-truth" "$work" > "$work.log" ||
    { cat "$work.log"; exit 1; }
rm -rf "$work/across" "$work.log" # two documents: needs an index

python3 "$shared/cases/score_repeats.py" "$program" "$work" | tee "$work/scores"
awk 'NR == 1 || $1 == "all" { next }
     { rows++ }
     $1 == "untouched" || $1 == "refrain" { if ($5 < 97) { print "too few exact: " $0; bad = 1 }; next }
     $3 > 0.2 || $4 > 2 { print "out of bounds: " $0; bad = 1 }
     END { if (rows < 10) { print "only " rows + 0 " classes were scored"; bad = 1 }; exit bad }' \
    "$work/scores"
