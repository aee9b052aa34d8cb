# shellcheck shell=bash
# What the parts share: one line for each test, and what went wrong above a `not ok`. Sourced, never run.
# TEST_FOLDER is a folder for whatever a part writes; it goes when the tests end.
set -euo pipefail
# shellcheck source=worker/stack/shell.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/../../worker/stack/shell.sh"
: "${TEST_FOLDER:?./todo test --only PART runs a part}"

# check NAME COMMAND...: a test that passes when the command succeeds; its output is shown when it does not, and counted in
# checks_failed.
checks_failed=0
check() {
    local name=$1 log code
    shift
    log=$(mktemp "$TEST_FOLDER/check.XXXXXX")
    # Not behind an `if`, where a function would go on after a command of it has failed.
    set +e
    (set -e && "$@") >"$log" 2>&1
    code=$?
    set -e
    if ((code == 0)); then
        echo "ok $name"
    else
        tail -n 60 -- "$log"
        echo "not ok $name"
        checks_failed=$((checks_failed + 1))
    fi
    rm -f -- "$log"
}

# gtest PROGRAM [COMMAND...]: every test of a GoogleTest program, run by the command where one is given; PROGRAM_SECONDS
# is how long it may take. What it prints behind a "# ", figures mostly, is shown in any case.
gtest() {
    local program=$1 log code=0
    shift
    [[ -x $program ]] || { echo "not ok ${program##*/} is not there: its build failed" && return; }
    log=$(mktemp "$TEST_FOLDER/gtest.XXXXXX")
    timeout --foreground -k 5 "${PROGRAM_SECONDS:-600}" "$@" "$program" --gtest_color=no >"$log" 2>&1 || code=$?
    grep '^# ' -- "$log" || true
    if ((code != 0)); then
        sed -n '/^WARNING: ThreadSanitizer/,/^SUMMARY/p' -- "$log" # it goes on after these: they may stand anywhere
        tail -n 200 -- "$log"
    fi
    awk -v program="${program##*/}" -v code="$code" '
        function name(line) { sub(/^\[[^]]*\] /, "", line); sub(/ \([0-9]+ ms\)$/, "", line); return line }
        /^\[ RUN      \]/ { running = name($0); reason = causes = ""; next }
        /^\[       OK \]/ && running { print "ok " name($0); ++tests; running = ""; next }
        /^\[  FAILED  \] .*\([0-9]+ ms\)$/ {
            print "not ok " name($0); ++tests; ++failures; running = ""; cause = 0
            print name($0) ":\n" causes >>(ENVIRON["TEST_FOLDER"] "/causes")
            causes = ""
            next
        }
        /^\[  SKIPPED \] .*\([0-9]+ ms\)$/ { print "skip " name($0) " # " reason; ++tests; running = ""; next }
        / Failure$/ { cause = 12 } # lines of it that are shown again at the end
        cause-- > 0 { causes = causes "    " substr($0, 1, 1000) "\n" }
        running && NF { reason = $0 }
        END {
            if (running) print "not ok " running " did not end (exit code " code ", 124 is the time limit)"
            else if (code != 0 && !failures) print "not ok " program " ended with exit code " code
            if (!tests && !running) print "not ok " program " ran no test"
        }' "$log"
    rm -f -- "$log"
}

# scripts FOLDER: every executable NAME_test in it; they print the lines themselves.
scripts() {
    local script log code
    log=$(mktemp "$TEST_FOLDER/script.XXXXXX")
    for script in "$1"/*_test; do
        [[ -x $script ]] || continue
        code=0
        timeout --foreground -k 5 600 "$script" 2>&1 | tee "$log" || code=$?
        if ((code != 0)) && ! grep -q '^not ok ' "$log"; then echo "not ok ${script##*/} ended with exit code $code"; fi
        if ! grep -qE '^(ok|not ok|skip) ' "$log"; then echo "not ok ${script##*/} ran no test"; fi
    done
    rm -f -- "$log"
}

# sources [PATTERN...]: our C++ files.
sources() { find "$project"/{worker,examples,tests,bench} \( -name '*.cpp' -o -name '*.hpp' \) -type f 2>/dev/null | sort; }
