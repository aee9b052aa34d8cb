# shellcheck shell=bash disable=SC2034 # what is set here is used by who sources it
# What the comparisons share: a stack of their own, loads, how much processor time was spent, and on which machine. Sourced,
# never run. `folder` is where whoever sources it keeps a run's files.
# shellcheck source=worker/stack/shell.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/../worker/stack/shell.sh"
# shellcheck source=worker/stack/clock.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/../worker/stack/clock.sh"

# Of the stack: its folder, where it is not in `folder`; and before the commands of what runs in a network of its own.
stack='' inside=()

bench_folder=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)

# as_typed WORD...: a command as it can be pasted.
as_typed() {
    local word words=()
    for word in "$@"; do
        if [[ $word == *[^A-Za-z0-9=./-]* ]]; then word="'$word'"; fi
        words+=("$word")
    done
    echo "${words[*]}"
}

# start_stack [OPTION]...: of ./todo up. Sets postmaster, and what use_state sets.
start_stack() {
    steady_clock
    stack=${stack:-$folder/stack}
    "${inside[@]}" "$project/todo" up "$@" --state "$stack" --port "$(free_ports 20000 30000)" >>"$folder/log" 2>&1 ||
        { tail -n 20 -- "$folder/log" >&2 && die "the stack does not start: the lines above are the end of its log"; }
    use_state "$stack"
    postmaster=$("$project/sql/cluster" postmaster --state "$state")
}
remove_stack() {
    restore_clock
    [[ ! -d $stack ]] || "$project/todo" down --wipe --state "$stack" >>"$folder/log" 2>&1
}

# Nobody gains by forgetting: settings, as the worker's role has them, and a file system that is a disk's.
require_durable() {
    local setting
    for setting in synchronous_commit fsync full_page_writes; do
        [[ $(psql -X -At "$STACK_WORKER_DSN" -c "SHOW $setting") == on ]] || die "$setting is not on: a commit would not be on the disk"
    done
    [[ $(stat -f -c %T -- "$state/pg") != tmpfs ]] || die "$state is memory: a commit would not be on a disk"
}

# start_todo_workers OPTIONS [NAME=NUMBER]...: the stack's, with these options and other numbers. Nobody is turned away for the
# length of the queue, and an owner may have as many todos as come.
start_todo_workers() {
    set_numbers QUEUE_TARGET_MS=2000 "STACK_WORKER_OPTIONS=\"--max-todos 1000000 $1\"" "${@:2}"
    "$project/worker/stack/processes" start --state "$state" >>"$folder/log" 2>&1
}

# nginx_processes NUMBER: the lines of a configuration that say how many, and who they are.
nginx_processes() {
    if ((EUID == 0)); then echo "user $service_user;"; fi
    echo "worker_processes $1;"
}

children() { pgrep -P "$1" || true; }
family() { [[ -z $1 ]] || { echo "$1" && children "$1"; }; }
families() { # PROCESS...: each process once
    local first
    for first in "$@"; do family "$first"; done | sort -u
}
has_children() { (($(children "$1" | wc -l) == $2)); }

# end_family PROCESS: it and its children; it is a child of ours.
end_family() {
    local members
    mapfile -t members < <(family "$1")
    ((${#members[@]} > 0)) || return 0
    kill -TERM "$1" 2>/dev/null || true
    wait_until 10 have_ended "${members[@]}" || kill -KILL "${members[@]}" 2>/dev/null || true
    wait "$1" 2>/dev/null || true
}
have_ended() {
    local process
    for process in "$@"; do
        [[ $(process_line "$process") == '' ]] || return 1
    done
}

# load_url URL SECONDS THREADS CLIENTS ARGUMENT...: by wrk, with what wrk.lua takes. Prints its line of JSON, and in that the
# processor time that wrk took itself.
load_url() {
    local TIMEFORMAT='%U %S'
    { time timeout -k 5 $(($2 + 20)) wrk -t "$3" -c "$4" -d "${2}s" --timeout 10s -s "$bench_folder/wrk.lua" "$1" -- "${@:5}" \
        >"$folder/wrk.txt" 2>&1; } 2>"$folder/wrk.time" || die "wrk failed: $(tail -n 3 -- "$folder/wrk.txt" "$folder/wrk.time")"
    tail -n 1 -- "$folder/wrk.txt" | jq -c --arg time "$(<"$folder/wrk.time")" '. + {wrk_us: ($time | split(" ") | map(tonumber) | add * 1e6)}'
}

# run_pgbench CLIENTS FILE OPTION...: a prepared statement each, over the socket that the workers have.
run_pgbench() { "${in_turn[@]}" pgbench -n -M prepared -c "$1" -j 2 -f "$2" "${@:3}" "$STACK_WORKER_DSN" 2>>"$folder/log"; }

# pgbench_rate CLIENTS SECONDS FILE OPTION...: prints the statements a second.
pgbench_rate() {
    run_pgbench "$1" "$3" -T "$2" "${@:4}" |
        awk '/^tps/ { printf "%d\n", $3; found = 1 } END { exit !found }' || die "pgbench failed: $(tail -n 3 -- "$folder/log")"
}

# spent PROCESS...: microseconds of processor time and context switches so far, of them and their children. The time of
# children that came and ended meanwhile counts, their switches do not.
spent() {
    local process files=() tick=$((1000000 / $(getconf CLK_TCK)))
    for process in $(families "$@"); do files+=("/proc/$process/stat" "/proc/$process"/task/*/status); done
    { cat -- "${files[@]}" </dev/null 2>/dev/null || true; } | awk -v tick="$tick" '
        /^[0-9]+ \(/ { sub(/.*\) /, ""); ticks += $12 + $13 + $14 + $15 }
        /ctxt_switches/ { switches += $2 }
        END { print ticks * tick, switches + 0 }'
}

# spending ROLES COMMAND...: ROLES names an array, role -> processes, whose children belong to it. Runs the command, whose last
# line is load_url's, and prints that with what each role spent meanwhile, a request: cpu_us in microseconds, and switches.
spending() {
    local -n roles=$1
    local -A before
    local role loaded
    # shellcheck disable=SC2086 # lists of processes
    for role in "${!roles[@]}"; do before[$role]=$(spent ${roles[$role]}); done
    loaded=$("${@:2}")
    # shellcheck disable=SC2086
    for role in "${!roles[@]}"; do echo "$role ${before[$role]} $(spent ${roles[$role]})"; done |
        jq -Rnc --argjson wrk "$loaded" '
            def each: . / ([$wrk.requests, 1] | max) * 100 | round / 100;
            [inputs | split(" ") | {role: .[0], cpu: ((.[3] | tonumber) - (.[1] | tonumber)), switches: ((.[4] | tonumber) - (.[2] | tonumber))}]
            | ($wrk | del(.wrk_us)) + {
                cpu_us: (map({(.role): (.cpu | each)}) | add + {wrk: ($wrk.wrk_us | each)}),
                switches: (map({(.role): (.switches | each)}) | add)}'
}

processor() { sed -n 's/^model name[[:blank:]]*: //p' /proc/cpuinfo | sed q; }
memory() { awk '/^MemTotal:/ { printf "%d MiB", $2 / 1024 }' /proc/meminfo; }
version() { dpkg-query -W -f '${Version}' "$1" 2>/dev/null || echo unknown; }
compiler() { "$(sed -n 's/^CMAKE_CXX_COMPILER:[A-Z]*=//p' "$project/build/release/CMakeCache.txt")" --version | sed q; }
revision() { git -C "$project" describe --always --dirty 2>/dev/null || echo unknown; }

# machine LOAD FOLDER: the end of a report. LOAD: the load averages before the first round; FOLDER: where the data was.
machine() {
    cat <<TEXT

## The machine

| what | which |
| --- | --- |
| processors | $(nproc) x $(processor) |
| memory | $(memory) |
| kernel | $(uname -sr) |
| file system of the data | $(stat -f -c %T -- "$2") |
| load before the first round | $1 |
| nginx | $(version nginx) |
| libfcgi | $(version libfcgi0ldbl) |
| libpqxx | $(version libpqxx-dev) |
| OpenSSL | $(version libssl3) |
| PostgreSQL | $(version "postgresql-$(postgresql_release)") |
| wrk | $(version wrk) |
| compiler | $(compiler) |
| todo-worker | $(revision) |
TEXT
}
