#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# instructions.sh [ROW...]: what a request costs the server, in instructions (callgrind) for each of its threads and in
# system calls (strace). Times move with the machine and the hour; these figures hardly do, so that a regression shows.
#
# A row is counted in two runs of different length, each with a server of its own: what starting, stopping and the first
# requests cost is in both, and the difference is the requests' alone. PROGRAM counts another build of bide.
set -eu

. "$(dirname "$0")/lib.sh"

bide=${PROGRAM:-$bide}
rows=${*:-livez_1 livez_64 get_1 get_64 submit_1 submit_64 submit_key submit_fair submit_follows submit_hit batch life_1 life_64}
body='{"type":"bench","input":{"audio":"recordings/2026/11/21/meeting-0001.wav","language":"en","model":"small","options":{"timestamps":true,"beam":5,"temperature":0.2},"note":"what a caller says, short."}}'

config() {
    cat >"$dir/bide.yaml" <<-END
		queues:
		  paused: {paused: true}
		  keys: {paused: true, key_concurrency: 2}
		  fair: {paused: true, fair: true}
		  open: {concurrency: 64}
		workers: {noop: {command: [$built/noop_worker], load: boot, keep_alive: forever}}
		types:
		  bench: {queue: paused, exec: [/bin/true]}
		  noop: {queue: open, worker: noop}
		  key: {queue: keys, exec: [/bin/true]}
		  fair: {queue: fair, exec: [/bin/true]}
	END
}

# describe ROW: what, connections, rounds of the short run, rounds of the long run, items in a request
describe() {
    case $1 in
    livez_1) echo "GET /livez|1|200|1200|1" ;;
    livez_64) echo "GET /livez|64|5|35|1" ;;
    get_1) echo "GET of a task|1|100|600|1" ;;
    get_64) echo "GET of a task|64|5|25|1" ;;
    submit_1) echo "submit|1|100|600|1" ;;
    submit_64) echo "submit|64|5|25|1" ;;
    submit_key) echo "submit, limit_key at its limit|64|5|25|1" ;;
    submit_fair) echo "submit, limit_key in a fair queue|64|5|25|1" ;;
    submit_follows) echo "submit, cache: one in flight|64|5|25|1" ;;
    submit_hit) echo "submit, cache: a result is kept|64|5|25|1" ;;
    batch) echo "submit, 100 a request, per item|1|5|25|100" ;;
    life_1) echo "life of a task, Prefer: wait|1|20|120|1" ;;
    life_64) echo "life of a task, Prefer: wait|64|2|12|1" ;;
    *) die "there is no row $1" ;;
    esac
}

# with TYPE MEMBERS: the body of another type and with more
with() {
    printf '%s' "$body" | sed "s/^{/{$2,/; s/bench/$1/"
}

cache='"cache":{"ttl_ms":3600000}'
lines() {
    for _ in $(seq 100); do
        echo "$body"
    done
}

# ask ROW CONNECTIONS ROUNDS
ask() {
    set -- "$1" "$built/rounds" -c "$2" -n "$3" "$address"
    row=$1
    shift
    case $row in
    livez_*) "$@" /livez ;;
    get_*) "$@" "/v1/tasks/$(BIDE_SERVER=http://$address "$root/build/bide" submit bench --input '{}')" ;;
    submit_key) "$@" /v1/tasks "$(with key '"limit_key":"ann"')" ;;
    submit_fair) "$@" /v1/tasks "$(with fair '"limit_key":"ann"')" ;;
    submit_follows) "$@" /v1/tasks "$(with bench "$cache")" ;;
    submit_hit)
        "$1" -H 'Prefer: wait=30' -c 1 -n 1 "$address" /v1/tasks "$(with noop "$cache")" >/dev/null
        "$@" /v1/tasks "$(with noop "$cache")"
        ;;
    submit_*) "$@" /v1/tasks "$body" ;;
    batch) lines | "$@" /v1/tasks:batch - ;;
    life_*) "$1" -H 'Prefer: wait=30' "$2" "$3" "$4" "$5" "$6" /v1/tasks "$(printf '%s' "$body" | sed s/bench/noop/)" ;;
    esac || die "$row failed"
}

# start_under COMMAND...: as start_bide
start_under() {
    rm -rf "$dir"
    mkdir "$dir"
    config
    : >"$dir/log"
    "$@" "$bide" serve --config "$dir/bide.yaml" --listen 127.0.0.1:0 --store "sqlite:$dir/bide.db" >"$dir/log" 2>&1 &
    started $!
    until_true "bide listens (see $dir/log)" says_address "$dir/log"
}

# counted THREAD-FUNCTION: instructions of the thread that calls it
counted() {
    for profile in "$dir"/profile-*; do
        ! grep -q "^c\?fn=([0-9]*) $1$" "$profile" || sed -n 's/^totals: //p' "$profile"
    done | awk '{ n += $1 } END { print n + 0 }'
}

# instructions ROW CONNECTIONS ROUNDS: sets counts, "LOOP WRITER READER"
instructions() {
    start_under env LD_PRELOAD="$built/pidfd.so" valgrind -q --tool=callgrind --separate-threads=yes \
        --callgrind-out-file="$dir/profile"
    ask "$@"
    stop "$pid"
    counts="$(counted main) $(counted apply_batch) $(counted sqlite_reader_work)"
}

# calls FILE ROW CONNECTIONS ROUNDS: "NAME COUNT" lines, of the server and what it starts
calls() {
    start_under strace -D -qq -f -c -U name,calls -o "$dir/calls"
    list=$1
    shift
    ask "$@"
    stop "$pid"
    until_true "strace has told" grep -q '^total ' "$dir/calls"
    awk '$2 ~ /^[0-9]+$/ && $1 != "total" { print $1, $2 }' "$dir/calls" >"$list"
}

# less SHORT LONG REQUESTS: of two such lists, what one request makes, the many first
less() {
    awk -v n="$3" 'FNR == NR { before[$1] = $2; next } { each = ($2 - before[$1]) / n } each >= 0.05 { print each, $1 }' \
        "$1" "$2" | sort -rn | awk '{ printf "%s%s %.2f", (NR > 1 ? ", " : ""), $2, $1 }'
}

for program in valgrind strace; do
    command -v $program >/dev/null || die "$program is missing: run make bench"
done
prepare
dir=$work/run
compile rounds "$here/rounds.c" "$here/connect.c"
compile pidfd.so -shared -fPIC "$here/pidfd.c" -lpthread
printf '%-29s %4s %8s %8s %8s   %s\n' "per request" conn loop writer reader "system calls"
for row in $rows; do
    IFS='|' read -r title connections short long items <<-END
		$(describe "$row")
	END
    requests=$(((long - short) * connections * items))
    instructions "$row" "$connections" "$short"
    before=$counts
    instructions "$row" "$connections" "$long"
    calls "$work/short" "$row" "$connections" "$short"
    calls "$work/long" "$row" "$connections" "$long"
    echo "$before $counts" | awk -v title="$title" -v c="$connections" -v n=$requests \
        -v calls="$(less "$work/short" "$work/long" $requests)" \
        '{ printf "%-29s %4d %8.0f %8.0f %8.0f   %s\n", title, c, ($4 - $1) / n, ($5 - $2) / n, ($6 - $3) / n, calls }'
done
