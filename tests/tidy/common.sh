# Sourced by the tests of this folder: which tree they look at, and how they say what they found.
#
# A test takes the tree's root as its one argument; without it, the tree that the test stands in. It prints one line
# for each rule, `ok RULE` or `not ok RULE: reason` (what was found follows, indented), and exits 1 if any is broken.
# shellcheck shell=bash
set -euo pipefail
shopt -s lastpipe  # so that expect_nothing at a pipe's end can set `broken`
export LC_ALL=C.UTF-8

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "${1:-"$here/../.."}" && pwd)
cd "$root"
broken=0

# files NAME...: the tree's own files with these names (patterns), without what is built, downloaded, or other people's as they released it.
files() {
    local names=() name
    for name in "$@"; do names+=(-o -name "$name"); done
    find . \( -name .git -o -name node_modules -o -path ./build -o -name swagger-ui \) -prune -o -type f \( "${names[@]:1}" \) -print |
        sed 's|^\./||' | sort
}

# code PATH...: each line of the C++ sources there as FILE:LINE:TEXT, comments taken away.
code() {
    local sources
    mapfile -t sources < <(find "$@" -name '*.[ch]pp' 2>/dev/null | sort)
    [[ ${#sources[@]} -gt 0 ]] || return 0
    awk '{
        line = $0
        if (match(line, /(^|[^:])\/\//)) line = substr(line, 1, RSTART)   # not the // of http://
        gsub(/\/\*[^*]*\*\//, "", line)
        if (line ~ /[^ ]/) print FILENAME ":" FNR ":" line
    }' "${sources[@]}"
}

# search PATTERN [grep option...]: filters like grep -E, and finding nothing is no failure.
search() {
    grep -E "${@:2}" -e "$1" || [[ $? -eq 1 ]]
}

# expect_nothing RULE REASON: reads what breaks the rule, a line each.
expect_nothing() {
    local found
    found=$(cat)
    if [[ -z $found ]]; then
        echo "ok $1"
    else
        echo "not ok $1: $2"
        echo "${found//$'\n'/$'\n'    }" | sed '1s/^/    /'
        broken=1
    fi
}

# The last line of each test.
finish() { exit "$broken"; }
