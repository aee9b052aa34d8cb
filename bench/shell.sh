# shellcheck shell=bash
# What the comparisons share: how much processor time was spent, and on which machine. Sourced, never run.
# shellcheck source=worker/stack/shell.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/../worker/stack/shell.sh"

children() { pgrep -P "$1" || true; }
family() { [[ -z $1 ]] || { echo "$1" && children "$1"; }; }

# spent PROCESS...: microseconds of processor time and context switches so far; those of children that ended count.
spent() {
    local process files=() tick=$((1000000 / $(getconf CLK_TCK)))
    for process in "$@"; do files+=("/proc/$process/stat" "/proc/$process"/task/*/status); done
    { cat -- "${files[@]}" </dev/null 2>/dev/null || true; } | awk -v tick="$tick" '
        /^[0-9]+ \(/ { sub(/.*\) /, ""); ticks += $12 + $13 + $14 + $15 }
        /ctxt_switches/ { switches += $2 }
        END { print ticks * tick, switches + 0 }'
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
| PostgreSQL | $(version postgresql-15) |
| wrk | $(version wrk) |
| compiler | $(compiler) |
| todo-worker | $(revision) |
TEXT
}
