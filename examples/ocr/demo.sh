#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Batches, to look at: draws the lines of lines.txt as pictures, hands them to a server with this folder's bide.yaml all at
# once, prints what was read with how many were together, then takes the time of batches and of one at a time, and leaves
# the server running (../server.sh). `make ocr` builds first and then calls this.
#
# BIDE_LISTEN is the address (127.0.0.1:8080).
# shellcheck disable=SC1091,SC2034,SC2154 # what server.sh reads and sets
set -eu

example=ocr
. "$(dirname "$0")/../server.sh"

# megapixels FILE.png: they are in its header
megapixels() {
    od -An --endian=big -j16 -N8 -tu4 "$1" | awk '{ printf "%.3f", $1 * $2 / 1e6 }'
}

# submit_all TYPE QUEUE: all pictures, while the queue gives nothing out; prints the ids
submit_all() {
    "$bide" queue pause "$2" >/dev/null
    while IFS="$tab" read -r name language cost; do
        "$bide" submit "$1" --subject "$name" --batch-key "$language" --cost "$cost" \
            --input "{\"image\":\"$run/$name\",\"language\":\"$language\"}"
    done <"$run/pictures"
}

# seconds_of TYPE QUEUE: from the first picture to the last
seconds_of() {
    timed=$(submit_all "$1" "$2")
    began=$(date +%s%N)
    "$bide" queue resume "$2" >/dev/null
    # shellcheck disable=SC2086 # the ids are words
    "$bide" wait $timed >/dev/null 2>&1
    echo "$began $(date +%s%N)" | awk '{ printf "%.2f s", ($2 - $1) / 1e9 }'
}

# text NAME, number NAME: a member's value in the JSON of $task
text() {
    printf '%s' "$task" | sed -n 's/.*"'"$1"'": *"\([^"]*\)".*/\1/p'
}
number() {
    printf '%s' "$task" | sed -n 's/.*"'"$1"'": *\([0-9.]*\).*/\1/p'
}

tab=$(printf '\t')
start_server "$root/build/examples/ocr/ocr"

: >"$run/pictures"
n=0
while IFS="$tab" read -r language line; do
    n=$((n + 1))
    name=$(printf '%02d.png' $n)
    "$here/draw.sh" "$line" "$run/$name"
    printf '%s\t%s\t%s\n' "$name" "$language" "$(megapixels "$run/$name")" >>"$run/pictures"
done <"$here/lines.txt"

echo
echo "submitting $n pictures"
ids=$(submit_all read reading)
"$bide" queue resume reading >/dev/null
# shellcheck disable=SC2086 # the bars go to the terminal, the results into the table below
"$bide" wait $ids >/dev/null

echo
printf '%-8s %-8s %9s %9s  %s\n' picture language read together text
for id in $ids; do
    task=$("$bide" get --json "$id")
    printf '%-8s %-8s %6.0f ms %9d  %s\n' "$(text subject)" "$(text language)" "$(number ms)" "$(number together)" \
        "$(text text)"
done

seconds_of read_alone reading_alone >/dev/null # loads its models
echo
echo "all $n again, with the models loaded"
echo "batches of up to 8:  $(seconds_of read reading) on $(nproc) processors"
echo "one at a time:       $(seconds_of read_alone reading_alone)"

stay
