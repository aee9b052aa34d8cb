# shellcheck shell=bash
# What the tests of this folder share: they run a page block by block, as a reader would, in an empty folder.
# Sourced, never run. The folder is `folder`; nginx listens at `port`.
#
# A block whose first line says more than its language is a file of that name, a step of that name, or what a step
# prints. Changed is only what this machine decides: the port, and nginx's user where that is root.
# shellcheck source=tests/parts/shell.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/../parts/shell.sh"

folder=$(mktemp -d "$TEST_FOLDER/embed.XXXXXX")
port=$(free_ports 12000 20000)
ln -s "$project" "$folder/todo-worker"
export PGHOST=$STACK_STATE/run/postgresql PGUSER=postgres
use_ccache
export CCACHE_NOHASHDIR=yes # the folder goes with its debug information

blocks() { # PAGE
    awk -v folder="$folder" '
        /^```/ && !inside && NF == 2 { file = folder "/" $2; inside = 1; system("mkdir -p \"$(dirname \"" file "\")\""); next }
        /^```/ && inside { close(file); inside = 0; next }
        inside { print > file }' "$1"
}

# adapt: to this machine, once all files are there.
adapt() {
    find "$folder" -maxdepth 1 -type f -exec sed -i "s/127\.0\.0\.1:8000/127.0.0.1:$port/" {} +
    ((EUID != 0)) || sed -i '1i user root;' "$folder/nginx.conf"
}

step() { (cd -- "$folder" && bash -euo pipefail "./$1"); }

# What a step leaves running: the program in the background, and nginx as a daemon.
stop() {
    local program
    program=$(find /proc/[0-9]*/exe -maxdepth 0 -lname "$folder/*" -printf '%h\n' 2>/dev/null | sed 's|/proc/||') || true # others end meanwhile
    [[ ! -s $folder/nginx.pid ]] || kill -QUIT "$(<"$folder/nginx.pid")"
    [[ -z $program ]] || kill -TERM "$program"
    wait_until 20 bash -c "[[ -z \$(find /proc/[0-9]*/{exe,cwd} -maxdepth 0 -lname '$folder*' 2>/dev/null) ]]"
}
finish() { stop || true; }
trap finish EXIT

# No program here has a route for GET /: 404 or 405.
is_served() { [[ $(curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$port/") == 4* ]]; }

answers_as_told() { # STEP
    wait_until 20 is_served || return 1
    diff <(step "$1") "$folder/$1.out"
}
