#!/usr/bin/env bash
# index_cases.sh - the index on the real pages of ../shared: two seeds of which one is a cut
# copy of the other, planted passages of other documents, one whole site.
#
#     index_cases.sh SHARED PROGRAM
#
# Bounds are those that the project asks for; the figures are printed.  Leaves with 77
# where SHARED is missing.
set -eu

shared=$1 winnow=$2
cases=$shared/cases
if [ ! -d "$cases" ]; then
    echo "index_cases.sh: skipped: there is no $cases"
    exit 77
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failed=0

# at_least WHAT GOT WANTED
at_least()
{
    if awk -v got="$2" -v wanted="$3" 'BEGIN { exit !(got >= wanted) }'; then
        echo "$1: $2"
    else
        echo "$1: $2, and $3 is asked for" >&2
        failed=1
    fi
}

# f1_of OUT WANT [AFTER]: of the pages behind the first AFTER
f1_of()
{
    mkdir -p "$scratch/want"
    find "$scratch/want" -type f -delete
    find "$2" -name '*.txt' | sort | tail -n +$((${3-0} + 1)) | xargs cp -t "$scratch/want"
    python3 "$cases/score_words.py" "$1" "$scratch/want" | sed -n 's/^all .* F1 \([0-9.]*\) .*/\1/p'
}

# --- two seeds ---------------------------------------------------------------------------------

# relation_of RECORD: "duplicate-of NAME cut"
relation_of()
{
    python3 - "$1" << 'END'
import json, os, sys
for r in json.load(open(sys.argv[1]))["across"]["relations"]:
    print(r["kind"], os.path.basename(r["source"]), "cut" if r["cut"] else "whole")
END
}

# expect_relation FIRST SECOND RELATION
expect_relation()
{
    local out=$scratch/$1-$2 got
    mkdir "$out"
    "$winnow" clean -q --index "$out/index" --format json -o "$out" "$cases/seeds/$1.in.txt"
    "$winnow" clean -q --index "$out/index" --format json -o "$out" "$cases/seeds/$2.in.txt"
    got=$(relation_of "$out/$2.in.txt.json")
    echo "$2 after $1: $got"
    [ "$got" = "$3" ] || { echo "  and \"$3\" is asked for" >&2; failed=1; }
}

expect_relation interfax.com sectsco-bitrix "duplicate-of interfax.com.in.txt cut"
expect_relation sectsco-bitrix interfax.com "supersedes sectsco-bitrix.in.txt cut"

# --- planted passages ----------------------------------------------------------------------------

python3 "$cases/make_repeat_cases.py" "$shared/data/wcxb/ground-truth" "$scratch/planted" \
    --seed 5005 --per-class 30 > "$scratch/made"
row=$(python3 "$cases/score_repeats.py" "$winnow" "$scratch/planted" --class across | grep '^across')
read -r _ _ lost left exact <<< "$row"
at_least "across, kept %" "$(awk "BEGIN { print 100 - $lost }")" 99.9
at_least "across, removed %" "$(awk "BEGIN { print 100 - $left }")" 99
at_least "across, exact %" "$exact" 95

# --- one site ------------------------------------------------------------------------------------

for kind in dumps pages; do
    "$winnow" clean -q --no-default-rules --index "$scratch/$kind.index" -o "$scratch/$kind" \
        "$cases/site/$kind/"
    at_least "$kind, F1" "$(f1_of "$scratch/$kind" "$cases/site/want")" 0.99
done

for page in "$cases"/site/dumps/*; do
    "$winnow" clean -q --no-default-rules --index "$scratch/daily.index" -o "$scratch/daily" "$page"
done
at_least "one by one, F1 after the tenth" "$(f1_of "$scratch/daily" "$cases/site/want" 10)" 0.98

# Rules learned from every other page, for the others.
mkdir -p "$scratch/half" "$scratch/other"
i=0
for page in "$cases"/site/pages/*; do
    if [ $((i++ % 2)) = 0 ]; then cp "$page" "$scratch/half"; else cp "$page" "$scratch/other"; fi
done
"$winnow" clean -q --no-default-rules --site flink.apache.org --index "$scratch/half.index" \
    -o "$scratch/half.out" "$scratch/half"
mkdir "$scratch/rules"
"$winnow" rules learn --index "$scratch/half.index" flink.apache.org \
    -o "$scratch/rules/flink.apache.org.txt"
[ -z "$("$winnow" rules lint "$scratch/rules" 2>&1)" ] || { echo "lint is not silent" >&2; failed=1; }
"$winnow" rules test "$scratch/rules" || failed=1
"$winnow" clean -q --no-default-rules --rules "$scratch/rules" --site flink.apache.org --no-site \
    --across off -o "$scratch/other.out" "$scratch/other"
for page in "$scratch"/other/*; do
    name=$(basename "$page" .html)
    mkdir -p "$scratch/other.want"
    cp "$cases/site/want/$name.txt" "$scratch/other.want"
done
at_least "learned rules, F1" "$(f1_of "$scratch/other.out" "$scratch/other.want")" 0.99
exit $failed
