/* SPDX-License-Identifier: Apache-2.0
 *
 * See canned.h.
 */
#include "canned.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct canned canned;

void canned_read(int fd, char *to, size_t cap)
{
    size_t len = 0, need = 0;
    to[0] = '\0';
    for (;;) {
        ssize_t n = read(fd, to + len, cap - 1 - len);
        if (n <= 0) return;
        len += (size_t)n;
        to[len] = '\0';
        char *end = strstr(to, "\r\n\r\n"), *length = strcasestr(to, "content-length: ");
        if (!end) continue;
        need = (size_t)(end - to) + 4 + (length ? strtoul(length + 16, NULL, 10) : 0);
        if (len >= need) return;
    }
}

static void *serve(void *arg)
{
    (void)arg;
    for (; canned.answers[canned.n]; canned.n++) {
        int fd = accept(canned.listener, NULL, NULL);
        if (fd < 0) break;
        canned_read(fd, canned.request[canned.n], sizeof canned.request[0]);
        struct str rest = str_of(canned.answers[canned.n]);
        while (rest.len > 0) {
            ssize_t n = write(fd, rest.p, rest.len);
            if (n <= 0) break;
            rest = str_sub(rest, (size_t)n, rest.len);
        }
        close(fd);
    }
    close(canned.listener); /* the last answer is given: from here on nobody is there */
    return NULL;
}

int canned_listen(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_INT(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    CHECK_INT(getsockname(fd, (struct sockaddr *)&a, &len), 0);
    CHECK_INT(listen(fd, 8), 0);
    snprintf(canned.server, sizeof canned.server, "http://127.0.0.1:%d", ntohs(a.sin_port));
    return fd;
}

void canned_start(const char *const *answers, const char *socket_path)
{
    memset(&canned, 0, sizeof canned);
    canned.answers = answers;
    if (socket_path) {
        struct sockaddr_un a = {.sun_family = AF_UNIX};
        str_copy(a.sun_path, sizeof a.sun_path, str_of(socket_path));
        canned.listener = socket(AF_UNIX, SOCK_STREAM, 0);
        CHECK_INT(bind(canned.listener, (struct sockaddr *)&a, sizeof a), 0);
        snprintf(canned.server, sizeof canned.server, "unix:%s", socket_path);
    } else {
        canned.listener = canned_listen();
    }
    CHECK_INT(listen(canned.listener, 8), 0);
    CHECK_INT(pthread_create(&canned.thread, NULL, serve, NULL), 0);
}

void canned_join(void) { pthread_join(canned.thread, NULL); }

struct bide_client *canned_client(void)
{
    struct bide_error e = {0};
    struct bide_client *c = bide_client_new(&(struct bide_client_options){.server = canned.server}, &e);
    CHECK(c != NULL);
    return c;
}

const char *canned_body(int request)
{
    char *end = strstr(canned.request[request], "\r\n\r\n");
    return end ? end + 4 : "";
}

bool canned_asked(int request, const char *start_of_line)
{
    return strstr(canned.request[request], start_of_line) != NULL;
}
