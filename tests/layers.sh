#!/usr/bin/env bash
# layers.sh - who may include what, and what the library shows and calls.
#
#     layers.sh check  SOURCES SHARED_LIBRARY OBJECT_LIST   is every border kept?
#     layers.sh breach SOURCES SHARED_LIBRARY OBJECT_LIST   is each kind of breach seen?
#
# CC, CXX and NM name the tools.
set -eu

mode=$1 root=$2 shared=$3 objects=$4
: "${CC:=cc}" "${CXX:=c++}" "${NM:=nm}"

# --- the borders, a line each -----------------------------------------------------------

# What is included with <>; the files of lib/, daemon/ and cli/ that may.
only_in='
libxml/         lib/parse_libxml2.c lib/xpath.c
lexbor/         lib/parse_lexbor.c
xxhash.h        lib/hash.c
pcre2.h         lib/pattern.c
jansson.h       lib/render*.c lib/record*.c lib/jsonld.c lib/health.c daemon/spool/reason.c
uchardet        lib/detect.c
iconv.h         lib/charset.c
utf8proc.h      lib/norm_chars.c lib/text.c
zlib.h          lib/input.c daemon/spool/manifest*.c daemon/spool/fsck.c
lmdb.h          lib/store/catalog.c lib/store/catalog_parts.h
zstd            lib/store/texts_block.c lib/store/store_memory.c
curl/           cli/*
termios.h       cli/*
sys/ioctl.h     cli/*
sys/socket.h    cli/* daemon/*
seccomp.h       daemon/pool/box.c
linux/          daemon/pool/box.c
sys/inotify.h   daemon/watch*
systemd/        daemon/notify.c
pthread.h       lib/* daemon/commit.c daemon/indexer.c
netdb.h         cli/*
netinet/        cli/*
arpa/           cli/*
'

# What lib/store/, which knows no pages, sees of the library; of it the others see store.h.
store_sees='arena.h buf.h err.h hash.h slice.h'

# A program sees the library through this alone.
public_header=winnow.h

# What would print, leave or ask the terminal: not the library's to do.
printing='stdin|stdout|stderr|v?printf|puts|putchar|perror|v?warnx?|v?errx?|error'
leaving='exit|Exit|abort|assert_fail|assert_perror_fail|quick_exit|isatty|system|popen|fork'
forbidden_calls="^_*($printing|$leaving)(_chk)?\$"

# --- checks; each prints what is wrong ------------------------------------------------------

# file:name for every #include of the given opening, < or ".
includes_of()
{
    (cd "$root" && find lib daemon cli -name '*.[ch]' -exec \
        sed -n -E "s,^[[:space:]]*#[[:space:]]*include[[:space:]]*$1([^>\"]+).*,\1,;t found;d;:found;F;p" {} + |
        paste -d : - -)
}

may_include()
{
    local file=$1 pattern
    shift
    for pattern; do
        # shellcheck disable=SC2254 # patterns they are
        case $file in $pattern) return 0 ;; esac
    done
    return 1
}

check_parts()
{
    local file name prefix files
    includes_of '<' | while IFS=: read -r file name; do
        while read -r prefix files; do
            [ -n "$prefix" ] || continue
            # shellcheck disable=SC2086
            case $name in
            "$prefix"*) (set -f; may_include "$file" $files) ||
                echo "$file: includes <$name>, which only $files may" ;;
            esac
        done <<< "$only_in"
    done
}

# Is name, between quotes, for file to include?  A folder's own headers are, and the public
# one; lib/store/ is a floor of its own.  Of daemon/ its two parts know fault.h and whole.h alone, the rest
# both parts, and cli/ what a part shows to others.
may_see()
{
    local file=$1 name=$2
    case $file:$name in
    *:$public_header) return 0 ;;
    lib/store/*:store/*) [ -f "$root/lib/$name" ] ;;
    lib/store/*) [[ " $store_sees " == *" $name "* ]] ;;
    lib/*:store/store.h) return 0 ;;
    daemon/pool/*:pool/* | daemon/spool/*:spool/*) [ -f "$root/daemon/$name" ] ;;
    daemon/pool/*:fault.h | daemon/spool/*:fault.h) return 0 ;;
    daemon/pool/*:whole.h | daemon/spool/*:whole.h) return 0 ;;
    daemon/pool/*:* | daemon/spool/*:*)
        [ "$name" = "${name##*/}" ] && [ -f "$root/${file%/*}/$name" ] ;;
    daemon/*:pool/* | daemon/*:spool/* | cli/*:pool/* | cli/*:spool/*)
        [ "${name%_parts.h}" = "$name" ] && [ -f "$root/daemon/$name" ] ;;
    cli/*:fault.h | cli/*:whole.h) return 0 ;;
    *) [ "$name" = "${name##*/}" ] && [ -f "$root/${file%/*}/$name" ] ;;
    esac
}

check_folders()
{
    local file name
    includes_of '"' | while IFS=: read -r file name; do
        may_see "$file" "$name" ||
            echo "$file: includes \"$name\", which is not of ${file%/*}/ nor $public_header"
    done
}

declared_names()
{
    "$CC" -E -P "$root/include/$public_header" | tr '\n' ' ' | tr ';' '\n' |
        grep 'visibility("default")' | sed -E 's/__attribute__ *\(\([^)]*(\([^)]*\))?\)\)//g' |
        grep -oE 'winnow_[a-z0-9_]+ *\(' | tr -d ' (' | sort
}

exported_names()
{
    "$NM" -D --defined-only "$shared" | awk '$2 != "A" {sub(/@.*/, "", $3); print $3}' | sort
}

check_exports()
{
    diff <(declared_names) <(exported_names) |
        sed -n "s/^< \(.*\)/\1: declared in $public_header, not exported/p
                s/^> \(.*\)/\1: exported, not declared in $public_header/p"
}

check_calls()
{
    xargs -r "$NM" -uA < "$objects" | sed -E 's,^([^:]*/)?([^:]*):.* ([^ ]+)$,\2 \3,' |
        while read -r object name; do
            [[ ! $name =~ $forbidden_calls ]] || echo "$object: calls or names $name"
        done
}

check_header()
{
    local warnings="-Wall -Wextra -Wpedantic -Werror"
    # shellcheck disable=SC2086
    "$CC" -std=c17 $warnings -fsyntax-only -x c "$root/include/$public_header" 2>&1 || true
    # shellcheck disable=SC2086
    "$CXX" -std=c++11 $warnings -fsyntax-only -x c++ "$root/include/$public_header" 2>&1 || true
}

checks="check_parts check_folders check_exports check_calls check_header"

check_all()
{
    local check found=0
    for check in $checks; do
        "$check" | sed "s/^/$check: /" | grep . && found=1
    done
    return $found
}

# --- breaches: the checks must be able to fail --------------------------------------------------

scratch=

# expect_breach CHECK COMMAND...: a copy of the tree, breached by the command, makes CHECK speak.
expect_breach()
{
    local check=$1
    shift
    rm -rf "$scratch/tree"
    mkdir -p "$scratch/tree"
    cp -R "$sources/include" "$sources/lib" "$sources/daemon" "$sources/cli" "$scratch/tree"
    root=$scratch/tree shared=$real_shared objects=$real_objects
    local before
    before=$("$check")
    "$@"
    if [ "$("$check")" != "$before" ]; then
        echo "$check sees: $*"
    else
        echo "$check does not see: $*" >&2
        return 1
    fi
}

append()
{
    printf '%s\n' "$2" >> "$root/$1"
}

compile_breach()
{
    printf '%s\n' "$1" | "$CC" -x c -c -o "$scratch/breach.o" -
    echo "$scratch/breach.o" > "$scratch/objects.txt"
    objects=$scratch/objects.txt
}

export_breach()
{
    printf '%s\n' "$1" | "$CC" -x c -shared -fPIC -o "$scratch/breach.so" -
    shared=$scratch/breach.so
}

breach_all()
{
    sources=$root real_shared=$shared real_objects=$objects
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    expect_breach check_parts append lib/buf.c '#include <libxml/tree.h>'
    expect_breach check_parts append lib/buf.c '#  include <curl/curl.h>'
    expect_breach check_parts append cli/breach.c '#include <jansson.h>'
    expect_breach check_folders append cli/breach.c '#include "tree.h"'
    expect_breach check_folders append cli/breach.c '#include "../lib/tree.h"'
    expect_breach check_folders append lib/buf.h '#include "fetch.h"'
    expect_breach check_folders append lib/clean.c '#include "store/run.h"'
    expect_breach check_folders append lib/store/store.h '#include "page.h"'
    expect_breach check_parts append daemon/watch.c '#include <lmdb.h>'
    expect_breach check_parts append daemon/pool/worker.c '#include <jansson.h>'
    expect_breach check_folders append daemon/commit.c '#include "buf.h"'
    expect_breach check_folders append daemon/spool/spool_open.c '#include "watch.h"'
    expect_breach check_folders append daemon/pool/box.c '#include "spool/spool.h"'
    expect_breach check_folders append cli/breach.c '#include "spool/spool_parts.h"'
    expect_breach check_folders append cli/breach.c '#include "watch.h"'
    expect_breach check_exports append include/winnow.h 'WINNOW_API int winnow_breach(void);'
    expect_breach check_exports export_breach 'int buf_add(void) { return 0; }'
    expect_breach check_calls compile_breach 'void exit(int); void f(void) { exit(1); }'
    expect_breach check_calls compile_breach '#include <stdio.h>
void f(void) { fprintf(stderr, "%d", 1); }'
    expect_breach check_header append include/winnow.h 'struct winnow_breach *new;'
    expect_breach check_header append include/winnow.h 'off_t winnow_breach(void);'
}

case $mode in
check) check_all ;;
breach) breach_all ;;
*) exit 64 ;;
esac
