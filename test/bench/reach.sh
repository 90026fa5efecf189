# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
#
# Sourced after lib.sh by the measurements that end in "met" or "missed".

# reach WHAT VALUE OPERATOR GOAL [UNIT]: "OPERATOR" one of awk's
reach() {
    if awk "BEGIN { exit !($2 $3 $4) }"; then said=met; else said=missed; fi
    printf 'goal: %-58s %12s   %s\n' "$1 $3 $4 ${5-}" "$2" $said
}

# quotient A B [DIGITS]
quotient() {
    awk -v a="$1" -v b="$2" -v digits="${3-2}" 'BEGIN { if (b > 0) printf "%.*f\n", digits, a / b; else print 0 }'
}

# many N JSON: submits N copies, in batches; over a thousand, only by thousands
many() {
    left=$1
    while [ "$left" -gt 0 ]; do
        [ "$left" -lt 1000 ] && some=$left || some=1000
        yes "$2" | head -n "$some" | curl -sS -f --data-binary @- -H 'Content-Type: application/x-ndjson' \
            "http://$address/v1/tasks:batch" >"$work/answers" || die "a batch was refused"
        left=$((left - some))
    done
}

# stat FIELD: a number of /v1/stats
stat_of() {
    curl -sS -f "http://$address/v1/stats" | tr -d ' \n' | sed -n "s/.*\"$1\":\([0-9]*\).*/\1/p"
}

# KiB of memory that a process shares with nobody
private_kib() {
    sed -n 's/^RssAnon:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$1/status"
}
