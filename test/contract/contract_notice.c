/* SPDX-License-Identifier: Apache-2.0
 *
 * Notifications come with what pays for an ending, are listed, counted, read and swept.
 */
#include "test/contract/contract.h"

#define DAY (24 * 3600 * INT64_C(1000))

static const struct task_tag tags[] = {{STR("chapter"), STR("5")}, {STR("\"q\""), STR("\xc3\xa4")}};

static void reopen(struct contract *c)
{
    if (c->engine->survives) contract_reopen(c);
    (void)contract_count(c, "q");
}

static struct id ended(struct contract *c)
{
    struct task_body body = contract_body(c, "q", "t");
    body.sequel = STR("{}");
    (void)contract_add(c, &body);
    CHECK(contract_control(c, &body.id, STORE_CANCEL).ended);
    return body.id;
}

static struct notice make(struct contract *c, const struct id *task, const char *subject)
{
    return (struct notice){.id = id_make(&c->ids), .task = *task, .run = 1, .type = STR("t"), .kind = STR("k"), .subject = str_of(subject),
                           .tags = tags, .n_tags = 2, .status = TASK_CANCELLED, .title = STR("It is \xc3\xa4ll over"),
                           .message = STR("m"), .data = STR("{\"a\":1}"), .created_at_ms = c->clock.wall_ms};
}

/* With n of them; was it owed? */
static bool pay(struct contract *c, const struct id *task, struct notice *all, size_t n)
{
    struct store_add r = {.pays = true, .paid = *task, .paid_run = 1, .notices = all, .n_notices = n};
    ASK(c, add, &r);
    CHECK_INT(r.req.err, 0);
    store_release(&r.req);
    return !r.unowed;
}

static struct notice put(struct contract *c, const char *subject)
{
    struct id task = ended(c);
    struct notice n = make(c, &task, subject);
    CHECK(pay(c, &task, &n, 1));
    return n;
}

static int get(struct contract *c, const struct id *id, int64_t serial, struct notice *ret, struct arena *keep)
{
    struct store_notice_get r = {.id = *id, .serial = serial};
    ASK(c, notice_get, &r);
    CHECK_INT(r.req.err, 0);
    *ret = r.notice;
    *keep = r.req.arena;
    return r.found;
}

static int64_t read_at(struct contract *c, const struct id *id)
{
    struct notice n;
    struct arena keep;
    CHECK_INT(get(c, id, 0, &n, &keep), 0);
    arena_release(&keep);
    return n.read_at_ms;
}

static int read_one(struct contract *c, const struct id *id, int64_t serial, bool *ret_new)
{
    struct store_notice_read r = {.id = *id, .serial = serial};
    ASK(c, notice_read, &r);
    CHECK_INT(r.req.err, 0);
    if (ret_new) *ret_new = r.n == 1;
    int err = r.err;
    CHECK(err || r.notice.read_at_ms > 0);
    store_release(&r.req);
    return err;
}

static size_t read_all(struct contract *c, const char *subject, const struct id *until, size_t max, bool *ret_more)
{
    struct store_notice_read r = {.all = true, .subject = str_of(subject), .max = max, .has_until = until != NULL};
    if (until) r.until = *until;
    ASK(c, notice_read, &r);
    CHECK_INT(r.req.err, 0);
    if (ret_more) *ret_more = r.more;
    size_t n = r.n;
    store_release(&r.req);
    return n;
}

static struct store_notice_list list(struct contract *c, struct store_notice_list ask)
{
    struct store_notice_list r = ask;
    ASK(c, notice_list, &r);
    CHECK_INT(r.req.err, 0);
    store_release(&r.req);
    return r;
}

/* Of all, and unread. */
static void counts(struct contract *c, int64_t n, int64_t unread)
{
    struct store_notice_list r = list(c, (struct store_notice_list){.limit = 0});
    CHECK_INT(r.total.n, n);
    CHECK_INT(r.total.unread, unread);
    CHECK_INT(r.unread, unread);
}

static void is(const struct notice *seen, const struct notice *wanted)
{
    CHECK(id_cmp(&seen->id, &wanted->id) == 0 && id_cmp(&seen->task, &wanted->task) == 0);
    CHECK(seen->run == wanted->run && seen->status == wanted->status && seen->serial == wanted->serial && seen->tenant == wanted->tenant);
    CHECK(seen->created_at_ms == wanted->created_at_ms && seen->n_tags == wanted->n_tags);
    CHECK(str_eq(seen->type, wanted->type) && str_eq(seen->kind, wanted->kind) && str_eq(seen->title, wanted->title));
    CHECK(str_eq(seen->subject, wanted->subject) && (seen->subject.p == NULL) == (wanted->subject.p == NULL));
    CHECK(str_eq(seen->message, wanted->message) && (seen->message.p == NULL) == (wanted->message.p == NULL));
    CHECK(str_eq(seen->data, wanted->data) && (seen->data.p == NULL) == (wanted->data.p == NULL));
    for (size_t i = 0; i < seen->n_tags; i++)
        CHECK(str_eq(seen->tags[i].key, wanted->tags[i].key) && str_eq(seen->tags[i].value, wanted->tags[i].value));
}

CASE(one_is_there_with_what_pays_for_the_ending_and_that_once)
{
    struct id task = ended(c);
    struct notice n[2] = {make(c, &task, "ann"), make(c, &task, NULL)}, seen;
    n[1].message = n[1].data = STR_NONE;
    n[1].n_tags = 0;
    counts(c, 0, 0);
    CHECK(pay(c, &task, n, 2));
    CHECK(n[0].serial == 1 && n[1].serial == 2);
    struct notice again = make(c, &task, "ann");
    CHECK(!pay(c, &task, &again, 1)); /* a resend after a lost answer */
    reopen(c);
    counts(c, 2, 2);
    for (int i = 0; i < 2; i++) {
        struct arena keep;
        CHECK_INT(get(c, &n[i].id, 0, &seen, &keep), 0);
        is(&seen, &n[i]);
        CHECK_INT(seen.read_at_ms, 0);
        arena_release(&keep);
        CHECK_INT(get(c, &task, n[i].serial, &seen, &keep), 0);
        is(&seen, &n[i]);
        arena_release(&keep);
    }
}

CASE(one_that_is_not_there_is_not_found)
{
    struct notice n = put(c, NULL), seen;
    struct id other = id_make(&c->ids);
    struct arena keep;
    CHECK_INT(get(c, &other, 0, &seen, &keep), ERR_NOT_FOUND);
    CHECK_INT(get(c, &n.id, 77, &seen, &keep), ERR_NOT_FOUND);
    CHECK_INT(read_one(c, &other, 0, NULL), ERR_NOT_FOUND);
    CHECK_INT(read_one(c, &n.id, 77, NULL), ERR_NOT_FOUND);
    struct store_notice_drop drop = {.id = other};
    ASK(c, notice_drop, &drop);
    CHECK(drop.req.err == 0 && drop.err == ERR_NOT_FOUND && drop.unread == 1);
    store_release(&drop.req);
    counts(c, 1, 1);
}

CASE(reading_one_is_remembered_at_its_first_time)
{
    struct notice a = put(c, NULL), b = put(c, NULL);
    bool new;
    int64_t at = c->clock.wall_ms += 5;
    CHECK(read_one(c, &a.id, 0, &new) == 0 && new);
    c->clock.wall_ms += 5;
    CHECK(read_one(c, &a.id, 0, &new) == 0 && !new);
    reopen(c);
    CHECK_INT(read_at(c, &a.id), at);
    CHECK_INT(read_at(c, &b.id), 0);
    counts(c, 2, 1);
    CHECK(read_one(c, &a.id, b.serial, &new) == 0 && new); /* a serial says which */
    CHECK(read_at(c, &b.id) > at);
    counts(c, 2, 0);
}

CASE(all_of_a_subject_are_read_in_steps_up_to_one)
{
    struct notice all[6];
    bool more;
    for (int i = 0; i < 6; i++) all[i] = put(c, i % 2 ? "bob" : "ann");
    CHECK(read_all(c, "ann", &all[3].id, 1, &more) == 1 && more);
    CHECK(read_at(c, &all[0].id) && !read_at(c, &all[2].id)); /* the oldest first */
    CHECK(read_all(c, "ann", &all[3].id, 2, &more) == 1 && !more);
    CHECK(read_at(c, &all[2].id) && !read_at(c, &all[4].id) && !read_at(c, &all[1].id));
    counts(c, 6, 4);
    CHECK_INT(list(c, (struct store_notice_list){.subject = STR("ann")}).unread, 1);
    CHECK_INT(list(c, (struct store_notice_list){.subject = STR("bob")}).unread, 3);
    CHECK_INT(list(c, (struct store_notice_list){.subject = STR("none")}).unread, 0);
    CHECK(read_all(c, NULL, NULL, 100, &more) == 4 && !more);
    CHECK_INT(read_all(c, NULL, NULL, 100, NULL), 0);
    reopen(c);
    counts(c, 6, 0);
}

/* Every filter against a look at each. */
CASE(lists_show_what_fits_newest_first_page_by_page)
{
    enum { N = 24 };
    struct notice all[N];
    struct id tasks[2] = {ended(c), ended(c)};
    for (int i = 0; i < N; i++) all[i] = make(c, &tasks[i % 3 == 0], i % 4 == 3 ? NULL : i % 4 ? "ann" : "bob");
    struct notice a[N / 2], b[N / 2];
    memcpy(a, all, sizeof a), memcpy(b, all + N / 2, sizeof b);
    CHECK(pay(c, &tasks[0], a, N / 2) && pay(c, &tasks[1], b, N / 2));
    for (int i = 0; i < N; i += 5) CHECK_INT(read_one(c, &all[i].id, 0, NULL), 0);
    reopen(c);
    for (int f = 0; f < 12; f++) {
        struct store_notice_list r = {.unread_only = f & 1, .subject = f & 2 ? STR("ann") : STR_NONE, .has_task = f >= 4,
                                      .task = tasks[f >= 8], .limit = 3};
        int at = N - 1, pages = 0;
        do {
            ASK(c, notice_list, &r);
            CHECK(r.req.err == 0 && r.n <= 3 && (r.n == 3 || !r.more));
            for (size_t i = 0; i < r.n; i++, at--) {
                while (at >= 0 && ((f & 1 && at % 5 == 0) || (f & 2 && (at % 4 == 3 || at % 4 == 0)) || (f >= 4 && (at % 3 == 0) != (f >= 8)))) at--;
                CHECK(at >= 0 && id_cmp(&r.items[i].id, &all[at].id) == 0);
            }
            if (r.n) r.after = r.items[r.n - 1].id;
            r.has_after = true;
            store_release(&r.req);
        } while (r.more && pages++ < N);
        while (at >= 0 && ((f & 1 && at % 5 == 0) || (f & 2 && (at % 4 == 3 || at % 4 == 0)) || (f >= 4 && (at % 3 == 0) != (f >= 8)))) at--;
        CHECK_INT(at, -1);
    }
}

CASE(one_that_is_removed_is_counted_no_more_and_its_serial_given_to_nobody)
{
    struct notice a = put(c, "ann"), b = put(c, "ann");
    CHECK_INT(read_one(c, &a.id, 0, NULL), 0);
    struct store_notice_drop drop = {.id = b.id};
    ASK(c, notice_drop, &drop);
    CHECK(drop.req.err == 0 && drop.err == 0 && drop.unread == 0);
    store_release(&drop.req);
    counts(c, 1, 0);
    reopen(c);
    CHECK_INT(put(c, NULL).serial, 3);
    drop = (struct store_notice_drop){.id = a.id};
    ASK(c, notice_drop, &drop);
    CHECK(drop.err == 0 && drop.unread == 1);
    store_release(&drop.req);
    counts(c, 1, 1);
}

CASE(it_stays_when_its_task_goes)
{
    struct notice n = put(c, NULL), seen;
    struct arena keep;
    CHECK_INT(contract_control(c, &n.task, STORE_DELETE).err, 0);
    reopen(c);
    CHECK_INT(get(c, &n.id, 0, &seen, &keep), 0);
    is(&seen, &n);
    arena_release(&keep);
}

static struct store_notice_sweep sweep(struct contract *c, int64_t before_ms, int64_t keep, size_t max)
{
    struct store_notice_sweep r = {.before_ms = before_ms, .keep = keep, .max = max};
    ASK(c, notice_sweep, &r);
    CHECK_INT(r.req.err, 0);
    store_release(&r.req);
    return r;
}

CASE(a_sweep_takes_the_old_and_what_is_too_many_the_oldest_first)
{
    struct notice all[10];
    for (int i = 0; i < 10; i++) {
        all[i] = put(c, NULL);
        c->clock.wall_ms += DAY;
    }
    CHECK_INT(read_one(c, &all[1].id, 0, NULL), 0);
    CHECK_INT(sweep(c, 0, 0, 100).n, 0);
    CHECK_INT(sweep(c, 0, 10, 100).n, 0);
    struct store_notice_sweep r = sweep(c, all[2].created_at_ms, 0, 100); /* two are older */
    CHECK(r.n == 2 && !r.more && r.oldest_ms == all[2].created_at_ms);
    CHECK(r.total.n == 8 && r.total.unread == 8);
    r = sweep(c, 0, 5, 2);
    CHECK(r.n == 2 && r.more && r.total.n == 6);
    r = sweep(c, 0, 5, 2);
    CHECK(r.n == 1 && !r.more && r.total.n == 5);
    reopen(c);
    counts(c, 5, 5);
    CHECK_INT(read_at(c, &all[5].id), 0);
    r = sweep(c, INT64_MAX, 0, 100);
    CHECK(r.n == 5 && r.oldest_ms == INT64_MAX && r.total.n == 0 && r.total.unread == 0);
}

int contract_notice(int argc, char **argv) { return test_main(argc, argv); }
