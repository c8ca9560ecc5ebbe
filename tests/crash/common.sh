# common.sh - what the crash scripts share: where the program may be stopped, stopping it
# there, and a filesystem whose power can be cut.
#
# Sourced; the caller has set program (crash_index).
# shellcheck shell=bash disable=SC2154

skip()
{
    echo "skipped: $*"
    exit 77
}

# Mounts of our own: no other process can get hold of a filesystem that is to go, which
# would keep it from coming back, and none outlives us.
be_alone()
{
    [ "$(id -u)" = 0 ] && [ -z "${WINNOW_CRASH_ALONE-}" ] || return 0
    ! unshare --mount true 2> /dev/null || WINNOW_CRASH_ALONE=1 exec unshare --mount "$0" "$@"
}

# --- a place to work in -----------------------------------------------------------------------

# What is killed is a program, not a disk: memory will do, and is quicker.
make_work()
{
    local base=${TMPDIR:-/tmp}
    [ -n "${TMPDIR-}" ] || [ ! -w /dev/shm ] || base=/dev/shm
    work=$(mktemp -d "$base/winnow-crash-XXXXXX")
    folder=$work/index log=$work/log device=
    trap clean_up EXIT
    trap 'exit 1' INT TERM
}

clean_up()
{
    end_disk
    rm -rf "$work"
}

need_strace()
{
    command -v strace > /dev/null || skip "strace is not installed"
    strace -f -qq -o /dev/null -e trace=fsync -e inject=fsync:error=EIO true 2> /dev/null ||
        skip "strace cannot trace here"
}

# A sanitizer looks for leaks by ptrace, which strace has.
export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0

# --- points: the calls that change something ------------------------------------------------------

changing='openat|creat|write|pwrite64|writev|pwritev|pwritev2|ftruncate|fallocate|fsync|fdatasync'
changing+='|sync_file_range|msync|rename|renameat|renameat2|link|linkat|symlink|symlinkat|unlink'
changing+='|unlinkat|mkdir|mkdirat|rmdir|close|flock'

# list_points ARGUMENT... - runs the program once; a line each: call, its how-manieth, of what.
# strace counts the calls of one name, also those that are no points.
list_points()
{
    strace -f -y -qq -o "$work/trace" -e trace="${changing//|/,}" "$program" "$@" > "$work/out" ||
        { cat "$work/out" >&2; return 1; }
    awk -v folder="$folder" -v log_file="$log" '
        { sub(/^[0-9]+ +/, ""); name = $0; sub(/\(.*/, "", name); k[name]++ }
        name == "openat" { fd = $NF; sub(/<.*/, "", fd)
                           writes[fd] = /O_WRONLY|O_RDWR|O_CREAT|O_TRUNC/
                           if (!writes[fd]) next }
        name == "close"  { fd = $0; sub(/^close\(/, "", fd); sub(/<.*/, "", fd)
                           if (!writes[fd]) next }
        index($0, log_file) { print name, k[name], "log"; next }
        !index($0, folder)  { next }
        { kind = /texts-/ ? "texts" : /run-/ ? "run" : /catalog/ ? "catalog" : /lock/ ? "lock" : "folder"
          print name, k[name], kind }' "$work/trace"
}

# every STEP - of the lines it is given, the first and then every STEP-th.
every()
{
    awk -v step="$1" '(NR - 1) % step == 0'
}

# kill_at CALL K ARGUMENT... - killed right before its K-th such call: false where it was not.
kill_at()
{
    local call=$1 k=$2 status=0
    shift 2
    {
        strace -f -qq -o /dev/null -e trace="$call" \
            -e inject="$call:signal=SIGKILL:when=$k" "$program" "$@" > "$work/out" 2>&1 || status=$?
    } 2> /dev/null
    [ $status = 137 ]
}

# fault_at CALL K WHAT ARGUMENT... - the K-th call does nothing but give WHAT: error=EIO or
# retval=0.  K+: all from it on.  The program's status; 99 where there was no such call.
fault_at()
{
    local call=$1 k=$2 what=$3 status=0
    shift 3
    strace -f -qq -o "$work/trace" -e trace="$call" -e inject="$call:$what:when=$k" \
        "$program" "$@" > "$work/out" 2>&1 || status=$?
    grep -q INJECTED "$work/trace" || return 99
    return $status
}

# fault_and_kill CALL K CALL2 K2 ARGUMENT... - the first is skipped, the second never comes:
# false where either did not happen.
fault_and_kill()
{
    local call=$1 k=$2 call2=$3 k2=$4 status=0
    shift 4
    {
        strace -f -qq -o "$work/trace" -e trace="$call,$call2" \
            -e inject="$call:retval=0:when=$k" -e inject="$call2:signal=SIGKILL:when=$k2" \
            "$program" "$@" > "$work/out" 2>&1 || status=$?
    } 2> /dev/null
    [ $status = 137 ] && grep -q INJECTED "$work/trace"
}

# --- a filesystem whose power can be cut -----------------------------------------------------------

# No timer of the kernel's may write what the program has not synced.
options_of()
{
    case $1 in
    ext4) echo commit=300,noauto_da_alloc ;;
    ext4-writeback) echo commit=300,noauto_da_alloc,data=writeback ;;
    xfs) echo noatime ;;
    esac
}

# make_image FILESYSTEM - false where there is none.  It needs root.
make_image()
{
    case $1 in
    ext4*) truncate -s 64M "$work/$1.new" && mkfs.ext4 -q -F -E nodiscard "$work/$1.new" ;;
    xfs) truncate -s 300M "$work/$1.new" && mkfs.xfs -q -f "$work/$1.new" ;; # its least
    esac 2> /dev/null || return 1
    mkdir -p "$work/mnt"
    local status=0
    { begin_disk "$1" && cut_power 2; } 2> /dev/null || status=1
    end_disk
    return $status
}

# begin_disk FILESYSTEM - an empty one at $work/mnt.  A new file each time: what a device
# that is still being let go of writes late goes into the old one.
begin_disk()
{
    rm -f "$work/disk"
    cp --sparse=always "$work/$1.new" "$work/disk"
    options=$(options_of "$1")
    device=$(losetup --find --show "$work/disk") || return 1
    mount -o "$options" "$device" "$work/mnt"
}

# cut_power FLAG - and it comes back: the journal is replayed.
cut_power()
{
    "$program" cut "$work/mnt" "$1" &&
        umount "$work/mnt" &&
        mount -o "$options" "$device" "$work/mnt"
}

end_disk()
{
    ! mountpoint -q "$work/mnt" || umount "$work/mnt" || umount -l "$work/mnt"
    [ -z "$device" ] || losetup --detach "$device"
    device=
}

need_power()
{
    [ "$(id -u)" = 0 ] || skip "only root can mount a filesystem and cut its power"
    make_image "$1" || skip "no $1 can be mounted by loop and shut down here"
}
