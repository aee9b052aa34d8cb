# shellcheck shell=bash
# One measurement: a load on the peer that runs, and what everybody spent on it. Sourced, never run.
# shellcheck source=bench/peers/peers.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/peers.sh"
shopt -s inherit_errexit # a measurement that fails ends the run: it is not left out

# load LOAD CLIENTS SECONDS: prints load_url's line of JSON.
load() { load_url "$url" "$3" 1 "$2" 1 "$1" "$folder/tokens"; }

# warm_up SECONDS: what a peer does once, when it is new, is over: connections are open, statements prepared, code compiled.
warm_up() {
    load list 100 "$1" >/dev/null
    load insert 100 "$1" >/dev/null
    reset_todos
}

# MiB that the processes have for themselves, and their share of what they have together.
memory_of() {
    local process
    for process in "$@"; do sed -n 's/^Pss: *\([0-9]*\) kB$/\1/p' "/proc/$process/smaps_rollup" 2>/dev/null || true; done |
        awk '{ sum += $1 } END { printf "%.1f\n", sum / 1024 }'
}

# measure LOAD CLIENTS SECONDS: prints a line of JSON. What was written before is gone, and nothing is left to write.
measure() {
    local what=$1 clients=$2 seconds=$3 line
    [[ $what == list ]] || reset_todos
    load "$what" "$clients" 1 >/dev/null
    local -A members=([front]=$front [application]=$(peer_processes) [database]=$postmaster)
    # The memory while the load is on.
    # shellcheck disable=SC2086 # a list of processes
    (sleep "$(jq -n "$seconds * 0.8")" && memory_of ${members[application]} >"$folder/memory") &
    line=$(spending members load "$what" "$clients" "$seconds")
    wait "$!"
    jq -c --arg load "$what" --argjson clients "$clients" --argjson memory "$(<"$folder/memory")" \
        '{load: $load, $clients, rate: ((.requests - .errors) / .seconds | round)} + . + {memory_mib: $memory}' <<<"$line"
}

# The mark: nearly the same statements by pgbench, without a server in front; for the same owners, and after a second that does
# not count, as well. measure_pgbench LOAD CLIENTS SECONDS
measure_pgbench() {
    local rate script=("$peers_folder/$1.pgbench" "${asked_owners[@]}")
    [[ $1 == list ]] || reset_todos
    pgbench_rate "$2" 1 "${script[@]}" >/dev/null
    rate=$(pgbench_rate "$2" "$3" "${script[@]}")
    jq -nc --arg load "$1" --argjson clients "$2" --argjson rate "$rate" '{load: $load, $clients, $rate, errors: 0}'
}
