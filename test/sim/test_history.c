/* SPDX-License-Identifier: Apache-2.0
 *
 * The checker, checked: it finds what is wrong with every history of histories_bad.txt and nothing in those of
 * histories_good.txt. And facts are the same after they were written and read.
 */
#include "test/sim/sim_history.h"
#include "test/test.h"

#define FOLDER "test/sim/"

struct reading {
    FILE *file;
    struct arena arena;
    char name[128], wanted[128]; /* wanted empty: nothing */
    bool any;                    /* a history came to its end */
    int n;
};

static struct str line_of(struct reading *r, char *line, int size)
{
    if (!fgets(line, size, r->file)) return STR_NONE;
    size_t len = strcspn(line, "\n");
    CHECK(line[len] == '\n');
    return (struct str){line, len};
}

static void there_and_back(const struct fact *f, struct str line)
{
    struct buf b;
    struct fact again;
    struct arena a = {0};
    buf_init(&b, 4096);
    fact_print(f, &b);
    CHECK_INT(fact_parse(&again, (struct str){b.p, b.len - 1}, &a), 0);
    struct buf c;
    buf_init(&c, 4096);
    fact_print(&again, &c);
    CHECK(str_eq(buf_str(&b), buf_str(&c)));
    CHECK(line.len > 0);
    arena_release(&a);
    buf_release(&b);
    buf_release(&c);
}

/* The next history, told to the checker. False: there is none. */
static bool tell_next(struct reading *r, struct sim_check *c)
{
    char text[512];
    r->name[0] = r->wanted[0] = 0;
    for (struct str line; (line = line_of(r, text, sizeof text)).p;) {
        struct fact f;
        if (line.len == 0 && r->name[0]) break;
        if (line.len == 0 || line.p[0] == '#') continue;
        if (!r->name[0]) str_copy(r->name, sizeof r->name, line);
        else if (line.p[0] == '!') str_copy(r->wanted, sizeof r->wanted, (struct str){line.p + 2, line.len - 2});
        else {
            if (fact_parse(&f, line, &r->arena)) fprintf(stderr, "%s: not a fact: %s\n", r->name, text);
            CHECK_INT(fact_parse(&f, line, &r->arena), 0);
            there_and_back(&f, line);
            sim_check_fact(c, &f);
        }
    }
    r->n += r->name[0] != 0;
    return r->name[0] != 0;
}

static int wrong_in(const char *path, int *ret_n)
{
    struct reading r = {.file = fopen(path, "r")};
    struct sim_check c;
    int wrong = 0;
    CHECK(r.file);
    for (sim_check_open(&c); tell_next(&r, &c); sim_check_close(&c), sim_check_open(&c)) {
        bool good = r.wanted[0] ? strstr(c.broken, r.wanted) != NULL : c.broken[0] == 0;
        wrong += !good;
        if (!good) fprintf(stderr, "%s: wanted \"%s\", the checker says \"%s\"\n", r.name, r.wanted, c.broken);
    }
    *ret_n = r.n;
    arena_release(&r.arena);
    fclose(r.file);
    return wrong;
}

TEST(every_bad_history_is_found_out)
{
    int n;
    CHECK_INT(wrong_in(FOLDER "histories_bad.txt", &n), 0);
    printf("%d bad histories, all found out\n", n);
    CHECK(n >= 50);
}

TEST(no_good_history_is_suspected)
{
    int n;
    CHECK_INT(wrong_in(FOLDER "histories_good.txt", &n), 0);
    CHECK(n >= 6);
}

TEST(what_is_not_a_fact_is_told_apart)
{
    static const char *const wrong[] = {"",
                                        "x",
                                        "1",
                                        "1 dreamt t1",
                                        "1 claimed t1 fence=x",
                                        "1 told t",
                                        "1 told t1x",
                                        "1 told run",
                                        "1 settled t1 state=odd",
                                        "1 settled t1 verdict=odd",
                                        "1 told id=1"};
    struct arena a = {0};
    struct fact f;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        CHECK_INT(fact_parse(&f, str_of(wrong[i]), &a), ERR_INVALID);
    arena_release(&a);
}

TEST_MAIN
