#!/usr/bin/env bash
# spool.sh - winnowd loses nothing, doubles nothing and shows nothing half, wherever it is killed.
#
# usage: spool.sh short|long|all|teeth WINNOWD WORKER WINNOW KILL_AT FAIL_ALLOC [option...]
#        exits 77 (skipped) where nothing can be traced
#
# Lays the programs side by side (WORKER is spool_poison, which winnowd takes for its
# winnow-worker), makes empty filesystems where it may, and leaves the rest to spool.py, whose
# options follow: --part, --seed, --seconds, --resume, --share, --jobs.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/common.sh"
be_alone "$@"
[ $# -ge 6 ] || { echo "usage: spool.sh short|long|all|teeth WINNOWD WORKER WINNOW KILL_AT FAIL_ALLOC [option...]" >&2; exit 64; }
form=$1 program=$5
programs=("$2" "$3" "$4" "$5" "$6")
shift 6

names=(winnowd winnow-worker winnow kill_at fail_alloc.so)

lay_out()
{
    local i
    mkdir "$work/bin"
    for i in "${!names[@]}"; do
        cp -L "${programs[$i]}" "$work/bin/${names[$i]}"
    done
}

# Empty filesystems, and the words that tell spool.py of them.
make_disks()
{
    local filesystem wanted=ext4
    disks=()
    [ "$form" = short ] || wanted='ext4 xfs'
    [ "$(id -u)" = 0 ] || return 0
    for filesystem in $wanted; do
        if make_image "$filesystem"; then
            disks+=(--disk "$filesystem=$(options_of "$filesystem")")
        else
            echo "power: $filesystem cannot be made or mounted here"
        fi
    done
}

command -v python3 > /dev/null || skip "python3 is not installed"
"$program" -o /dev/null count write -- true || skip "nothing can be traced here"
make_work
lay_out
make_disks
PYTHONDONTWRITEBYTECODE=1 python3 "$here/spool.py" "$form" "$work/bin" "$work" "${disks[@]}" "$@"
