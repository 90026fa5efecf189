/* SPDX-License-Identifier: Apache-2.0
 *
 * Binding. Every refusal names the address as the user wrote it: "127.0.0.1:8080: address already in use".
 *
 * A UNIX socket's file outlives a killed server, and bind(2) then says "in use". Whether somebody listens is known by
 * connecting: refused means nobody, and only then, and only when it is a socket, is the file removed. Two servers that
 * do so at the same moment could both go on; the store's lock stops the second one.
 */
#include "loop/bind.h"
#include "base/str.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

#define BACKLOG 4096 /* the kernel cuts it to net.core.somaxconn */

/* libuv's texts: lower case, unlike strerror's, and so fit after a colon */
static int fail(struct err *e, const char *address, int sys)
{
    int code = sys == EADDRINUSE ? ERR_LOCKED : sys == ENOMEM ? ERR_NOMEM : ERR_IO;
    char text[128];
    return err_set(e, code, "%s: %s", address, uv_strerror_r(-sys, text, sizeof text));
}

const char *bind_unix_path(const char *address) { return strncmp(address, "unix:", 5) == 0 ? address + 5 : NULL; }

static bool somebody_listens(const struct sockaddr_un *sun)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return true; /* not known: leave the file alone */
    int rc = connect(fd, (const struct sockaddr *)sun, sizeof *sun);
    bool refused = rc < 0 && errno == ECONNREFUSED;
    close(fd);
    return !refused;
}

static int bind_replacing_stale(int fd, const struct sockaddr_un *sun)
{
    if (bind(fd, (const struct sockaddr *)sun, sizeof *sun) == 0) return 0;
    struct stat st;
    if (errno != EADDRINUSE) return errno;
    if (lstat(sun->sun_path, &st) < 0 || !S_ISSOCK(st.st_mode) || somebody_listens(sun)) return EADDRINUSE;
    if (unlink(sun->sun_path) < 0) return errno;
    return bind(fd, (const struct sockaddr *)sun, sizeof *sun) == 0 ? 0 : errno;
}

static int open_unix(struct bind_socket *b, const char *path, struct err *e)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    if (!*path) return err_set(e, ERR_INVALID, "unix: needs the path of a socket after it");
    if (!str_copy(sun.sun_path, sizeof sun.sun_path, str_of(path)))
        return err_set(e, ERR_INVALID, "unix:%s: longer than the %zu bytes a socket's path may have", path,
                       sizeof sun.sun_path - 1);
    snprintf(b->bound, sizeof b->bound, "unix:%s", path);
    b->is_unix = true;
    b->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (b->fd < 0) return fail(e, b->bound, errno);
    int sys = bind_replacing_stale(b->fd, &sun);
    if (sys == 0 && (stat(path, &b->created) < 0 || listen(b->fd, BACKLOG) < 0)) sys = errno;
    if (sys == 0) return 0;
    close(b->fd);
    return fail(e, b->bound, sys);
}

static int open_tcp_at(const struct addrinfo *ai)
{
    int on = 1, off = 0;
    int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* Linux: accepted sockets inherit it */
    if (ai->ai_family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if (bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0) return fd;
    int sys = errno;
    close(fd);
    return -sys;
}

static void describe_tcp(struct bind_socket *b)
{
    struct sockaddr_storage addr = {0};
    socklen_t len = sizeof addr;
    char host[INET6_ADDRSTRLEN] = "", port[8] = "";
    getsockname(b->fd, (struct sockaddr *)&addr, &len);
    getnameinfo((struct sockaddr *)&addr, len, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV);
    snprintf(b->bound, sizeof b->bound, addr.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}

/* IPv4 first: "localhost" means 127.0.0.1 to more people. Except for "every address", where [::] takes both. */
static int open_tcp_any(struct bind_socket *b, const struct addrinfo *all, bool every)
{
    const int families[2][2] = {{AF_INET, AF_INET6}, {AF_INET6, AF_INET}};
    int fd = -EADDRNOTAVAIL;
    for (int pass = 0; pass < 2; pass++) {
        for (const struct addrinfo *ai = all; ai; ai = ai->ai_next) {
            if (ai->ai_family != families[every][pass]) continue;
            fd = open_tcp_at(ai);
            if (fd == -EADDRINUSE) return fd; /* taking another address instead would surprise */
            if (fd < 0) continue;
            b->fd = fd;
            return 0;
        }
    }
    return fd;
}

/* Cuts "host:port" or "[host]:port". */
static bool split(const char *address, char host[256], char port[8])
{
    struct str s = str_of(address), h;
    if (s.len && s.p[0] == '[') {
        s = str_sub(s, 1, s.len);
        h = str_cut(&s, ']');
        if (h.len == 0 || !str_starts(s, STR(":"))) return false;
        s = str_sub(s, 1, s.len);
    } else {
        if (str_find(s, ':') == s.len) return false;
        h = str_cut(&s, ':');
    }
    if (s.len == 0 || !str_copy(host, 256, h) || !str_copy(port, 8, s)) return false;
    return strspn(port, "0123456789") == s.len && strtol(port, NULL, 10) <= 65535;
}

static int open_tcp(struct bind_socket *b, const char *address, struct err *e)
{
    char host[256], port[8];
    if (!split(address, host, port))
        return err_set(e, ERR_INVALID, "%s: not an address; wanted HOST:PORT, [IPV6]:PORT, :PORT or unix:PATH",
                       address);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV}, *all;
    int rc = getaddrinfo(*host ? host : NULL, port, &hints, &all);
    if (rc != 0) return err_set(e, ERR_INVALID, "%s: %s", address, gai_strerror(rc));
    int status = open_tcp_any(b, all, !*host);
    freeaddrinfo(all);
    if (status < 0) return fail(e, address, -status);
    describe_tcp(b);
    return 0;
}

int bind_open(struct bind_socket *ret_socket, const char *address, struct err *e)
{
    struct bind_socket b = {.fd = -1};
    const char *path = bind_unix_path(address);
    int rc = path ? open_unix(&b, path, e) : open_tcp(&b, address, e);
    if (rc == 0) *ret_socket = b;
    return rc;
}

static int option(int fd, int name)
{
    int value = -1;
    socklen_t len = sizeof value;
    return getsockopt(fd, SOL_SOCKET, name, &value, &len) == 0 ? value : -1;
}

/* A name in the abstract namespace, which begins with a NUL, is shown with '@' in its place. */
static void describe_unix(struct bind_socket *b)
{
    struct sockaddr_un sun = {0};
    socklen_t len = sizeof sun;
    getsockname(b->fd, (struct sockaddr *)&sun, &len);
    if (len > offsetof(struct sockaddr_un, sun_path) && !sun.sun_path[0]) sun.sun_path[0] = '@';
    snprintf(b->bound, sizeof b->bound, "unix:%.*s", (int)sizeof sun.sun_path, sun.sun_path);
}

int bind_take(struct bind_socket *ret_socket, int fd, const char *name, struct err *e)
{
    struct bind_socket b = {.fd = fd};
    int on = 1, domain = option(fd, SO_DOMAIN), flags = fcntl(fd, F_GETFL);
    if (flags < 0) return err_set_errno(e, ERR_INVALID, errno, name);
    if (domain != AF_UNIX && domain != AF_INET && domain != AF_INET6)
        return err_set(e, ERR_INVALID, "%s: neither a TCP nor a UNIX socket", name);
    if (option(fd, SO_TYPE) != SOCK_STREAM)
        return err_set(e, ERR_INVALID, "%s: wanted a stream socket (ListenStream=)", name);
    if (option(fd, SO_ACCEPTCONN) != 1)
        return err_set(e, ERR_INVALID, "%s: wanted a socket that listens (Accept=no), not a connection", name);
    if (fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
        return err_set_errno(e, ERR_IO, errno, name);
    b.is_unix = domain == AF_UNIX;
    if (b.is_unix) describe_unix(&b);
    else describe_tcp(&b);
    if (!b.is_unix) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    *ret_socket = b;
    return 0;
}

void bind_close(struct bind_socket *b)
{
    if (b->fd < 0) return;
    struct stat now;
    const char *path = b->is_unix ? bind_unix_path(b->bound) : NULL;
    if (path && lstat(path, &now) == 0 && now.st_dev == b->created.st_dev && now.st_ino == b->created.st_ino)
        unlink(path);
    close(b->fd);
    b->fd = -1;
}
