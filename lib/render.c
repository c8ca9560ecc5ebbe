/* render.c - a page in each of the formats that it can be written in. */
#include "render.h"

#include "err.h"
#include "record.h"
#include "written.h"

static void render_text(const struct page *p, struct buf *ret)
{
    struct written w;
    if (written_make(p, false, &w) != WINNOW_OK)
        ret->status = WINNOW_ENOMEM;
    buf_add(ret, w.text.data, w.text.len);
    written_free(&w);
}

static void render_json(const struct page *p, struct buf *ret)
{
    render_record(p, true, ret);
}

static void render_jsonl(const struct page *p, struct buf *ret)
{
    render_record(p, false, ret);
}

static void (*const formats[])(const struct page *p, struct buf *ret) = {
    [WINNOW_TEXT] = render_text,
    [WINNOW_JSON] = render_json,
    [WINNOW_JSONL] = render_jsonl,
    [WINNOW_EXPLAIN] = explain_text,
    [WINNOW_EXPLAIN_HTML] = explain_html,
};

int render_page(const struct page *p, enum winnow_format format, winnow_write_fn *write,
                void *ctx, struct winnow_error *err)
{
    if ((size_t)format >= sizeof formats / sizeof *formats)
        return err_set(err, WINNOW_EUSAGE, "there is no format %d; winnow.h lists them", (int)format);
    struct buf out;
    buf_init(&out, SIZE_MAX / 2);
    formats[format](p, &out);
    int status = out.status;
    if (status != WINNOW_OK)
        status = err_nomem(err);
    else if (out.len > 0 && write(ctx, out.data, out.len) != 0)
        status = err_set(err, WINNOW_EIO, "writing was stopped by the caller; render the page again");
    buf_free(&out);
    return status;
}
