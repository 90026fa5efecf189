/* SPDX-License-Identifier: Apache-2.0
 *
 * Uploaded files: what is known of them, who refers to them, when they go.
 */
#include "test/contract/contract.h"

#define DAY (24 * 3600 * INT64_C(1000))

static struct id add(struct contract *c, enum file_keep keep, int64_t bytes)
{
    struct file f = {.id = id_make(&c->ids), .name = STR("a b.wav"), .type = STR("audio/wav"), .bytes = bytes,
                     .sha256 = {1, 2, 3}, .created_at_ms = c->clock.wall_ms, .keep = keep};
    struct store_file_add r = {.files = &f, .n = 1};
    ASK(c, file_add, &r);
    CHECK_INT(r.req.err, 0);
    store_release(&r.req);
    return f.id;
}

static bool is_there(struct contract *c, const struct id *id)
{
    struct store_file_get r = {.id = *id};
    ASK(c, file_get, &r);
    CHECK_INT(r.req.err, 0);
    store_release(&r.req);
    CHECK(r.found == 0 || r.found == ERR_NOT_FOUND);
    return r.found == 0;
}

/* A task that refers to these. Its item's err. */
static int refer(struct contract *c, const struct id *files, size_t n, struct id *ret, size_t *ret_missing)
{
    struct task_body body = contract_body(c, "q", "t");
    body.files = files;
    body.n_files = n;
    char text[200], id[ID_TEXT];
    id_format(&files[0], id);
    snprintf(text, sizeof text, "{\"f\":[\"file:%s\",\"file:%s\"]}", id, id);
    body.input = str_of(text);
    struct store_add_item item = {.body = &body};
    struct store_add r = {.items = &item, .n = 1};
    ASK(c, add, &r);
    CHECK_INT(r.req.err, 0);
    store_release(&r.req);
    *ret = body.id;
    if (ret_missing) *ret_missing = item.missing;
    return item.err;
}

static int drop(struct contract *c, const struct id *id)
{
    struct store_file_drop r = {.id = *id};
    ASK(c, file_drop, &r);
    CHECK_INT(r.req.err, 0);
    store_release(&r.req);
    return r.err;
}

/* One whole pass without a limit, after forgetting `forget`; how many are gone, the first of them in *ret. */
static size_t sweep(struct contract *c, const struct id *forget, int64_t retain_ms, struct id *ret, struct store_file_total *total)
{
    struct store_file_sweep r = {.forget = forget, .n_forget = forget ? 1 : 0, .retain_ms = retain_ms, .max = 50};
    ASK(c, file_sweep, &r);
    CHECK_INT(r.req.err, 0);
    CHECK(!r.more);
    size_t n = r.n_gone;
    if (n && ret) *ret = r.gone[0];
    if (total) *total = r.total;
    store_release(&r.req);
    return n;
}

static void finish(struct contract *c, const struct id *id)
{
    struct store_claim r = {.n = 0};
    contract_claim(c, &r, contract_lane(c, "q", "t"), 1);
    CHECK_INT(r.n, 1);
    CHECK(id_cmp(&r.items[0].body.id, id) == 0);
    struct life life = r.items[0].life;
    store_release(&r.req);
    CHECK_INT(contract_end(c, id, &life, LIFE_DONE).err, 0);
}

static int erase(struct contract *c, const struct id *id)
{
    struct store_control_item item = {.id = *id, .verb = STORE_DELETE};
    struct store_control r = {.items = &item, .n = 1};
    ASK(c, control, &r);
    CHECK_INT(r.req.err, 0);
    store_release(&r.req);
    return item.err;
}

CASE(a_file_is_known_as_it_was_added_also_after_a_restart)
{
    struct id id = add(c, FILE_KEEP_TASK, 7);
    if (c->engine->survives) contract_reopen(c);
    struct store_file_get r = {.id = id};
    ASK(c, file_get, &r);
    CHECK(r.req.err == 0 && r.found == 0);
    CHECK(id_cmp(&r.file.id, &id) == 0 && r.file.bytes == 7 && r.file.keep == FILE_KEEP_TASK && r.file.created_at_ms == c->clock.wall_ms);
    CHECK_STR(r.file.name, "a b.wav");
    CHECK_STR(r.file.type, "audio/wav");
    CHECK(r.file.sha256[0] == 1 && r.file.sha256[2] == 3 && r.file.sha256[31] == 0);
    store_release(&r.req);
    struct id other = id_make(&c->ids);
    CHECK(!is_there(c, &other));
    struct store_file_total total;
    CHECK_INT(sweep(c, NULL, FILE_FOREVER, NULL, &total), 0);
    CHECK(total.n == 1 && total.bytes == 7);
}

CASE(files_are_listed_newest_first_in_pages)
{
    struct id ids[5];
    for (int i = 0; i < 5; i++) ids[i] = add(c, FILE_KEEP_RECORD, i);
    CHECK_INT(drop(c, &ids[3]), 0);
    struct store_file_list r = {.limit = 2};
    ASK(c, file_list, &r);
    CHECK(r.req.err == 0 && r.n == 2 && r.more);
    CHECK(id_cmp(&r.items[0].id, &ids[4]) == 0 && id_cmp(&r.items[1].id, &ids[2]) == 0);
    CHECK_STR(r.items[1].name, "a b.wav");
    store_release(&r.req);
    r = (struct store_file_list){.limit = 2, .has_after = true, .after = ids[2]};
    ASK(c, file_list, &r);
    CHECK(r.req.err == 0 && r.n == 2 && !r.more && id_cmp(&r.items[1].id, &ids[0]) == 0);
    store_release(&r.req);
}

CASE(a_file_that_is_removed_is_there_for_nobody_and_then_forgotten)
{
    struct id id = add(c, FILE_KEEP_FOREVER, 5), other = add(c, FILE_KEEP_FOREVER, 6), task, gone;
    struct store_file_total total;
    CHECK_INT(drop(c, &id), 0);
    CHECK_INT(drop(c, &id), ERR_NOT_FOUND);
    CHECK(!is_there(c, &id));
    CHECK_INT(refer(c, (struct id[]){other, id}, 2, &task, NULL), ERR_UNKNOWN_FILE);
    if (c->engine->survives) contract_reopen(c);
    CHECK_INT(sweep(c, NULL, FILE_FOREVER, &gone, &total), 1); /* its bytes may still be there */
    CHECK(id_cmp(&gone, &id) == 0 && total.n == 2 && total.bytes == 11);
    CHECK_INT(sweep(c, &id, FILE_FOREVER, NULL, &total), 0);
    CHECK(total.n == 1 && total.bytes == 6);
    CHECK_INT(sweep(c, &id, FILE_FOREVER, NULL, &total), 0); /* asked again after a lost answer */
    CHECK(total.n == 1 && total.bytes == 6);
    CHECK_INT(sweep(c, &other, FILE_FOREVER, NULL, &total), 0); /* only what is gone is forgotten */
    CHECK(is_there(c, &other));
}

CASE(a_task_refers_to_files_that_are_there_or_is_not_added)
{
    struct id file = add(c, FILE_KEEP_RECORD, 1), none = id_make(&c->ids), task;
    size_t missing;
    CHECK_INT(refer(c, (struct id[]){file, none}, 2, &task, &missing), ERR_UNKNOWN_FILE);
    CHECK_INT(missing, 1);
    struct store_get g = {.id = task};
    ASK(c, get, &g);
    CHECK(g.req.err == 0 && g.found == ERR_NOT_FOUND);
    store_release(&g.req);
    CHECK_INT(drop(c, &file), 0); /* nor was anything remembered */
}

CASE(a_claim_tells_the_files_of_the_input_that_are_there)
{
    struct id file = add(c, FILE_KEEP_RECORD, 9), task;
    CHECK_INT(refer(c, &file, 1, &task, NULL), 0);
    struct store_claim r = {.n = 0};
    contract_claim(c, &r, contract_lane(c, "q", "t"), 1);
    CHECK(r.n == 1 && r.items[0].n_files == 1);
    CHECK(id_cmp(&r.items[0].files[0].id, &file) == 0 && r.items[0].files[0].bytes == 9);
    CHECK_STR(r.items[0].files[0].name, "a b.wav");
    store_release(&r.req);
}

CASE(a_file_stays_while_a_task_that_has_not_ended_refers_to_it)
{
    struct id file = add(c, FILE_KEEP_RECORD, 1), tasks[2];
    for (int i = 0; i < 2; i++) CHECK_INT(refer(c, &file, 1, &tasks[i], NULL), 0);
    CHECK_INT(drop(c, &file), ERR_CONFLICT);
    finish(c, &tasks[0]);
    CHECK_INT(drop(c, &file), ERR_CONFLICT);
    if (c->engine->survives) contract_reopen(c);
    CHECK_INT(drop(c, &file), ERR_CONFLICT);
    finish(c, &tasks[1]);
    CHECK_INT(drop(c, &file), 0);
}

CASE(a_file_is_kept_with_the_records_that_refer_to_it)
{
    struct id file = add(c, FILE_KEEP_RECORD, 1), alone = add(c, FILE_KEEP_RECORD, 1), kept = add(c, FILE_KEEP_FOREVER, 1), task, gone;
    CHECK_INT(refer(c, &file, 1, &task, NULL), 0);
    finish(c, &task);
    c->clock.wall_ms += DAY - 1;
    CHECK_INT(sweep(c, NULL, DAY, NULL, NULL), 0);
    c->clock.wall_ms += 1;
    CHECK_INT(sweep(c, NULL, FILE_FOREVER, NULL, NULL), 0);
    CHECK_INT(sweep(c, NULL, DAY, &gone, NULL), 1);
    CHECK(id_cmp(&gone, &alone) == 0);
    CHECK_INT(sweep(c, &alone, DAY, NULL, NULL), 0);
    CHECK_INT(erase(c, &task), 0);
    CHECK_INT(sweep(c, NULL, DAY, &gone, NULL), 1);
    CHECK(id_cmp(&gone, &file) == 0 && is_there(c, &kept));
}

CASE(one_kept_for_tasks_goes_with_the_end_of_the_last)
{
    struct id file = add(c, FILE_KEEP_TASK, 1), unused = add(c, FILE_KEEP_TASK, 1), tasks[2], gone;
    for (int i = 0; i < 2; i++) CHECK_INT(refer(c, &file, 1, &tasks[i], NULL), 0);
    finish(c, &tasks[0]);
    CHECK_INT(sweep(c, NULL, DAY, NULL, NULL), 0);
    finish(c, &tasks[1]);
    CHECK_INT(sweep(c, NULL, DAY, &gone, NULL), 1);
    CHECK(id_cmp(&gone, &file) == 0);
    c->clock.wall_ms += DAY;
    CHECK_INT(sweep(c, &file, DAY, &gone, NULL), 1);
    CHECK(id_cmp(&gone, &unused) == 0);
}

CASE(one_kept_for_tasks_stays_until_what_follows_them_was_added)
{
    struct id file = add(c, FILE_KEEP_TASK, 1);
    struct task_body body = contract_body(c, "q", "t");
    body.files = &file;
    body.n_files = 1;
    body.sequel = STR("{}");
    (void)contract_add(c, &body);
    finish(c, &body.id);
    if (c->engine->survives) contract_reopen(c);
    CHECK_INT(sweep(c, NULL, FILE_FOREVER, NULL, NULL), 0);
    CHECK_INT(drop(c, &file), ERR_CONFLICT);
    struct store_add pay = {.pays = true, .paid = body.id, .paid_run = 1};
    ASK(c, add, &pay);
    CHECK(pay.req.err == 0 && !pay.unowed);
    store_release(&pay.req);
    CHECK_INT(sweep(c, NULL, FILE_FOREVER, NULL, NULL), 1);
}

CASE(an_input_that_is_purged_refers_to_nothing)
{
    struct id file = add(c, FILE_KEEP_RECORD, 1), task;
    CHECK_INT(refer(c, &file, 1, &task, NULL), 0);
    finish(c, &task);
    c->clock.wall_ms += DAY;
    struct store_purge_item item = {.id = task, .run = 1, .parts = RETAIN_LOG};
    for (int i = 0; i < 2; i++, item.parts = RETAIN_INPUT) {
        struct store_purge r = {.items = &item, .n = 1};
        CHECK_INT(sweep(c, NULL, DAY, NULL, NULL), 0);
        ASK(c, purge, &r);
        CHECK(r.req.err == 0 && item.purged);
        store_release(&r.req);
    }
    CHECK_INT(sweep(c, NULL, DAY, NULL, NULL), 1);
}

CASE(a_sweep_goes_on_where_the_last_one_ended_and_says_when_the_next_is_due)
{
    struct id ids[7];
    for (int i = 0; i < 7; i++, c->clock.wall_ms += 1000) ids[i] = add(c, i == 5 ? FILE_KEEP_TASK : FILE_KEEP_RECORD, 1);
    struct store_file_sweep r = {.retain_ms = 5500, .max = 3};
    ASK(c, file_sweep, &r);
    CHECK(r.req.err == 0 && r.n_gone == 2 && r.more && !r.by_task && id_cmp(&r.last, &ids[2]) == 0);
    CHECK_INT(r.next_due_ms, T0 + 2000 + 5500);
    struct id forget[2] = {r.gone[0], r.gone[1]}, last = r.last;
    store_release(&r.req);
    r = (struct store_file_sweep){.retain_ms = 5500, .max = 3, .has_after = true, .after = last, .forget = forget, .n_forget = 2};
    ASK(c, file_sweep, &r);
    CHECK(r.req.err == 0 && r.n_gone == 0 && r.more && r.by_task && r.total.n == 5);
    last = r.last;
    store_release(&r.req);
    r = (struct store_file_sweep){.retain_ms = 5500, .max = 3, .has_after = true, .after = last};
    ASK(c, file_sweep, &r);
    CHECK(r.req.err == 0 && !r.more && id_cmp(&r.last, &ids[6]) == 0);
    store_release(&r.req);
}

int contract_file(int argc, char **argv) { return test_main(argc, argv); }
