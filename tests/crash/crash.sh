#!/usr/bin/env bash
# crash.sh - an index survives being killed, a power cut and a failing disk, at every call.
#
# usage: crash.sh short|long|kill CRASH_INDEX    exits 77 (skipped) where strace cannot be had
#
# One traced run lists the system calls that change anything: the points.  Then the program
# is stopped at each (short: at a sample), and each time the index must be the one after the
# last commit that was logged, or the one after; the run must then go on to the same end.
#
#     kill    SIGKILL right before the call: of writing, of compacting, and of compacting
#             where the catalog is spoilt and is made again
#     power   the same on a loop-mounted filesystem that is then shut down: without and
#             with a last flush of its journal; what was logged is there.  Needs root
#     fault   the call fails, once or from then on: the error is told, nothing is lost
#     tight   a disk that is really full, after so many pages: also a write that does a part.
#             Needs root
set -eu
here=$(cd "$(dirname "$0")" && pwd)
form=${1-} program=${2-}
. "$here/common.sh"
be_alone "$@"

case $form in
short) documents=45 kill_step=11 power_step=31 fault_step=17 filesystems='ext4' ;;
long) documents=60 kill_step=1 power_step=1 fault_step=1 filesystems='ext4 ext4-writeback xfs' ;;
kill) documents=60 kill_step=1 power_step=1 fault_step=1 filesystems='' ;; # and fault; no power
*) echo "usage: crash.sh short|long|kill CRASH_INDEX" >&2; exit 64 ;;
esac
more=$((documents + 12)) # for runs that go on after a compaction

failures=0

# failed WHAT... - the point in hand is a failure; what was printed tells why.
failed()
{
    echo "FAILED: $*"
    sed 's/^/    /' "$work/out"
    failures=$((failures + 1))
}

check()
{
    "$program" check "$folder" "$log" > "$work/out" 2>&1
}

# go_on WHAT DOCUMENTS - the folder is whole; the rest is written, and all is there.
go_on()
{
    check || { failed "$1: what is left is wrong"; return 0; }
    "$program" write "$folder" "$log" "$2" > "$work/out" 2>&1 ||
        { failed "$1: it cannot go on"; return 0; }
    check || failed "$1: the end is wrong"
}

fresh()
{
    rm -rf "$folder" "$log"
    : > "$log"
}

# A finished index, of which compacting is tried.
keep_finished()
{
    fresh
    "$program" write "$folder" "$log" "$documents" > "$work/out"
    cp -r "$folder" "$work/finished"
    cp "$log" "$work/finished.log"
}

finished()
{
    rm -rf "$folder"
    cp -r "$work/finished" "$folder"
    cp "$work/finished.log" "$log"
}

spoilt()
{
    finished
    "$program" spoil "$folder" "$log"
}

# report NAME FILE DONE - the kills that were done are those that were planned
report()
{
    local planned
    planned=$(wc -l < "$2")
    awk '{ n[$1]++ } END { for (i in n) print n[i], i }' "$2" | sort -k1,1nr -k2 |
        awk '{ printf "%s%s %s", (NR > 1 ? ", " : "  "), $1, $2 } END { print "" }'
    echo "$1: $planned planned, $3 done"
    [ "$planned" = "$3" ] || { echo "FAILED: $1: not all were done"; failures=$((failures + 1)); }
    [ "$planned" -gt 0 ] || { echo "FAILED: $1: nothing was planned"; failures=$((failures + 1)); }
}

# --- the points -------------------------------------------------------------------------------

plan()
{
    fresh
    list_points write "$folder" "$log" "$documents" > "$work/write"
    grep '^f.*sync ' "$work/write" > "$work/syncs"
    keep_finished
    finished
    list_points compact "$folder" "$log" > "$work/compact"
    spoilt
    list_points compact "$folder" "$log" > "$work/remake"
}

# --- kill ----------------------------------------------------------------------------------------

kill_writing()
{
    local call k kind done=0
    every $kill_step < "$work/write" > "$work/points"
    while read -r call k kind; do
        fresh
        ! kill_at "$call" "$k" write "$folder" "$log" "$documents" || done=$((done + 1))
        go_on "killed writing at $call $k ($kind)" "$documents"
    done < "$work/points"
    report "killed while writing" "$work/points" $done
}

kill_compacting()
{
    local call k kind done=0
    every $((kill_step / 2 + 1)) < "$work/compact" > "$work/points"
    while read -r call k kind; do
        finished
        ! kill_at "$call" "$k" compact "$folder" "$log" || done=$((done + 1))
        check || failed "killed compacting at $call $k ($kind): what is left is wrong"
        "$program" compact "$folder" "$log" > "$work/out" 2>&1 ||
            failed "killed compacting at $call $k ($kind): it cannot be compacted again"
        go_on "killed compacting at $call $k ($kind)" $more
    done < "$work/points"
    report "killed while compacting" "$work/points" $done
}

# Compacting once more must make the catalog again, or find that it was made.
kill_remaking()
{
    local call k kind done=0
    every $((kill_step / 2 + 1)) < "$work/remake" > "$work/points"
    while read -r call k kind; do
        spoilt
        ! kill_at "$call" "$k" compact "$folder" "$log" || done=$((done + 1))
        "$program" compact "$folder" "$log" > "$work/out" 2>&1 ||
            failed "killed remaking at $call $k ($kind): it cannot be compacted again"
        check || failed "killed remaking at $call $k ($kind): the end is wrong"
    done < "$work/points"
    report "killed while making a catalog again" "$work/points" $done
}

# --- power --------------------------------------------------------------------------------------

# cut_writing FILESYSTEM FLAG CALL K KIND
cut_writing()
{
    local status=1
    begin_disk "$1"
    fresh
    ! kill_at "$3" "$4" write "$folder" "$log" "$documents" || status=0
    cut_power "$2"
    go_on "power cut ($1, $2) writing at $3 $4 ($5)" "$documents"
    end_disk
    return $status
}

cut_remaking()
{
    local status=1
    begin_disk "$1"
    spoilt
    sync -f "$work/mnt"
    ! kill_at "$3" "$4" compact "$folder" "$log" || status=0
    cut_power "$2"
    "$program" compact "$folder" "$log" > "$work/out" 2>&1 ||
        failed "power cut ($1, $2) remaking at $3 $4 ($5): it cannot be compacted again"
    check || failed "power cut ($1, $2) remaking at $3 $4 ($5): the end is wrong"
    end_disk
    return $status
}

cut_compacting()
{
    local status=1
    begin_disk "$1"
    finished
    sync -f "$work/mnt"
    ! kill_at "$3" "$4" compact "$folder" "$log" || status=0
    cut_power "$2"
    go_on "power cut ($1, $2) compacting at $3 $4 ($5)" $more
    end_disk
    return $status
}

# A sync that fails, and is told; the run goes on, then the power goes: what was logged after
# that must not have trusted it.
cut_failed_sync()
{
    local status=0
    begin_disk "$1"
    fresh
    fault_at "$3" "$4" error=EIO write "$folder" "$log" "$documents" || status=$?
    [ $status = 0 ] || failed "EIO ($1) at $3 $4 ($5): it ended with $status"
    cut_power "$2"
    go_on "EIO, then power cut ($1, $2) at $3 $4 ($5)" "$documents"
    end_disk
    [ $status != 99 ]
}

# cut_points FILESYSTEM FLAG STEP WHAT HOW - WHAT names the list of points
cut_points()
{
    local call k kind done=0
    every "$3" < "$work/$4" > "$work/points"
    while read -r call k kind; do
        ! "$5" "$1" "$2" "$call" "$k" "$kind" || done=$((done + 1))
    done < "$work/points"
    report "power cut, $1, flag $2, $4" "$work/points" $done
}

cut_all()
{
    local filesystem flag
    folder=$work/mnt/index
    for filesystem in $filesystems; do
        if ! make_image "$filesystem"; then
            echo "power cut, $filesystem: skipped, it cannot be made or mounted here"
            continue
        fi
        for flag in 2 1; do
            cut_points "$filesystem" $flag $power_step write cut_writing
            cut_points "$filesystem" $flag $((power_step / 2 + 1)) compact cut_compacting
            cut_points "$filesystem" $flag $((power_step / 2 + 1)) remake cut_remaking
            cut_points "$filesystem" $flag $((power_step / 2 + 1)) syncs cut_failed_sync
        done
    done
    folder=$work/index
}

# --- fault ----------------------------------------------------------------------------------------

# What a call that fails says; empty: its failure costs nothing that anybody should be told.
error_of()
{
    case $1 in
    fsync | fdatasync | sync_file_range | msync) echo EIO ;;
    close | unlink | unlinkat | rmdir | flock) ;;
    *) echo ENOSPC ;;
    esac
}

# fail_once ERROR CALL K KIND - writing; the next try does without the fault
fail_once()
{
    fresh
    fault_at "$2" "$3" "error=$1" write "$folder" "$log" "$documents" ||
        { failed "$1 at $2 $3 ($4): it did not go on"; return 0; }
    grep -q '^told: ' "$work/out" || failed "$1 at $2 $3 ($4): nothing was told"
    go_on "$1 at $2 $3 ($4)" "$documents"
}

# fail_on ERROR CALL K KIND - the disk stays full until another run
fail_on()
{
    local status=0
    fresh
    fault_at "$2" "$3+" "error=$1" write "$folder" "$log" "$documents" || status=$?
    [ $status -le 1 ] || failed "$1 from $2 $3 ($4) on: it ended with $status"
    grep -q '^told: ' "$work/out" || failed "$1 from $2 $3 ($4) on: nothing was told"
    go_on "$1 from $2 $3 ($4) on" "$documents"
}

# fail_compacting ERROR CALL K KIND - once, then on
fail_compacting()
{
    local when status
    for when in "$3" "$3+"; do
        finished
        status=0
        fault_at "$2" "$when" "error=$1" compact "$folder" "$log" || status=$?
        [ $status -le 1 ] || failed "$1 compacting at $2 $when ($4): it ended with $status"
        grep -q '^told: ' "$work/out" || failed "$1 compacting at $2 $when ($4): nothing was told"
        check || failed "$1 compacting at $2 $when ($4): what is left is wrong"
        go_on "$1 compacting at $2 $when ($4)" $more
    done
}

# fail_points LIST HOW... - each HOW at each point that may fail
fail_points()
{
    local list=$1 call k kind error how done=0
    shift
    grep -v ' log$' "$work/$list" | every $fault_step > "$work/points.all"
    : > "$work/points"
    while read -r call k kind; do
        error=$(error_of "$call")
        [ -n "$error" ] || continue
        echo "$call $k $kind" >> "$work/points"
        for how; do
            "$how" "$error" "$call" "$k" "$kind"
        done
        done=$((done + 1))
    done < "$work/points.all"
    report "failed once, and from then on, $list" "$work/points" $done
}

# --- tight --------------------------------------------------------------------------------------

# fill_up KIB - the disk has no more; then it has, and all goes on.
fill_up()
{
    local status=0
    mount -t tmpfs -o "size=${1}k" none "$work/mnt"
    : > "$log"
    "$program" write "$folder" "$log" "$documents" > "$work/out" 2>&1 || status=$?
    [ $status -le 1 ] || failed "a disk of $1 KiB: it ended with $status"
    [ $status = 0 ] || grep -q '^told: ' "$work/out" || failed "a disk of $1 KiB: nothing was told"
    mount -o remount,size=16m none "$work/mnt"
    go_on "a disk of $1 KiB, then a larger one" "$documents"
    umount "$work/mnt"
    return $status
}

fill_all()
{
    local kib sizes=0 full=0
    folder=$work/mnt/index
    mkdir -p "$work/mnt"
    for ((kib = 8; kib <= 320; kib += 4 * fault_step)); do
        sizes=$((sizes + 1))
        fill_up $kib || full=$((full + 1))
    done
    folder=$work/index
    echo "disks of so many pages: $sizes, of which $full were full"
    [ $full -gt 0 ] || { echo "FAILED: no disk was full"; failures=$((failures + 1)); }
}

need_strace
make_work
plan
kill_writing
kill_compacting
kill_remaking
if [ "$(id -u)" = 0 ]; then
    cut_all
    fill_all
else
    echo "power cut, full disk: skipped, only root can mount a filesystem"
fi
fail_points write fail_once fail_on
fail_points compact fail_compacting
[ $failures = 0 ] || { echo "$failures failures"; exit 1; }
