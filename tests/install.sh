#!/usr/bin/env bash
# install.sh SOURCES BUILD LIBDIR - what is installed can be built against and run.
set -eu

sources=$1 build=$2 libdir=$3
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
cmake --install "$build" --prefix "$stage" > "$stage/log"
export PKG_CONFIG_PATH=$stage/$libdir/pkgconfig

cat > "$stage/caller.c" << 'END'
#include <stdio.h>
#include <string.h>
#include <winnow.h>

static int print(void *ctx, const char *data, size_t len)
{
    (void)ctx;
    return fwrite(data, 1, len, stdout) != len;
}

/* Names of a caller's own must not meet the library's inner ones. */
int buf_add(void);
int buf_add(void)
{
    return 7;
}

int main(void)
{
    const char *html = "<html><body><p>A page of one sentence.</p></body></html>";
    struct winnow_input in = {.data = html, .len = strlen(html), .name = "page.html"};
    struct winnow *w;
    struct winnow_page *page;
    struct winnow_error err;
    if (winnow_new(NULL, &w, &err) || winnow_clean(w, &in, &page, &err) ||
        winnow_render(page, WINNOW_TEXT, print, NULL, &err)) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    winnow_page_free(page);
    winnow_free(w);
    return buf_add() != 7;
}
END

expect()
{
    [ "$1" = "$2" ] || {
        printf 'wanted "%s", got "%s"\n' "$1" "$2" >&2
        exit 1
    }
}

# pkg-config's words are compiler arguments.
# shellcheck disable=SC2046
"$CC" -o "$stage/shared" "$stage/caller.c" $(pkg-config --cflags --libs winnow)
expect "A page of one sentence." "$(LD_LIBRARY_PATH=$stage/$libdir "$stage/shared")"

# shellcheck disable=SC2046
"$CC" -o "$stage/static" "$stage/caller.c" $(pkg-config --cflags winnow) "$stage/$libdir/libwinnow.a" \
    $(pkg-config --libs $(pkg-config --print-requires-private winnow))
expect "A page of one sentence." "$("$stage/static")"

printf '<p>A page of one sentence.</p>' > "$stage/page.html"
expect "A page of one sentence." "$("$stage/bin/winnow" clean "$stage/page.html")"
diff -r "$sources/rules" "$stage/share/winnow/rules"
