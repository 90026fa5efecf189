/* SPDX-License-Identifier: Apache-2.0
 *
 * The text for Prometheus, read back by a parser of the exposition format 0.0.4 written for this test: every family
 * has HELP and TYPE before its samples and stands once, names and labels are legal, histograms add up.
 */
#include "base/limits.h"
#include "server/metrics.h"
#include "test/test.h"
#include <ctype.h>
#include <math.h>

struct sample {
    char name[96], labels[512]; /* labels unescaped: "queue=a;type=b;" */
    double value;
};

static struct sample samples[4096];
static size_t n_samples;
static char families[64][2][96]; /* name, type */
static size_t n_families;
static struct metrics m;
static int64_t now_ms;

static int64_t fake_ms(const struct clock *c)
{
    (void)c;
    return now_ms;
}
static const struct clock test_clock = {fake_ms, fake_ms};

static bool is_name(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!isalpha((unsigned char)s[i]) && s[i] != '_' && s[i] != ':' && !(i > 0 && isdigit((unsigned char)s[i]))) return false;
    return len > 0;
}

static const char *parse_labels(const char *p, struct sample *s)
{
    size_t at = 0;
    while (*p != '}') {
        const char *eq = strchr(p, '=');
        CHECK(eq && is_name(p, (size_t)(eq - p)) && eq[1] == '"');
        while (p <= eq) s->labels[at++] = *p++;
        for (p++; *p != '"'; p++) {
            CHECK(*p && *p != '\n');
            if (*p == '\\') CHECK(*++p == '\\' || *p == '"' || *p == 'n');
            s->labels[at++] = p[-1] == '\\' && *p == 'n' ? '\n' : *p;
        }
        s->labels[at++] = ';';
        p++;
        if (*p == ',') p++;
        else CHECK(*p == '}');
    }
    s->labels[at] = 0;
    return p + 1;
}

/* The family a sample belongs to must have been announced last. */
static bool belongs(const char *name)
{
    const char *family = families[n_families - 1][0];
    size_t len = strlen(family);
    if (strcmp(name, family) == 0) return strcmp(families[n_families - 1][1], "histogram") != 0;
    if (strcmp(families[n_families - 1][1], "histogram") != 0 || strncmp(name, family, len) != 0) return false;
    return strcmp(name + len, "_bucket") == 0 || strcmp(name + len, "_sum") == 0 || strcmp(name + len, "_count") == 0;
}

static void parse_comment(const char *line, size_t len)
{
    static char help[96];
    char name[96], rest[256];
    CHECK(len < 256);
    char copy[256];
    memcpy(copy, line, len);
    copy[len] = 0;
    if (sscanf(copy, "# HELP %95s %255[^\n]", name, rest) == 2) {
        snprintf(help, sizeof help, "%s", name);
        return;
    }
    CHECK_INT(sscanf(copy, "# TYPE %95s %95s", name, rest), 2);
    CHECK_STR(str_of(name), help);
    CHECK(is_name(name, strlen(name)) && strncmp(name, "bide_", 5) == 0);
    CHECK(strcmp(rest, "counter") == 0 || strcmp(rest, "gauge") == 0 || strcmp(rest, "histogram") == 0);
    for (size_t i = 0; i < n_families; i++) CHECK(strcmp(families[i][0], name) != 0);
    snprintf(families[n_families][0], 96, "%s", name);
    snprintf(families[n_families++][1], 96, "%.90s", rest);
}

static void parse_sample(const char *line, const char *end)
{
    struct sample *s = &samples[n_samples++];
    CHECK(n_samples < sizeof samples / sizeof *samples);
    size_t len = strcspn(line, "{ ");
    CHECK(is_name(line, len) && len < sizeof s->name);
    memcpy(s->name, line, len);
    s->name[len] = 0;
    s->labels[0] = 0;
    const char *p = line + len;
    if (*p == '{') p = parse_labels(p + 1, s);
    CHECK(*p == ' ');
    char *stop;
    s->value = strtod(p + 1, &stop);
    CHECK(stop == end && isfinite(s->value));
    CHECK(belongs(s->name));
    for (size_t i = 0; i + 1 < n_samples; i++)
        CHECK(strcmp(samples[i].name, s->name) != 0 || strcmp(samples[i].labels, s->labels) != 0);
}

static void parse(struct str text)
{
    n_samples = n_families = 0;
    CHECK(text.len == 0 || text.p[text.len - 1] == '\n');
    for (const char *line = text.p, *end; line && line < text.p + text.len; line = end + 1) {
        end = strchr(line, '\n');
        CHECK(end > line);
        if (*line == '#') parse_comment(line, (size_t)(end - line));
        else parse_sample(line, end);
    }
}

static void read_metrics(void)
{
    struct buf b;
    buf_init(&b, 1 << 24);
    metrics_write(&m, &b);
    CHECK_INT(buf_err(&b), 0);
    parse(buf_str(&b));
    buf_release(&b);
}

static double value(const char *name, const char *labels)
{
    for (size_t i = 0; i < n_samples; i++)
        if (strcmp(samples[i].name, name) == 0 && strcmp(samples[i].labels, labels) == 0) return samples[i].value;
    return -1;
}

TEST(nothing_counted_is_a_valid_text_without_samples)
{
    metrics_init(&m, &test_clock);
    read_metrics();
    CHECK_INT(n_samples, 0);
    CHECK_INT(n_families, 16);
    metrics_release(&m);
}

TEST(what_was_counted_is_what_is_read)
{
    metrics_init(&m, &test_clock);
    struct str q = STR("gpu"), t = STR("transcribe");
    for (int i = 0; i < 5; i++) metrics_submitted(&m, q, t, false);
    metrics_submitted(&m, q, t, true);
    metrics_submitted(&m, STR("default"), t, false);
    metrics_ended(&m, q, t, TASK_COMPLETED);
    metrics_ended(&m, q, t, TASK_EXPIRED);
    metrics_ended(&m, q, t, TASK_EXPIRED);
    metrics_attempt(&m, q, t, LIFE_DONE, 1500);
    metrics_attempt(&m, q, t, LIFE_CRASHED, 10);
    metrics_attempt(&m, q, t, LIFE_LOST, 10);
    read_metrics();
    CHECK_INT(value("bide_tasks_submitted_total", "queue=gpu;type=transcribe;"), 5);
    CHECK_INT(value("bide_tasks_submitted_total", "queue=default;type=transcribe;"), 1);
    CHECK_INT(value("bide_tasks_refused_total", "queue=gpu;type=transcribe;reason=queue_full;"), 1);
    CHECK_INT(value("bide_tasks_ended_total", "queue=gpu;type=transcribe;status=completed;"), 1);
    CHECK_INT(value("bide_tasks_ended_total", "queue=gpu;type=transcribe;status=expired;"), 2);
    CHECK_INT(value("bide_tasks_ended_total", "queue=gpu;type=transcribe;status=cancelled;"), 0);
    CHECK_INT(value("bide_attempts_total", "queue=gpu;type=transcribe;status=done;"), 1);
    CHECK_INT(value("bide_attempts_total", "queue=gpu;type=transcribe;status=released;"), 0);
    CHECK_INT(value("bide_worker_crashes_total", "queue=gpu;type=transcribe;"), 1);
    metrics_release(&m);
}

/* life_verdict_word says `lost` for a crash: the sum over all verdicts is the number of attempts. */
TEST(every_attempt_is_counted_under_one_status)
{
    metrics_init(&m, &test_clock);
    for (int v = 0; v < LIFE_CLAIM; v++) metrics_attempt(&m, STR("q"), STR("t"), (enum life_event)v, 1);
    read_metrics();
    double sum = 0;
    for (size_t i = 0; i < n_samples; i++)
        if (strcmp(samples[i].name, "bide_attempts_total") == 0) sum += samples[i].value;
    CHECK_INT(sum, LIFE_CLAIM);
    CHECK_INT(value("bide_attempts_total", "queue=q;type=t;status=lost;"), 2);
    CHECK_INT(value("bide_attempts_total", "queue=q;type=t;status=released;"), 2);
    metrics_release(&m);
}

TEST(histograms_grow_with_their_bounds_and_end_with_their_count)
{
    metrics_init(&m, &test_clock);
    int64_t waits_ms[] = {-5, 0, 5, 6, 10, 999, 1000, 1001, 86400000, 86400001};
    for (size_t i = 0; i < sizeof waits_ms / sizeof *waits_ms; i++) metrics_started(&m, STR("q"), STR("t"), waits_ms[i]);
    read_metrics();
    CHECK_INT(value("bide_task_wait_seconds_bucket", "queue=q;type=t;le=0.005;"), 3);
    CHECK_INT(value("bide_task_wait_seconds_bucket", "queue=q;type=t;le=0.01;"), 5);
    CHECK_INT(value("bide_task_wait_seconds_bucket", "queue=q;type=t;le=1;"), 7);
    CHECK_INT(value("bide_task_wait_seconds_bucket", "queue=q;type=t;le=86400;"), 9);
    CHECK_INT(value("bide_task_wait_seconds_bucket", "queue=q;type=t;le=+Inf;"), 10);
    CHECK_INT(value("bide_task_wait_seconds_count", "queue=q;type=t;"), 10);
    double sum = value("bide_task_wait_seconds_sum", "queue=q;type=t;"), wanted = 172800.001 + 3.021;
    CHECK(fabs(sum - wanted) < 0.01);
    double below = 0;
    for (size_t i = 0; i < n_samples; i++) {
        if (strcmp(samples[i].name, "bide_task_wait_seconds_bucket") != 0) continue;
        CHECK(samples[i].value >= below);
        below = samples[i].value;
    }
    CHECK_INT(value("bide_attempt_seconds_count", "queue=q;type=t;"), 0);
    metrics_release(&m);
}

TEST(errors_of_estimates_are_parts_of_the_time_and_stand_only_where_there_were_some)
{
    static const double ratios[] = {0, 0.1, 0.11, 0.25, 3, 100};
    metrics_init(&m, &test_clock);
    metrics_submitted(&m, STR("q"), STR("other"), false);
    for (size_t i = 0; i < sizeof ratios / sizeof *ratios; i++) metrics_eta_error(&m, STR("q"), STR("t"), ratios[i]);
    read_metrics();
    CHECK_INT(value("bide_eta_error_ratio_bucket", "queue=q;type=t;le=0.1;"), 2);
    CHECK_INT(value("bide_eta_error_ratio_bucket", "queue=q;type=t;le=0.25;"), 4);
    CHECK_INT(value("bide_eta_error_ratio_bucket", "queue=q;type=t;le=10;"), 5);
    CHECK_INT(value("bide_eta_error_ratio_count", "queue=q;type=t;"), 6);
    CHECK_INT(value("bide_eta_error_ratio_count", "queue=q;type=other;"), -1);
    metrics_release(&m);
}

TEST(hits_and_misses_stand_where_a_kept_result_was_asked_for)
{
    metrics_init(&m, &test_clock);
    metrics_submitted(&m, STR("q"), STR("other"), false);
    for (int i = 0; i < 5; i++) metrics_cache(&m, STR("q"), STR("t"), i % 2 ? METRICS_CACHE_HIT : METRICS_CACHE_MISS);
    metrics_cache(&m, STR("r"), STR("t"), METRICS_CACHE_HIT);
    metrics_cache(&m, STR("r"), STR("t"), METRICS_CACHE_SHARED);
    read_metrics();
    CHECK_INT(value("bide_cache_hits_total", "queue=q;type=t;"), 2);
    CHECK_INT(value("bide_cache_misses_total", "queue=q;type=t;"), 3);
    CHECK_INT(value("bide_cache_hits_total", "queue=r;type=t;"), 1);
    CHECK_INT(value("bide_cache_misses_total", "queue=r;type=t;"), 0);
    CHECK_INT(value("bide_cache_shared_total", "queue=r;type=t;"), 1);
    CHECK_INT(value("bide_cache_shared_total", "queue=q;type=t;"), 0);
    CHECK_INT(value("bide_cache_hits_total", "queue=q;type=other;"), -1);
    metrics_release(&m);
}

TEST(label_values_are_escaped)
{
    metrics_init(&m, &test_clock);
    metrics_submitted(&m, STR("a\"b\\c\nd"), STR("caf\xc3\xa9 {x=\"1\"},"), false);
    read_metrics();
    CHECK_INT(value("bide_tasks_submitted_total", "queue=a\"b\\c\nd;type=caf\xc3\xa9 {x=\"1\"},;"), 1);
    metrics_release(&m);
}

TEST(the_longest_names_fit)
{
    char name[LIMIT_NAME];
    memset(name, '"', sizeof name);
    struct str s = {name, sizeof name};
    metrics_init(&m, &test_clock);
    metrics_submitted(&m, s, s, false);
    metrics_attempt(&m, s, s, LIFE_DONE, 5);
    read_metrics();
    CHECK(n_samples > 40);
    metrics_release(&m);
}

TEST(numbers_are_written_so_that_they_can_be_read_back)
{
    double values[] = {0, 1, -1, 0.5, 123456789, 1e15, 4e18, 0.001, 1e-9};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        struct buf b;
        buf_init(&b, 4096);
        metrics_write_family(&b, "bide_x", "gauge", "Something.");
        metrics_write_sample(&b, "bide_x", "", values[i]);
        metrics_write_sample(&b, "bide_x", "queue=\"a\"", values[i]);
        parse(buf_str(&b));
        CHECK(value("bide_x", "") == values[i] && value("bide_x", "queue=a;") == values[i]);
        buf_release(&b);
    }
}

TEST_MAIN
