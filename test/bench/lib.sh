# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
#
# What bench.sh, latency.sh and hostile.sh share: a folder of their own on the real disk, servers on free ports of the loopback,
# each started alone and stopped by its own process id, whatever happens.

root=$(cd "$(dirname "$0")/../.." && pwd)
here=$root/test/bench
built=$root/build/bench # on the disk the checkout is on: a tmpfs would make syncs free
bide=$root/build/bide
pids= # of what runs

die() {
    echo "${0##*/}: $*" >&2
    exit 1
}

# pause, between two looks at something
pause() {
    sleep 0.05 # sleep: between two looks at a condition
}

# until_true WHAT COMMAND...: for at most 10 seconds
until_true() {
    what=$1
    shift
    tries=0
    until "$@"; do
        tries=$((tries + 1))
        [ $tries -lt 200 ] || die "waited in vain until $what"
        pause
    done
}

# A program was started in the background: remember it.
started() {
    pid=$1
    pids="$pids $pid"
}

# stop PID: and wait until it is gone
stop() {
    kill -TERM "$1" 2>/dev/null || true
    wait "$1" 2>/dev/null || true
    kept=
    for one in $pids; do
        [ "$one" = "$1" ] || kept="$kept $one"
    done
    pids=$kept
}

clean_up() {
    status=$?
    for one in $pids; do
        stop "$one"
    done
    [ -z "${work-}" ] || rm -rf "$work"
    exit $status
}

# compile NAME SOURCE-OR-LIBRARY...: into $built
compile() {
    name=$1
    shift
    ${CC:-cc} -std=gnu11 -D_GNU_SOURCE -O2 -g -Wall -Wextra -Wshadow -Wconversion -I"$root/include" -I"$here" \
        -o "$built/$name" "$@" || die "cannot compile $name"
}

# compile_worker NAME [SOURCE...]
compile_worker() {
    worker=$1
    shift
    # shellcheck disable=SC2046 # the libraries are words
    compile "$worker" "$here/$worker.c" "$@" "$root/build/libbide.a" $(pkg-config --libs libcurl yajl) -lm -lpthread
}

prepare() {
    for program in "$bide" wrk beanstalkd; do
        command -v "$program" >/dev/null || die "$program is missing: run make bench"
    done
    mkdir -p "$built"
    compile put "$here/put.c" "$here/latencies.c"
    compile pace "$here/pace.c" "$here/latencies.c" "$here/connect.c"
    compile_worker noop_worker
    compile_worker busy_worker
    work=$(mktemp -d "$built/run.XXXXXX")
    trap clean_up EXIT
    trap 'exit 130' INT TERM HUP
    fs=$(stat -f -c %T "$work")
    [ "$fs" != tmpfs ] || die "$work is a tmpfs: its syncs are free, and so nothing would be measured"
}

# A port that a process listens at, from its socket's inode: asking for port 0 is the one way without a race.
listening_port() {
    for fd in /proc/"$1"/fd/*; do
        inode=$(readlink "$fd" | sed -n 's/^socket:\[\(.*\)\]$/\1/p')
        [ -n "$inode" ] || continue
        hex=$(awk -v i="$inode" '$4 == "0A" && $10 == i { sub(".*:", "", $2); print $2 }' /proc/net/tcp)
        [ -z "$hex" ] || printf '%d\n' "0x$hex"
    done
}

is_listening() {
    port=$(listening_port "$1")
    [ -n "$port" ]
}

says_address() {
    address=$(sed -n 's|^  listening on http://||p' "$1")
    [ -n "$address" ]
}

# start_bide DIR: with DIR/bide.yaml; sets pid and address
start_bide() {
    : >"$1/log"
    "$bide" serve --config "$1/bide.yaml" --listen 127.0.0.1:0 --store "sqlite:$1/bide.db" >>"$1/log" 2>&1 &
    started $!
    until_true "bide listens (see $1/log)" says_address "$1/log"
}

# median: of the numbers on standard input, one a line
median() {
    sort -n | awk '{ v[NR] = $1 } END { if (NR) print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}
