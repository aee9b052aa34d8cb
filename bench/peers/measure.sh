# shellcheck shell=bash
# One measurement: a load on a peer that runs, and what everybody spent on it. Sourced, never run.
# shellcheck source=bench/peers/peers.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/peers.sh"
shopt -s inherit_errexit # a measurement that fails ends the run: it is not left out

# load NAME LOAD CLIENTS SECONDS: prints load_url's line of JSON.
load() { load_url "$(url_of "$1")" "$4" 1 "$3" 1 "$2" "$folder/tokens"; }

# warm_up NAME SECONDS: what a peer does once, when it is new, is over: connections are open, statements prepared, code compiled.
warm_up() {
    load "$1" list 100 "$2" >/dev/null
    load "$1" insert 100 "$2" >/dev/null
    reset_todos
}

# MiB that the processes would need alone on the machine: what each has for itself, and what they share, once, whoever else
# shares it.
memory_of() {
    local process
    for process in "$@"; do cat -- "/proc/$process/smaps" 2>/dev/null || true; done | awk '
        /^[0-9a-f]+-[0-9a-f]+ / { what = $6 == "" || $6 ~ /^\[/ ? $1 : $6 " " $3 }
        /^Private_/ { own += $2 }
        /^Shared_Clean/ { shared = $2 }
        /^Shared_Dirty/ { shared += $2; if (shared > most[what]) most[what] = shared }
        END { for (what in most) own += most[what]; printf "%.1f\n", own / 1024 }'
}

# measure NAME LOAD CLIENTS SECONDS: prints a line of JSON. What was written before is gone, and nothing is left to write.
measure() {
    local name=$1 what=$2 clients=$3 seconds=$4 line
    [[ $what == list ]] || reset_todos
    load "$name" "$what" "$clients" 1 >/dev/null
    local -A members=([front]=$front [application]=${peer_pid[$name]} [database]=$postmaster)
    # The memory while the load is on.
    # shellcheck disable=SC2046 # a list of processes
    (sleep "$(jq -n "$seconds * 0.8")" && memory_of $(peer_processes "$name") >"$folder/memory") &
    line=$(spending members load "$name" "$what" "$clients" "$seconds")
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
