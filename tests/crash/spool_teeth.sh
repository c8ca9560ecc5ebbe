#!/usr/bin/env bash
# spool_teeth.sh - spool.sh would notice a sync that is left out, and steps in the wrong order.
#
# usage: spool_teeth.sh short|long SOURCES LIBWINNOW WORKER WINNOW KILL_AT FAIL_ALLOC
#        exits 77 (skipped) where nothing can be traced, or without root
#
# winnowd is built from a copy of SOURCES with one change, and killed (or its power cut) until
# something is found.  LIBWINNOW is the shared library; CC names the compiler.
#
# Not every change can be seen.  Those that a test was looked for and is not to be had are at
# the end, with the reason.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
form=${1-} sources=${2-} library=${3-}
. "$here/common.sh"
be_alone "$@"
[ $# = 7 ] || { echo "usage: spool_teeth.sh short|long SOURCES LIBWINNOW WORKER WINNOW KILL_AT FAIL_ALLOC" >&2; exit 64; }
[ -f "$sources/daemon/commit.c" ] || { echo "spool_teeth.sh: there is no $sources/daemon/commit.c" >&2; exit 64; }
worker=$4 winnow=$5 program=$6 fail_alloc=$7
: "${CC:=cc}"

failures=0
noticed=0

failed()
{
    echo "FAILED: $*"
    failures=$((failures + 1))
}

# --- building ---------------------------------------------------------------------------------

list_sources()
{
    (cd "$work/src/daemon" && find . -name '*.c' ! -path ./pool/main.c)
}

# build FILE... - each below daemon/, to an object in $work/obj
build()
{
    local file
    for file; do
        echo "$file $(echo "${file#./}" | tr / _).o"
    done | (cd "$work/src/daemon" && xargs -P 2 -n 2 sh -c '"$0" -std=c17 -D_GNU_SOURCE -O1 -c \
        -I../include -I. "$1" -o "../../obj/$2"' "$CC")
}

build_all()
{
    mkdir -p "$work/src" "$work/obj"
    cp -r "$sources/daemon" "$sources/include" "$work/src"
    # shellcheck disable=SC2046 # names of ours, without blanks
    build $(list_sources)
}

link_changed()
{
    "$CC" -o "$work/changed" "$work"/obj/*.o "$library" -Wl,-rpath,"$(dirname "$library")" \
        -lseccomp -lsystemd -linih -ljansson -lz -lpthread
}

# change NAME FILE SED_SCRIPT - builds $work/changed with that one change.
change()
{
    local file=$work/src/daemon/$2 status=0
    sed -i -E -e "$3" "$file"
    if cmp -s "$sources/daemon/$2" "$file"; then
        failed "$1: $2 is not what spool_teeth.sh knows; change it there too"
        return 1
    fi
    build "$2" && link_changed || status=1
    cp "$sources/daemon/$2" "$file"
    [ $status = 0 ] || failed "$1: it does not build"
    return $status
}

# notice PART CALLS NAME FILE SED_SCRIPT - the changed winnowd is noticed at one of the points at
# these calls (all: at any).
notice()
{
    local part=$1 name=$3 file=$4 status=0 calls=()
    [ "$2" = all ] || calls=(--calls "$2")
    shift 2
    if change "$@"; then
        "$here/spool.sh" teeth "$work/changed" "$worker" "$winnow" "$program" "$fail_alloc" \
            --part "$part" --most "$part=300" --seed 1 "${calls[@]}" > "$work/out" 2>&1 || status=$?
        if [ $status = 0 ] && grep -q '^FAILED' "$work/out"; then
            noticed=$((noticed + 1))
            echo "$name: $(grep -m 1 -A 1 '^FAILED' "$work/out" | tr -s ' \n' ' ' | cut -c 9-200)"
        else
            failed "$name: nothing noticed ($status)"
            tail -n 12 "$work/out"
        fi
    fi
    build "$file"
}

# --- the changes ---------------------------------------------------------------------------------

renames=renameat2,renameat,unlinkat,mkdirat
syncs=fdatasync,syncfs,fsync

# What the short form does too.
change_some()
{
    notice power $renames,$syncs "results are not synced before the decision" commit.c \
        's/int status = spool_sync\(c->spool, err\);/int status = WINNOW_OK;/'
    notice kill $renames "a file is visible before it is decided" commit.c \
        's/^    return append_group\(c, err\);/    return WINNOW_OK;/
        /^static int publish_group/,/^}/s/^    wake_coordinator\(c\);/    if (!TAILQ_EMPTY(\&c->group) \&\& append_group(c, err))\n        return WINNOW_EIO;\n&/'
    notice kill $renames "the record is visible before its text" spool/spool_out.c \
        's/move\(o, SPOOL_TEXT, text\)/move(o, ZZ, record)/
        s/move\(o, SPOOL_RECORD, record\)/move(o, SPOOL_TEXT, text)/
        s/ZZ, record/SPOOL_RECORD, record/'
}

change_more()
{
    notice power $renames "the decision is not synced" spool/manifest.c \
        's/\(code = fdatasync\(fd\)\) != 0/(code = 0) != 0/'
    notice power $renames,$syncs "reasons are written after the sync" commit.c \
        's/= write_reasons\(c, err\);$/= ZZ(c, err);/
        s/= sync_all\(c, err\);$/= write_reasons(c, err);/
        s/= ZZ\(/= sync_all(/'
    notice power $renames,$syncs "the decision comes before the sync" commit.c \
        's/= decide\(c, s->replace, err\);$/= ZZ/
        s/= sync_all\(c, err\);$/= is_empty ? sync_all(c, err) : decide(c, s->replace, err);/
        s/= ZZ$/= sync_all(c, err);/'
    notice kill all "the index does not commit" commit.c \
        's/return winnow_index_commit\(index, err\);/(void)index; (void)err; return WINNOW_OK;/'
    notice kill $renames "work/ is emptied before the index has committed" commit.c \
        's/if \(!job->is_durable \|\| !job->is_indexed\)/if (!job->is_durable)/'
    notice kill $renames,$syncs "recovery does not tell the index" recover.c \
        's/return status == WINNOW_OK \? retake\(r, f\) : status;/(void)retake; return status;/'
    notice kill $renames,$syncs "recovery empties work/ before the index commits" recover.c \
        '/^static int end_decided/,/^}/s/if \(status == WINNOW_OK && r->has_told\)/if (status == WINNOW_OK)/
        s/status = indexer_run\(r->index, commit_task, NULL, r->err\);/status = finish_decided(r);/
        s/return status == WINNOW_OK \? finish_decided\(r\) : status;/return status == WINNOW_OK \&\& r->has_told ? indexer_run(r->index, commit_task, NULL, r->err) : status;/'
    notice kill $renames,$syncs "recovery does not publish" recover.c \
        's/int status = spool_publish\(r->spool, f->id, f->out, r->replace, r->err\);/int status = WINNOW_OK;/'
    notice kill $renames "recovery forgets sidecars" recover.c \
        's/spool_claim_sidecar\(r->spool, f->id, f->path, r->err\)/WINNOW_OK/'
}

# Looked for, and not to be had:
#   - publishing and telling the index swapped: what the index is told is in memory until it
#     commits, and that comes after both;
#   - work/ emptied before what was published is durable, recovery without its sync, the
#     sync of state/ for a new manifest: ext4 and XFS have one journal, in which names
#     change in order, and the texts themselves were synced before the decision.  POSIX
#     promises no such thing.

"$program" -o /dev/null count write -- true || skip "nothing can be traced here"
make_work
need_power ext4
build_all || { echo "FAILED: the sources do not build"; exit 1; }
change_some
[ "$form" = short ] || change_more
echo "$noticed changes noticed, $failures not"
[ $failures = 0 ]
