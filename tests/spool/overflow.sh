#!/usr/bin/env bash
# overflow.sh - many files at once, events that are lost, writers of every kind: all come out.
#
# usage: overflow.sh short|long WINNOWD WINNOW [--seed N]
#
# Makes a file system of its own for it where it may (ext4 in a file, as root), and leaves
# the rest to overflow.py.  Without root the queue of events stays as large as it is.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
[ $# -ge 3 ] || { echo "usage: overflow.sh short|long WINNOWD WINNOW [--seed N]" >&2; exit 64; }
command -v python3 > /dev/null || { echo "skipped: python3 is not installed"; exit 77; }

# Mounts of our own end with us.
if [ "$(id -u)" = 0 ] && [ -z "${WINNOW_ALONE-}" ] && unshare --mount true 2> /dev/null; then
    WINNOW_ALONE=1 exec unshare --mount "$0" "$@"
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/winnow-overflow-XXXXXX")
cleanup()
{
    [ ! -e "$work/mounted" ] || umount -l "$work/spool"
    rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

mkdir "$work/spool"
if [ -n "${WINNOW_ALONE-}" ] && truncate -s 6G "$work/image" &&
    mkfs.ext4 -q -F -N 1200000 "$work/image" 2> "$work/log" &&
    mount -o loop,noinit_itable "$work/image" "$work/spool" 2>> "$work/log"; then
    touch "$work/mounted"
fi
PYTHONDONTWRITEBYTECODE=1 python3 "$here/overflow.py" "$1" "$2" "$3" "$work/spool" "${@:4}"
