#!/usr/bin/env bash
# units.sh SOURCES UNITS - systemd takes the units as they are, and they leave the service
# nearly nothing of the machine: an exposure of 0.3 at most, of 10.
#
# UNITS is the folder that the build has written them to.  Skipped (77), with a word, where
# there is no systemd.
set -eu

sources=$1 units=$2
most=3 # tenths

command -v systemd-analyze > /dev/null || { echo "units.sh: no systemd-analyze here; skipped"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# The machine's own additions are not ours to judge.
export SYSTEMD_UNIT_PATH=$work:/usr/lib/systemd/system:/lib/systemd/system

fail()
{
    echo "units.sh: $*" >&2
    exit 1
}

# What verify says of a unit; its exit code is 0 for a key that it does not know.  The program
# is not installed yet, nor are its manuals.
complaints() # FILE
{
    systemd-analyze verify --man=no "$1" 2>&1 || echo "verify left with $?"
}

# In tenths, as the service manager counts: 3 is 0.3.
exposure() # FILE
{
    systemd-analyze security --offline=yes --no-pager "$1" 2> /dev/null |
        sed -nE 's/.*Overall exposure level.*: ([0-9]+)\.([0-9]) .*/\1\2/p' | sed 's/^0*\(.\)/\1/'
}

instance=winnowd@skerry.service
for name in winnowd.service winnowd@.service; do
    sed -E 's,^ExecStart=[^ ]*,ExecStart=/bin/true,' "$units/$name" > "$work/$name"
    ! grep -n '@[a-z]*@' "$work/$name" || fail "$name: a word was not filled in"
done
cp "$work/winnowd@.service" "$work/$instance"

for name in winnowd.service "$instance"; do
    said=$(complaints "$work/$name")
    [ -z "$said" ] || fail "verify complains about $name: $said"
    level=$(exposure "$work/$name")
    [ -n "$level" ] && [ "$level" -le $most ] ||
        fail "$name: exposure of ${level:-unknown} tenths, wanted $most at most; see: systemd-analyze security --offline=yes"
    echo "units.sh: $name: exposure 0.$level, verify silent"
done

# Would it be seen?
sed 's/^WatchdogSec=/WatchdogSecs=/' "$work/winnowd.service" > "$work/unknown.service"
[ -n "$(complaints "$work/unknown.service")" ] || fail "a key that systemd does not know goes unseen"
for line in PrivateNetwork= CapabilityBoundingSet= SystemCallFilter= User=; do
    grep -v "^$line" "$work/winnowd.service" > "$work/open.service"
    level=$(exposure "$work/open.service")
    [ "$level" -gt $most ] || fail "without $line the exposure is still $level tenths"
done

# The user and the folders, made in a root of their own.
[ "$(id -u)" = 0 ] || { echo "units.sh: not root: sysusers and tmpfiles are not tried"; exit 0; }
mkdir -p "$work/root/etc"
systemd-sysusers --root="$work/root" "$sources/systemd/winnowd.sysusers" > "$work/log" 2>&1 ||
    fail "systemd-sysusers: $(cat "$work/log")"
grep -q '^winnow:' "$work/root/etc/passwd" || fail "sysusers has made no user winnow"
systemd-tmpfiles --root="$work/root" --create "$sources/systemd/winnowd.tmpfiles" > "$work/log" 2>&1 ||
    fail "systemd-tmpfiles: $(cat "$work/log")"
[ "$(stat -c %a "$work/root/var/lib/winnow/drop")" = 2770 ] || fail "tmpfiles has made no drop of mode 2770"
echo "units.sh: the user and the folders are made"
