#!/usr/bin/env bash
# boot.sh SOURCES BUILD - a machine with winnowd installed is booted, and its units are started,
# fed, frozen, killed, reloaded and stopped by inside.sh.
#
# BUILD is a build as it is shipped (release or libxml2).  The machine is a small Debian in a
# container with its own systemd; the tree is made once, by mmdebstrap, and kept in
# SOURCES/build/boot; each run has a copy of it.  Skipped (77), with a word, where that cannot
# be had.
set -eu

sources=$(cd "$1" && pwd) build=$(cd "$2" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
cache=$sources/build/boot
deadline=240 # seconds, for all of it: against hangs

skip()
{
    echo "boot.sh: skipped: $*"
    exit 77
}

fail()
{
    echo "boot.sh: $*" >&2
    exit 1
}

[ "$(id -u)" = 0 ] || skip "not root"
for program in systemd-nspawn mmdebstrap cmake dpkg-query; do
    command -v "$program" > /dev/null || skip "no $program here"
done
release=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
grep -q '^ID=debian' /etc/os-release && [ -n "$release" ] || skip "the programs fit no Debian"

[ -x "$build/bin/winnowd" ] || fail "$build/bin/winnowd is not there; build it first"

# --- the tree ------------------------------------------------------------------------------

# The packages whose libraries the programs were linked with.
library_packages()
{
    local file
    ldd "$build/bin/winnowd" "$build/bin/winnow-worker" "$build/bin/winnow" |
        sed -nE 's,.*=> (/[^ ]*) .*,\1,p' | sort -u |
        while read -r file; do
            # Which of the two names a merged /usr gives it is dpkg's to know.
            dpkg-query -S "$file" 2> /dev/null || dpkg-query -S "/usr$file" 2> /dev/null ||
                dpkg-query -S "${file#/usr}" 2> /dev/null || true
        done | sed 's/:.*//' | sort -u | tr '\n' ','
}

make_base()
{
    local packages=systemd,dbus,acl,$(library_packages) mirror
    base=$cache/$release-$(printf %s "$packages" | cksum | cut -d ' ' -f 1)
    [ ! -d "$base" ] || return 0
    mirror=$(apt-get indextargets --format '$(SITE)' \
        'Created-By: Packages' 'Label: Debian' 'Component: main' 2> /dev/null | head -n 1)
    echo "boot.sh: making a Debian tree (once)"
    mkdir -p "$cache"
    rm -rf "$base.tmp"
    mmdebstrap --variant=minbase --include="${packages%,}" "$release" "$base.tmp" \
        ${mirror:+"$mirror"} > "$cache/mmdebstrap.log" 2>&1 || {
        rm -rf "$base.tmp"
        skip "mmdebstrap failed: $(grep -m 1 '^E:' "$cache/mmdebstrap.log" || tail -n 1 "$cache/mmdebstrap.log")"
    }
    mv "$base.tmp" "$base"
}

# In memory, where there is some: the tree is copied for each run.
place=${TMPDIR:-/tmp}
[ -n "${TMPDIR-}" ] || [ ! -w /dev/shm ] || [ "$(df --output=avail -k /dev/shm | tail -n 1)" -lt 2000000 ] ||
    place=/dev/shm
work=$(mktemp -d "$place/winnow-boot-XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
mkdir -p "$cache"
make_base
root=$work/root
cp -a --reflink=auto "$base" "$root"
: > "$root/etc/machine-id"

# --- what is installed, and what looks at it --------------------------------------------------

DESTDIR=$root cmake --install "$build" > "$work/install.log" 2>&1 ||
    fail "cannot install: $(tail -n 3 "$work/install.log")"
mkdir "$root/probe"
cp "$here/inside.sh" "$root/probe/inside.sh"
cp "$sources/docs/samples/old-ferry.html" "$root/probe/page.html"
cat > "$root/etc/systemd/system/probe.service" << 'END_OF_UNIT'
[Unit]
Description=The test of winnowd
After=multi-user.target
SuccessAction=exit
FailureAction=exit
FailureActionExitStatus=1

[Service]
Type=oneshot
ExecStart=/bin/bash /probe/inside.sh
StandardOutput=file:/probe/log
StandardError=append:/probe/log
END_OF_UNIT
mkdir -p "$root/etc/systemd/system/default.target.wants"
ln -s ../probe.service "$root/etc/systemd/system/default.target.wants/probe.service"

# --- the boot ------------------------------------------------------------------------------------

status=0
timeout --kill-after=10 $deadline systemd-nspawn -q -D "$root" --register=no --keep-unit \
    --private-network -b \
    --system-call-filter="landlock_create_ruleset landlock_add_rule landlock_restrict_self" \
    < /dev/null > "$work/console" 2>&1 || status=$?
[ ! -f "$root/probe/log" ] || cat "$root/probe/log"
if [ ! -f "$root/probe/log" ] && ! grep -q 'systemd' "$work/console"; then
    skip "systemd-nspawn cannot boot here: $(tail -n 1 "$work/console")"
fi
[ $status != 124 ] || fail "not done after $deadline s"
[ $status = 0 ] || fail "the machine left with $status: $(tail -n 1 "$work/console")"
grep -q '^inside.sh: all passed$' "$root/probe/log" || fail "the test did not come to its end"
