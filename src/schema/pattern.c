/* SPDX-License-Identifier: Apache-2.0
 *
 * The only file that knows PCRE2. Its own match limit counts anew at each place where a match could begin, and not the
 * characters that a repeat runs over; so each item of a pattern has a callout before it, which takes a few steps and one for
 * each character between two of them. No just-in-time compiler: it would be memory that the arena does not own.
 */
#include "schema/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <stdlib.h>

#define CALLOUT_STEPS 4
#define MATCH_STEPS 32 /* to begin one */
#define HEAP_KIB 65536 /* that a match may take */

struct pattern {
    struct str source;
    pcre2_code *code; /* in the arena */
};

struct match {
    struct steps *steps;
    size_t at;
};

static void *take(size_t size, void *arena) { return arena_alloc(arena, size); }

static void leave(void *p, void *arena) { (void)p, (void)arena; }

static int refuse(int number, size_t at, struct err *e)
{
    char why[256];
    (void)pcre2_get_error_message(number, (PCRE2_UCHAR *)why, sizeof why);
    return err_set(e, ERR_INVALID, "%s (byte %zu of it)", why, at);
}

static int compile(struct pattern *p, struct arena *a, struct str ecma, struct err *e)
{
    static const uint32_t options = PCRE2_UTF | PCRE2_NO_UTF_CHECK | PCRE2_ALT_BSUX | PCRE2_DOLLAR_ENDONLY | PCRE2_MATCH_UNSET_BACKREF |
                                    PCRE2_ALLOW_EMPTY_CLASS | PCRE2_NEVER_BACKSLASH_C | PCRE2_AUTO_CALLOUT;
    pcre2_general_context *memory = pcre2_general_context_create(take, leave, a);
    pcre2_compile_context *how = pcre2_compile_context_create(memory);
    int number;
    size_t at;
    (void)pcre2_set_compile_extra_options(how, PCRE2_EXTRA_ALT_BSUX);
    (void)pcre2_set_newline(how, PCRE2_NEWLINE_ANYCRLF);
    p->code = pcre2_compile((PCRE2_SPTR)ecma.p, ecma.len, options, &number, &at, how);
    return p->code ? 0 : refuse(number, at, e);
}

int pattern_compile(const struct pattern **ret, struct arena *a, struct str source, struct err *e)
{
    struct pattern *p = arena_alloc(a, sizeof *p);
    struct buf ecma;
    if (source.len > PATTERN_MAX) return err_set(e, ERR_INVALID, "longer than %d bytes", PATTERN_MAX);
    buf_init(&ecma, PATTERN_MAX * 40);
    buf_add_text(&ecma, "");
    p->source = arena_str(a, source);
    int err = pattern_for_pcre(&ecma, source, e);
    if (!err && buf_err(&ecma)) err = err_set(e, buf_err(&ecma), "%s", err_text(buf_err(&ecma)));
    if (!err) err = compile(p, a, ecma.p ? buf_str(&ecma) : STR(""), e);
    buf_release(&ecma);
    if (!err) *ret = p;
    return err;
}

struct str pattern_source(const struct pattern *p) { return p->source; }

static int on_item(pcre2_callout_block *block, void *user)
{
    struct match *m = user;
    size_t moved = block->current_position > m->at ? block->current_position - m->at : m->at - block->current_position;
    m->at = block->current_position;
    return steps_take(m->steps, CALLOUT_STEPS + moved) ? 0 : PCRE2_ERROR_CALLOUT;
}

bool pattern_is_in(const struct pattern *p, struct str text, struct steps *steps)
{
    struct match m = {steps, 0};
    pcre2_match_context *how = pcre2_match_context_create(NULL);
    pcre2_match_data *data = pcre2_match_data_create(1, NULL);
    int rc = PCRE2_ERROR_NOMEMORY;
    (void)steps_take(steps, MATCH_STEPS);
    if (how && data) {
        (void)pcre2_set_callout(how, on_item, &m);
        (void)pcre2_set_heap_limit(how, HEAP_KIB);
        rc = pcre2_match(p->code, (PCRE2_SPTR)(text.p ? text.p : ""), text.len, 0, PCRE2_NO_UTF_CHECK, data, how);
    }
    pcre2_match_data_free(data);
    pcre2_match_context_free(how);
    if (rc < 0 && rc != PCRE2_ERROR_NOMATCH) steps->left = -1; /* too long, too deep, too large: it is not known */
    return rc >= 0;
}
