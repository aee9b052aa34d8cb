# shellcheck shell=bash
# What the tests of ./todo share. Sourced, never run; tests/parts/shell.sh says how results are printed.
#
# Sets:   here   a folder of this test's own, which other users can enter;   ports   the first of 20 free ports
# A stack that a test leaves running in $here is taken down when it ends, however it ends.
# shellcheck source=tests/parts/shell.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/../parts/shell.sh"

here=$(mktemp -d "$TEST_FOLDER/stack.XXXXXX")
chmod 755 "$here"
# shellcheck disable=SC2034 # for the tests
ports=$(free_ports 12000 20000)

finish() {
    local marker
    for marker in "$here"/*/.todo-worker-state; do
        [[ ! -e $marker ]] || todo down --wipe --state "${marker%/*}" >/dev/null || true
    done
}
trap finish EXIT

todo() { "$project/todo" "$@"; }
pass() { echo "ok $1"; }
fail() { # NAME WHAT...
    printf '    %s\n' "${@:2}"
    echo "not ok $1"
}

# expect NAME ACTUAL EXPECTED
expect() {
    if [[ $2 == "$3" ]]; then pass "$1"; else fail "$1" "it is        $2" "and should be $3"; fi
}

# refuses NAME CODE WORDS COMMAND...: the command fails with that code and one line that has the words in it, and
# makes no state folder.
refuses() {
    local name=$1 code=$2 words=$3 is=0 text
    shift 3
    text=$("$@" 2>&1 >/dev/null </dev/null) || is=$?
    if [[ $is == "$code" && $(wc -l <<<"$text") == 1 && $text == *"$words"* && ! -e $here/none ]]; then
        pass "$name"
    else
        fail "$name" "exit code $is, should be $code; one line with '$words' should be:" "$text"
    fi
}

# answers PORT: the service answers there, that nobody is signed in.
answers() { [[ $(curl -s -m 5 -o /dev/null -w '%{http_code}' "http://127.0.0.1:$1/v1/todos") == 401 ]]; }

# residents FOLDER: the processes that are at home in it, or run a program of it.
residents() { find /proc/[0-9]*/{cwd,exe} -maxdepth 0 -lname "$1/*" 2>/dev/null; }
