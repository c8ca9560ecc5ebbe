#!/usr/bin/env bash
# get-lexbor.sh FOLDER - unpack Debian's lexbor into FOLDER, from the mirror that apt uses.
#
# 1. apt itself fetches and checks: signed index, sums, proxies and transports are as the
#    machine is set up.  It works on lists and sources of its own below FOLDER; the
#    system's stay as they are, and nothing is installed.
# 2. FOLDER/usr is there only when it is complete: it arrives by a rename.
# 3. On any failure one line says why, the exit code is 1, and FOLDER/usr is not there.
#
# Debian has lexbor from its unstable release on.  Its static library wants nothing newer
# than Debian 12's C library, so that single archive can be linked here.
set -eu

fail()
{
    echo "lexbor: $*; going on with libxml2 as the only HTML parser" >&2
    exit 1
}

[ $# = 1 ] || { echo "usage: get-lexbor.sh FOLDER" >&2; exit 64; }
[ ! -d "$1/usr" ] || exit 0
command -v apt-get > /dev/null && command -v dpkg-deb > /dev/null || fail "no apt on this system"
mkdir -p "$1"
folder=$(cd "$1" && pwd)
scratch=$(mktemp -d "$folder/fetch.XXXXXX")
trap 'rm -rf "$scratch"' EXIT

# Security and third-party archives carry other labels.
mirror=$(apt-get indextargets --format '$(SITE)' \
    'Created-By: Packages' 'Label: Debian' 'Component: main' 2> /dev/null | head -n 1)
[ -n "$mirror" ] || fail "apt knows no Debian mirror (apt-get update may help)"

keyring=/usr/share/keyrings/debian-archive-keyring.gpg
signed="target=Packages"
[ ! -r $keyring ] || signed="$signed signed-by=$keyring"
echo "deb [$signed] $mirror sid main" > "$scratch/sources.list"
mkdir -p "$scratch/lists/partial" "$scratch/cache/archives/partial"

# Expiry is not asked for: a mirror that stands still serves the stable release for ever,
# and unstable's index, signed all the same, for a week.
own_apt()
{
    apt-get -q -o Dir::Etc::sourcelist="$scratch/sources.list" -o Dir::Etc::sourceparts=/dev/null \
        -o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null \
        -o Dir::State::lists="$scratch/lists" -o Dir::Cache="$scratch/cache" \
        -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20 -o Acquire::Retries=1 \
        -o APT::Default-Release= -o APT::Sandbox::User=root -o APT::Update::Error-Mode=any \
        -o Acquire::Check-Valid-Until=false \
        "$@" > "$scratch/log" 2>&1
}

apt_reason()
{
    grep -m 1 '^[EW]:' "$scratch/log" || tail -n 1 "$scratch/log"
}

echo "lexbor: fetching from apt's mirror (an index of some 11 MB, then 1 MB)"
own_apt update || fail "no index of sid: $(apt_reason)"
cd "$scratch"
own_apt download liblexbor-dev || fail "no package: $(apt_reason)"
runtime=$(dpkg-deb -f liblexbor-dev_*.deb Depends | grep -o 'liblexbor[0-9.]*' | head -n 1)
# Never linked: the CMake config refuses to load without the shared library beside it.
own_apt download "$runtime" || fail "no package: $(apt_reason)"
for package in *.deb; do
    dpkg-deb -x "$package" unpacked || fail "cannot unpack $package"
done
ls unpacked/usr/lib/*/liblexbor_static.a > /dev/null 2>&1 || fail "the package has no static library"
echo "lexbor: $(dpkg-deb -f liblexbor-dev_*.deb Version)"
mv unpacked/usr "$folder/usr" || fail "cannot move it to $folder/usr"
