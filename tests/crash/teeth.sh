#!/usr/bin/env bash
# teeth.sh - crash.sh would notice a missing sync, and steps in the wrong order.
#
# usage: teeth.sh short|long CRASH_INDEX SOURCES    exits 77 (skipped) without root or strace
#
#     left out   a sync is skipped, the commit is logged, the power is cut: something that
#                was promised must be gone.  What a later sync of the same commit makes good
#                is missed where the power goes between the two.  A filesystem syncs more
#                than it is asked to, so some are never missed there: they are listed, and
#                why is said below
#     changed    the sources with two steps swapped, or LMDB's syncs switched off, are built
#                and killed: some point must be noticed
#     small      (long) the sources with text files of 4 KiB stand what crash.sh does to them
#
# CC names the compiler.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
form=${1-} program=${2-} sources=${3-}
. "$here/common.sh"
be_alone "$@"
: "${CC:=cc}"

case $form in
short) documents=30 filesystems='ext4' ;;
long) documents=60 filesystems='ext4 xfs' ;;
*) echo "usage: teeth.sh short|long CRASH_INDEX SOURCES" >&2; exit 64 ;;
esac
[ -d "$sources/lib/store" ] || { echo "teeth.sh: there is no $sources/lib/store" >&2; exit 64; }

failures=0

failed()
{
    echo "FAILED: $*"
    failures=$((failures + 1))
}

fresh()
{
    rm -rf "$folder" "$log"
    : > "$log"
}

check()
{
    "$program" check "$folder" "$log" > "$work/out" 2>&1
}

# --- syncs left out ---------------------------------------------------------------------------

# Of what there must be a sync that is missed.  Those of a folder are not here: ext4 and XFS
# have one journal, and whoever syncs a file next brings all earlier names with it.  POSIX
# promises no such thing.
must_be_missed='texts run catalog'

# Lines: call, how-manieth, of what, how many documents there are when it counts, and which
# point it is.
plan_syncs()
{
    folder=$work/index
    fresh
    list_points write "$folder" "$log" "$documents" > "$work/write"
    awk '$3 == "log" && $1 == "write" { commits++ }
         $1 == "fsync" || $1 == "fdatasync" { print $1, $2, $3, 3 * (commits + 1), NR }' \
        "$work/write" > "$work/syncs"
    cp -r "$folder" "$work/finished"
    cp "$log" "$work/finished.log"
    list_points compact "$folder" "$log" |
        awk '$1 == "fsync" || $1 == "fdatasync" { print $1, $2, $3 }' > "$work/compact.syncs"
    folder=$work/mnt/index
}

# leave_out FILESYSTEM FLAG CALL K COUNT - true where it is missed
leave_out()
{
    local status=0
    begin_disk "$1"
    fresh
    fault_at "$3" "$4" retval=0 write "$folder" "$log" "$5" || failed "$3 $4 was not left out"
    cut_power "$2"
    ! check || status=1
    end_disk
    return $status
}

# between FILESYSTEM CALL K POINT - true where it is missed when the power goes at a later
# point, up to the next line of the log.
between()
{
    local call k kind status=0
    tail -n +$(($4 + 1)) "$work/write" | sed '/^write .* log$/q' > "$work/points"
    while read -r call k kind; do
        [ "$call" != "$2" ] || continue
        begin_disk "$1"
        fresh
        fault_and_kill "$2" "$3" "$call" "$k" write "$folder" "$log" "$documents" ||
            failed "$2 $3 was not left out, or no kill at $call $k"
        cut_power 2
        check || status=1
        end_disk
        [ $status = 0 ] || return 0
    done < "$work/points"
    return 1
}

leave_out_of_compact()
{
    local status=0
    begin_disk "$1"
    fresh
    cp -r "$work/finished" "$folder"
    cp "$work/finished.log" "$log"
    sync -f "$work/mnt"
    fault_at "$3" "$4" retval=0 compact "$folder" "$log" || failed "$3 $4 was not left out"
    cut_power "$2"
    ! check || status=1
    end_disk
    return $status
}

# sum_up NAME - of lines "missed|unnoticed CALL of KIND"
sum_up()
{
    sort "$work/found" | uniq -c | awk -v name="$1" '{ n = $1; $1 = ""; print name ":" $0 ": " n }'
}

# how_missed FILESYSTEM CALL K COUNT POINT
how_missed()
{
    if leave_out "$1" 2 "$2" "$3" "$4"; then
        echo missed
    elif leave_out "$1" 1 "$2" "$3" "$4"; then
        echo "missed where the journal is flushed"
    elif between "$1" "$2" "$3" "$5"; then
        echo "missed in between"
    else
        echo "never missed"
    fi
}

leave_out_all()
{
    local filesystem=$1 call k kind count point how
    : > "$work/found"
    while read -r call k kind count point; do
        how=$(how_missed "$filesystem" "$call" "$k" "$count" "$point")
        echo "$how: $call of $kind" >> "$work/found"
        [ "$how" != "never missed" ] ||
            echo "$filesystem: never missed: $call $k of $kind, commit $((count / 3))"
    done < "$work/syncs"
    sum_up "$filesystem, writing"
    for kind in $must_be_missed; do
        grep -q "^missed.* of $kind\$" "$work/found" ||
            failed "$filesystem: no sync of $kind is missed in writing"
    done
    : > "$work/found"
    while read -r call k kind; do
        how="not missed at the end"
        for flag in 2 1; do
            ! leave_out_of_compact "$filesystem" $flag "$call" "$k" || how=missed
        done
        echo "$how: $call of $kind" >> "$work/found"
    done < "$work/compact.syncs"
    sum_up "$filesystem, compacting"
}

# The first of each kind that is missed is enough.
leave_out_some()
{
    local filesystem=$1 call k kind count of
    for of in $must_be_missed; do
        while read -r call k kind count; do
            if [ "$kind" = "$of" ] && leave_out "$filesystem" 2 "$call" "$k" "$count"; then
                echo "$filesystem: $call $k of $kind left out: $(grep -m 1 -o '^wrong: .*' "$work/out")"
                continue 2
            fi
        done < "$work/syncs"
        failed "$filesystem: no sync of $of is missed"
    done
}

# --- changed sources -----------------------------------------------------------------------------

# build FILE... - objects in $work/obj
build()
{
    printf '%s\n' "$@" | (cd "$work/obj" && xargs -P 2 -n 4 "$CC" -std=c17 -D_GNU_SOURCE -O1 -c \
        -I"$work/src/include" -I"$work/src/lib")
}

# The sources, and an object of each.
build_all()
{
    mkdir -p "$work/src" "$work/obj"
    cp -r "$sources/lib" "$sources/include" "$work/src"
    build "$here/crash_index.c" "$work"/src/lib/store/*.c "$work"/src/lib/{arena,buf,err,hash,utf8}.c
}

link_changed()
{
    "$CC" -o "$work/changed" "$work"/obj/*.o -llmdb -lzstd -lxxhash -lpthread
}

# change NAME FILE SED_SCRIPT - builds $work/changed with that one change.
change()
{
    local file=$work/src/lib/store/$2 status=0
    sed -i -e "$3" "$file"
    if cmp -s "$sources/lib/store/$2" "$file"; then
        failed "$1: $2 is not what teeth.sh knows; change it there too"
        return 1
    fi
    build "$file" && link_changed || status=1
    cp "$sources/lib/store/$2" "$file"
    build "$file"
    [ $status = 0 ] || failed "$1: it does not build"
    return $status
}

# kill_and_check MODE CALL K - true where the check finds fault with what is left
kill_and_check()
{
    fresh
    if [ "$1" = compact ]; then
        rm -rf "$folder"
        cp -r "$work/finished" "$folder"
        cp "$work/finished.log" "$log"
        kill_at "$2" "$3" compact "$folder" "$log" || failed "$2 $3: not killed"
    else
        kill_at "$2" "$3" write "$folder" "$log" "$documents" || failed "$2 $3: not killed"
    fi
    ! check
}

# kill_changed NAME MODE - the changed program is noticed at one point at least.
kill_changed()
{
    local whole=$program call k kind
    program=$work/changed folder=$work/index
    fresh
    if [ "$2" = compact ]; then
        cp -r "$work/finished" "$folder"
        cp "$work/finished.log" "$log"
        list_points compact "$folder" "$log" > "$work/points"
    else
        list_points write "$folder" "$log" "$documents" > "$work/points"
    fi
    while read -r call k kind; do
        if kill_and_check "$2" "$call" "$k"; then
            echo "$1: killed at $call $k of $kind: $(grep -m 1 -o '^wrong: .*' "$work/out")"
            program=$whole
            return 0
        fi
    done < "$work/points"
    program=$whole
    failed "$1: nothing noticed at $(wc -l < "$work/points") points"
}

# cut_changed NAME FILESYSTEM - it is noticed when the power goes after the last commit.
cut_changed()
{
    local whole=$program flag missed=
    program=$work/changed folder=$work/mnt/index
    for flag in 2 1; do
        begin_disk "$2"
        fresh
        "$program" write "$folder" "$log" "$documents" > "$work/out"
        cut_power $flag
        check || missed="flag $flag: $(grep -m 1 -o '^wrong: .*' "$work/out")"
        end_disk
    done
    program=$whole
    [ -n "$missed" ] || { failed "$1: nothing noticed"; return 0; }
    echo "$1: $2, $missed"
}

late_run='/run_write(path, entries/s/path/late/
s/^    char path\[STORE_PATH_MOST\];$/&\n    char late[STORE_PATH_MOST];/
s/^    int status = run_write(late/    store_path(c->d->folder, "late", late);\n&/
/^static void undo/,/^}/s/^    char late.*$/    char late[STORE_PATH_MOST]; (void)late;/
s|^    end_transaction, .*|&\n    name_late,|
s|^/\* --- the whole.*|static int name_late(struct commit *c, struct winnow_error *err)\
{\
    char late[STORE_PATH_MOST], path[STORE_PATH_MOST];\
    (void)err;\
    store_path(c->d->folder, "late", late);\
    store_run_path(c->d->folder, c->run.number, path);\
    return c->run.number \&\& rename(late, path) ? WINNOW_EIO : WINNOW_OK;\
}\
&|
s|^#include <stdlib.h>|#include <stdio.h>\n&|'

early_unlink='/^    d->in_transaction = false;$/i\
    for (size_t i = 0; i < d->runs.count; i++)\
        if (takes_part(m, &d->runs.items[i])) {\
            char old[STORE_PATH_MOST];\
            store_run_path(d->folder, d->runs.items[i].is.number, old);\
            unlink(old);\
        }'

early_sweep='/^    remove_old,/d
s/^    commit,/    remove_old,\n&/'

change_all()
{
    build_all || { failed "the sources do not build"; return 0; }
    if change "a run gets its name after the transaction" store_commit.c "$late_run"; then
        kill_changed "a run gets its name after the transaction" write
    fi
    if change "merged runs go before the transaction" store_merge.c "$early_unlink"; then
        kill_changed "merged runs go before the transaction" write
    fi
    if change "a compaction removes before it commits" store_compact.c "$early_sweep"; then
        kill_changed "a compaction removes before it commits" compact
    fi
    if change "nothing is swept" store_folder.c '/^static int sweep_file/,/^}/s/unlink(path)/access(path, F_OK)/'; then
        kill_changed "nothing is swept" write
    fi
    if change "LMDB syncs no pages" catalog_env.c 's/MDB_NOSUBDIR |/& MDB_NOSYNC |/'; then
        cut_changed "LMDB syncs no pages" ext4
    fi
    if change "LMDB syncs no first page" catalog_env.c 's/MDB_NOSUBDIR |/& MDB_NOMETASYNC |/'; then
        cut_changed "LMDB syncs no first page" ext4
    fi
}

# A text file ends at 1 GiB, which no test writes.
try_small_files()
{
    local name="text files of 4 KiB"
    change "$name" texts_files.c 's/^static const uint64_t file_most = .*/static const uint64_t file_most = 4096;/' ||
        return 0
    echo "$name:"
    "$here/crash.sh" kill "$work/changed" || failed "$name"
}

need_strace
make_work
need_power ext4
plan_syncs
for filesystem in $filesystems; do
    if ! make_image "$filesystem"; then
        echo "$filesystem: skipped, it cannot be made or mounted here"
    elif [ "$form" = long ]; then
        leave_out_all "$filesystem"
    else
        leave_out_some "$filesystem"
    fi
done
change_all
[ "$form" = short ] || try_small_files
[ $failures = 0 ] || { echo "$failures failures"; exit 1; }
