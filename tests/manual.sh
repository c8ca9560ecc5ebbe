#!/usr/bin/env bash
# manual.sh - run the examples of the manuals, so that they cannot rot.
#
# usage: manual.sh SOURCE BIN    BIN holds the program
set -euo pipefail
source=$(cd "$1" && pwd)
PATH=$(cd "$2" && pwd):$PATH
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The literal blocks of a page's EXAMPLES, or only block NUMBER; roff escapes undone.
examples() # PAGE [NUMBER]
{
    awk -v want="${2-0}" '/^\.Sh EXAMPLES/ { on = 1 } /^\.Sh SEE ALSO/ { on = 0 }
         /^\.Ed/ { in_block = 0 } on && in_block && (!want || number == want) { print }
         on && /^\.Bd -literal/ { in_block = 1; number++ }' "$1" |
        sed 's/\\e/\\/g'
}

# What the examples of winnow.1 work on: pages, rule files of one's own, which are the
# examples of winnow-rules.5, and public ones.
cd "$work"
mkdir -p pages my-rules ftr-site-config more-pages/skerry.example
cp "$source"/docs/samples/* pages
number=1
while examples "$source/docs/winnow-rules.5" $number > example.tmp && [ -s example.tmp ]; do
    name=$(sed -nE '1s/^# ([^ ]*\.txt) .*/\1/p' example.tmp)
    mv example.tmp "my-rules/${name:?example $number of winnow-rules.5 names no file in its first line}"
    number=$((number + 1))
done
rm example.tmp
[ "$number" -gt 2 ] || { echo "manual.sh: no two examples in winnow-rules.5" >&2; exit 1; }
echo 'body: //article' > ftr-site-config/harbour.example.txt
printf '[Adblock Plus 2.0]\n##.banner\nharbour.example##.ad\n' > easylist.txt
# Pages of one site, for what they share.
number=0
while IFS= read -r story; do
    number=$((number + 1))
    printf '%s\n' 'Boats  Tides  Weather  Letters to the editor' "$story" \
        'Printed on the skerry since eighteen ninety-four' > more-pages/skerry.example/$number.txt
done << 'END'
The cook of the mail boat has put onion soup on the list again, after eleven passengers had written that the crossing was not the same without it.
Nobody has seen the grey seal since Tuesday; the school has hung its picture in the shop window, with a number to call and a promise of cake.
A carpenter from the mainland has measured every door of the old customs house twice, and says that no two of them were made by the same hand.
Rain fell on nineteen days of the month, which is two more than last year, and the cistern behind the chapel has run over for the first time.
Two sisters have taken over the smokehouse from their uncle; they will open at six, close when the herring is gone, and keep the bench outside.
The choir looks for a bass. Whoever can hold a low note for the length of a tide table is asked to knock at the vicarage on any Thursday evening.
At the auction of things left on the ferry an umbrella with a silver duck's head brought more than the three bicycles and the tuba taken together.
From Monday on the lighthouse will be painted, first the white and then the red; sailors are asked not to mind if it looks unfinished for a while.
END

ran=0
while IFS= read -r line; do
    case $line in
    winnow\ *) ;;
    *) echo "manual.sh: winnow.1: not a command: $line" >&2; exit 1 ;;
    esac
    bash -c "$line" > out.tmp || { echo "manual.sh: winnow.1: failed: $line" >&2; exit 1; }
    rm -f out.tmp
    ran=$((ran + 1))
done < <(examples "$source/docs/winnow.1")
[ "$ran" -ge 24 ] || { echo "manual.sh: only $ran examples found in winnow.1" >&2; exit 1; }
[ -s texts/old-ferry.html.txt ] && [ -s pages.jsonl ] &&
    [ -s imported/sites/harbour.example.txt ] && [ -s imported/lists/global.txt ] &&
    [ -s records/old-ferry.html.json ] && [ -s skerry.example.txt ] && [ -d seen ] ||
    { echo "manual.sh: the examples of winnow.1 wrote nothing" >&2; exit 1; }

for file in my-rules/*; do
    [ -z "$(winnow rules lint "$file")" ] ||
        { echo "manual.sh: lint finds faults in ${file##*/} of winnow-rules.5" >&2; exit 1; }
    winnow rules test "$file" | grep ': 1 tests, 0 failed' > /dev/null ||
        { echo "manual.sh: ${file##*/} of winnow-rules.5 does not pass its test" >&2; exit 1; }
done

# The blocks of rules/README.md: a page, rule files, what the first makes of the page.
fenced() # KIND NUMBER
{
    awk -v kind="$1" -v want="$2" '/^```$/ { on = 0 } on { print }
        $0 == "```" kind { on = ++number == want }' "$source/rules/README.md"
}

for number in 1 2; do
    fenced rules $number > readme-$number.example.txt
    winnow rules lint readme-$number.example.txt
    winnow rules test readme-$number.example.txt | grep -E ': [1-9][0-9]* tests, 0 failed' > /dev/null ||
        { echo "manual.sh: example $number of rules/README.md does not pass its tests" >&2; exit 1; }
done
fenced page 1 > page.txt
fenced clean 1 > want.txt
winnow clean --no-default-rules --rules readme-1.example.txt page.txt > got.txt
[ -s want.txt ] && diff want.txt got.txt >&2 ||
    { echo "manual.sh: the page of rules/README.md does not come out as it says" >&2; exit 1; }
for file in "$source"/rules/*.txt; do
    grep -q "\`${file##*/}\`" "$source/rules/README.md" ||
        { echo "manual.sh: ${file##*/} is not in the list of rules/README.md" >&2; exit 1; }
done

# Every option and command of the program has its place in the manual.
all=0
for command in clean explain rules index queue reclean restore; do
    options=$(winnow "$command" --help | grep -oE -- '--[a-z-]+' | sort -u) ||
        { echo "manual.sh: winnow $command --help names no options" >&2; exit 1; }
    named=0
    for option in $options; do
        grep -q -- "Fl .*\\\\-${option#--}" "$source/docs/winnow.1" ||
            { echo "manual.sh: $option of winnow $command is not in winnow.1" >&2; exit 1; }
        named=$((named + 1))
    done
    [ "$named" -ge 2 ] || { echo "manual.sh: winnow $command --help names $named options" >&2; exit 1; }
    all=$((all + named))
done
[ "$all" -ge 50 ] || { echo "manual.sh: only $all options found in the helps" >&2; exit 1; }

# And every verb of winnow rules and winnow index, which the completion offers too.
verbs_of() # COMMAND LEAST
{
    local verb verbs
    verbs=$(winnow "$1" --help | sed -nE "s/^  $1 ([a-z]+) .*/\1/p")
    for verb in $verbs; do
        grep -qE "^\.Ss $1 $verb$" "$source/docs/winnow.1" ||
            { echo "manual.sh: winnow $1 $verb is not in winnow.1" >&2; return 1; }
    done
    [ "$(wc -w <<< "$verbs")" -ge "$2" ] ||
        { echo "manual.sh: winnow $1 --help names the verbs: $verbs" >&2; return 1; }
    printf '%s' "${verbs//$'\n'/ }"
}
verbs=$(verbs_of rules 6)
index_verbs=$(verbs_of index 4)
queue_verbs=$(verbs_of queue 6)

# And every kind of finding.
kinds=$(sed -nE 's/^ *\{"([a-z-]+)", (true|false), .*/\1/p' "$source/lib/rules_lint.c"
        sed -nE 's/.*report\(&?r, "([a-z0-9-]+)", .*/\1/p' "$source/lib/rules_read.c")
for kind in $kinds; do
    grep -qE "^\.It (.* )?$kind( |$)" "$source/docs/winnow.1" ||
        { echo "manual.sh: the finding $kind is not in winnow.1" >&2; exit 1; }
done
[ "$(wc -w <<< "$kinds")" -ge 20 ] ||
    { echo "manual.sh: only these kinds of findings found: $kinds" >&2; exit 1; }

# Both name the same exit codes.
codes_in_help=$(winnow --help | sed -n '/^exit codes:/,$p' | grep -oE '[0-9]+' | sort -n | tr '\n' ' ')
codes_in_manual=$(sed -n '/^\.Sh EXIT STATUS/,/^\.El/s/^\.It \([0-9]*\)$/\1/p' "$source/docs/winnow.1" |
    sort -n | tr '\n' ' ')
[ "$codes_in_help" = "$codes_in_manual" ] && [ "$(wc -w <<< "$codes_in_help")" -ge 8 ] || {
    echo "manual.sh: exit codes: winnow --help has $codes_in_help, winnow.1 $codes_in_manual" >&2
    exit 1
}

# The completion offers what the program has.
bash -c ". '$source/cli/completions/winnow.bash'
    COMP_WORDS=(winnow clean --ma) COMP_CWORD=2 && _winnow && [ \"\${COMPREPLY[*]}\" = --max-size ] &&
    COMP_WORDS=(winnow ex) COMP_CWORD=1 && _winnow && [ \"\${COMPREPLY[*]}\" = explain ] &&
    COMP_WORDS=(winnow rules '') COMP_CWORD=2 && _winnow &&
    [ \"\${COMPREPLY[*]}\" = '$verbs' ] &&
    COMP_WORDS=(winnow index '') COMP_CWORD=2 && _winnow &&
    [ \"\${COMPREPLY[*]}\" = '$index_verbs' ] &&
    COMP_WORDS=(winnow queue '') COMP_CWORD=2 && _winnow &&
    [ \"\${COMPREPLY[*]}\" = '$queue_verbs' ]" ||
    { echo "manual.sh: the completion does not complete" >&2; exit 1; }

# And every directive in its manual, as an item of a list; a backslash continues a line.
told=$(sed -e ':a' -e '/\\$/N; s/\\\n/ /; ta' "$source/docs/winnow-rules.5" | grep '^\.It Ic')
directives=$(sed -nE 's/^ *X\([A-Z_]+, "([a-z_]+)", .*/\1/p' "$source/lib/directives.h")
named=0
for name in $directives; do
    grep -qw -- "$name" <<< "$told" ||
        { echo "manual.sh: directive $name is not in winnow-rules.5" >&2; exit 1; }
    named=$((named + 1))
done
[ "$named" -ge 60 ] || { echo "manual.sh: only $named directives found in directives.h" >&2; exit 1; }

# winnowd: its options, its exit codes, its settings, its examples.
for option in $(winnowd --help | grep -oE -- '--[a-z-]+' | sort -u); do
    grep -q -- "Fl .*\\\\-${option#--}" "$source/docs/winnowd.8" ||
        { echo "manual.sh: $option of winnowd is not in winnowd.8" >&2; exit 1; }
done
codes_in_help=$(winnowd --help | sed -n '/^exit codes:/,$p' | grep -oE '[0-9]+' | sort -n | tr '\n' ' ')
codes_in_manual=$(sed -n '/^\.Sh EXIT STATUS/,/^\.El/s/^\.It \([0-9]*\)$/\1/p' "$source/docs/winnowd.8" |
    sort -n | tr '\n' ' ')
[ "$codes_in_help" = "$codes_in_manual" ] && [ "$(wc -w <<< "$codes_in_help")" -ge 6 ] || {
    echo "manual.sh: exit codes: winnowd --help has $codes_in_help, winnowd.8 $codes_in_manual" >&2
    exit 1
}
named=0
for name in $(winnowd --set spool=/nowhere --print | sed -nE 's/^([a-z_]+) =.*/\1/p'); do
    grep -q "^\.It Ic $name = " "$source/docs/winnowd.conf.5" ||
        { echo "manual.sh: the setting $name is not in winnowd.conf.5" >&2; exit 1; }
    named=$((named + 1))
done
[ "$named" -ge 25 ] || { echo "manual.sh: winnowd --print names $named settings" >&2; exit 1; }
examples "$source/docs/winnowd.conf.5" 1 > example.conf
[ -s example.conf ] && winnowd -c example.conf --print > printed.tmp ||
    { echo "manual.sh: the example of winnowd.conf.5 is wrong" >&2; exit 1; }

# And every source and shipped rule file in the tour.  A name there may be a pattern.
named=$(grep -oE '`[^`]*`' "$source/README.md" | tr -d '`' | sed 's,.*/,,')
for file in "$source"/lib/*.c "$source"/lib/store/*.c "$source"/cli/*.c \
    "$source"/daemon/*.c "$source"/daemon/*/*.c "$source"/rules/*.txt; do
    found=
    while IFS= read -r pattern; do
        # shellcheck disable=SC2053 # it is a pattern
        [[ ${file##*/} == $pattern ]] && found=yes
    done <<< "$named"
    [ -n "$found" ] || { echo "manual.sh: ${file#"$source"/} is not in README.md" >&2; exit 1; }
done
echo "manual.sh: $ran examples and the rule files ran"
