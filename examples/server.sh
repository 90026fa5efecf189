# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
#
# What the demonstrations (examples/*/demo.sh) share: the server they look at. A script sets `example`, the name of its
# folder, and sources this; `start_server PROGRAM...` starts a server with the folder's bide.yaml once the programs are
# built, and `stay` leaves it running until Ctrl-C, which lets it finish what it has begun; a second one stops it at once.
#
# `service`, when a script sets it, is the process id of what its commands need besides the server, and is ended after it.
#
# BIDE_LISTEN is the address (127.0.0.1:8080). Sets $root, $here (the folder), $bide (the program), $run (where files go).
root=$(cd "$(dirname "$0")/../.." && pwd)
here=$root/examples/$example
bide=$root/build/bide
run=${BIDE_DATA_DIR:-$root/build/$example} # bide.yaml says so, and the server reads BIDE_DATA_DIR too
listen=${BIDE_LISTEN:-127.0.0.1:8080}
export BIDE_SERVER="http://$listen"

# The server hears of the end once, whether a signal or the end of this script brings it.
stop() {
    told=yes
    kill -TERM "$server" 2>/dev/null || true
}
finish() {
    status=$?
    [ "$told" = yes ] || stop
    while kill -0 "$server" 2>/dev/null; do
        wait "$server" || true # a signal to this script interrupts wait
    done
    [ -z "${service:-}" ] || kill -TERM "$service" 2>/dev/null || true
    [ -z "${service:-}" ] || wait "$service" || true
    echo "the server has ended"
    exit "$status"
}

# start_server PROGRAM...: the programs are those it needs besides bide
start_server() {
    for program in "$bide" "$@"; do
        [ -x "$program" ] || {
            echo "demo.sh: $program is missing: run make build first" >&2
            exit 1
        }
    done
    if "$bide" stats >/dev/null 2>&1; then
        echo "demo.sh: a server answers at $listen already; choose another with BIDE_LISTEN=127.0.0.1:PORT" >&2
        exit 1
    fi

    # A session of its own: Ctrl-C in a terminal reaches this script alone, which tells the server once.
    mkdir -p "$run"
    setsid "$bide" serve --config "$here/bide.yaml" --listen "$listen" >"$run/server.log" 2>&1 &
    server=$!
    told=no
    trap stop INT TERM HUP
    trap finish EXIT
    until "$bide" stats >/dev/null 2>&1; do
        kill -0 "$server" 2>/dev/null || {
            cat "$run/server.log" >&2
            exit 1
        }
        sleep 0.1
    done
    cat "$run/server.log"
}

# stay: the end of a demonstration
stay() {
    echo
    echo "bide is running at $BIDE_SERVER, its log is $run/server.log"
    echo "try: build/bide list    or: curl $BIDE_SERVER/v1/tasks"
    echo "Ctrl-C stops it"
    wait "$server" || true
}
