# shellcheck shell=sh disable=SC2034,SC2154 # what is set here and read in bench.sh, and the other way round
# SPDX-License-Identifier: Apache-2.0
#
# The servers bide is measured beside. Each is started alone on a port of the loopback, writes into $dir only and is stopped by
# its own process id; what a package's service would do is not touched. Those of npm lie in build/bench/npm, their versions are
# those of package.json: when they cannot be had, $npm_missing says why and their rows stay empty.

npm=$built/npm
bun=$npm/node_modules/@oven/bun-linux-x64/bin/bun
npm_missing=

# peers_install: what package.json names, unless it is there already. Of the scripts that packages bring none is run, nor needed.
peers_install() {
    cmp -s "$here/peers/package.json" "$npm/installed" && return
    if ! command -v npm >/dev/null || ! command -v node >/dev/null; then
        npm_missing="node and npm are not installed (BullMQ asks for node 20)"
    else
        echo "bench.sh: fetching bullmq and bunqueue with npm into ${npm#"$root/"}" >&2
        rm -rf "$npm"
        mkdir -p "$npm"
        cp "$here/peers/package.json" "$npm/"
        if npm install --prefix "$npm" --no-package-lock --ignore-scripts --no-audit --no-fund \
            --fetch-retries 1 --fetch-retry-maxtimeout 5000 >"$npm/log" 2>&1; then
            cp "$here/peers/package.json" "$npm/installed"
        else
            npm_missing="npm could not install them (${npm#"$root/"}/log)"
        fi
    fi
    [ -z "$npm_missing" ] || echo "bench.sh: $npm_missing: the rows of bullmq and bunqueue stay empty" >&2
}

version_of() {
    sed -n 's/^ *"version": "\(.*\)",*$/\1/p' "$npm/node_modules/$1/package.json"
}

peers_versions() {
    printf 'beanstalkd %s, ' "$(beanstalkd -v | awk '{ print $2 }')"
    printf 'redis %s, ' "$(redis-server --version | sed 's/.* v=\([^ ]*\).*/\1/')"
    printf 'nginx %s' "$("$nginx" -v 2>&1 | sed 's|.*/||')"
    [ -n "$npm_missing" ] || printf ', bullmq %s, bunqueue %s' "$(version_of bullmq)" "$(version_of bunqueue)"
    echo
}

# free_port: sets port. These servers do not take port 0; should another take it meanwhile, the server does not start.
free_port() {
    port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
}

listens_at() {
    listening_port "$1" | grep -qx "$2"
}

# start_beanstalkd [OPTION...]: sets pid and port
start_beanstalkd() {
    beanstalkd -l 127.0.0.1 -p 0 "$@" >"$work/beanstalkd.log" 2>&1 &
    started $!
    until_true "beanstalkd listens" is_listening "$pid"
}

# start_redis: every write synced before its answer; sets pid and port
start_redis() {
    free_port
    redis-server --bind 127.0.0.1 --port "$port" --dir "$dir" --appendonly yes --appendfsync always --save '' \
        >"$work/redis.log" 2>&1 &
    started $!
    until_true "redis listens" listens_at "$pid" "$port"
}

# start_nginx BODY: one worker that answers it; sets pid and address
start_nginx() {
    free_port
    address=127.0.0.1:$port
    cat >"$dir/nginx.conf" <<-END
		daemon off;
		worker_processes 1;
		pid nginx.pid;
		events { worker_connections 1024; }
		http {
		  access_log off;
		  keepalive_requests 1000000000;
		  default_type application/json;
		  client_body_temp_path body;
		  proxy_temp_path proxy;
		  fastcgi_temp_path fastcgi;
		  uwsgi_temp_path uwsgi;
		  scgi_temp_path scgi;
		  server { listen $address; location / { return 200 '$1'; } }
		}
	END
    "$nginx" -p "$dir" -c nginx.conf -e error.log >"$work/nginx.log" 2>&1 &
    started $!
    until_true "nginx listens" listens_at "$pid" "$port"
}

# start_bunqueue: on SQLite; sets pid and address. It refuses a client after 10,000 requests a minute unless told otherwise.
start_bunqueue() {
    free_port
    tcp=$port
    free_port
    address=127.0.0.1:$port
    RATE_LIMIT_MAX_REQUESTS=1000000000 LOG_LEVEL=error "$bun" "$npm/node_modules/bunqueue/dist/cli/index.js" start \
        --host 127.0.0.1 --tcp-port "$tcp" --http-port "$port" --data-path "$dir/bunqueue.db" >"$work/bunqueue.log" 2>&1 &
    started $!
    until_true "bunqueue listens" listens_at "$pid" "$port"
}

# ---- with_SERVER COMMAND...: in a new folder; the command finds $address or $port ----

with_beanstalkd() { # OPTIONS of beanstalkd, one word list, first
    new_dir
    # shellcheck disable=SC2086 # the options are words
    start_beanstalkd $1
    shift
    "$@"
    stop "$pid"
}

with_redis() {
    new_dir
    start_redis
    "$@"
    stop "$pid"
}

with_nginx() {
    new_dir
    start_nginx "$1"
    shift
    "$@"
    stop "$pid"
}

with_bunqueue() {
    new_dir
    start_bunqueue
    "$@"
    stop "$pid"
}

# from_npm COMMAND...: only when it was installed
from_npm() {
    if [ -n "$npm_missing" ]; then echo "missing $npm_missing"; else "$@"; fi
}

# with_bun COMMAND...: bun comes as a program for x86-64
with_bun() {
    if [ -z "$npm_missing" ] && [ ! -x "$bun" ]; then
        echo "missing there is no bun for this processor in package.json"
    else
        from_npm with_bunqueue "$@"
    fi
}
