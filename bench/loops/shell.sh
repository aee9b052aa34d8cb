# shellcheck shell=bash disable=SC2034 # what is set here is used by who sources it
# One loop behind one nginx, in a folder of their own, for the comparison and for tests. Sourced, never run.
#
# Sets, after make_folder:    folder, address   of nginx: 127.0.0.1:PORT
#       after start_workers:  supervisor   the process whose children the workers are
#       after start_nginx:    master       nginx's first process
# Whoever sources it calls remove_folder at its end, however it ends.
# shellcheck source=bench/shell.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/../shell.sh"

folder='' supervisor='' master=''

# make_folder PARENT: other users can enter it, for nobody serves requests as root.
make_folder() {
    local here
    here=$(dirname -- "${BASH_SOURCE[0]}")
    steady_clock
    folder=$(mktemp -d "$1/todo-bench.XXXXXX")
    chmod 755 "$folder"
    use_state "$folder/stack"
    install -d -o "$service_user" "$folder/run"
    install -m 755 -t "$folder" -- "$project/build/release/bench/bench-loop" "$here/listen"
    install -m 644 -t "$folder" -- "$here/nginx.conf"
    address=127.0.0.1:$(free_ports 12000 20000)
}

remove_folder() {
    stop_case
    [[ -z $folder ]] || rm -rf -- "$folder"
    restore_clock
    folder=
}

# start_workers PROCESSES OPTION...: bench-loop's options.
start_workers() {
    local processes=$1 user=()
    shift
    if ((EUID == 0)); then user=(setpriv --reuid "$service_user" --regid "$service_user" --init-groups --); fi
    rm -f -- "$folder/run/loop.sock"
    env -i PATH="$PATH" LC_ALL=C.UTF-8 "${user[@]}" "$folder/listen" "$folder/run/loop.sock" "$processes" \
        "$folder/bench-loop" "$@" </dev/null 2>>"$folder/error.log" &
    supervisor=$!
    wait_until 10 has_children "$supervisor" "$processes" || fail_case "the workers do not start"
}

# start_nginx PROCESSES on|off KEEPALIVE [SECONDS [LISTEN]]: whether it keeps connections to the workers, how many in each
# process, how long one may be idle; more words for `listen`.
start_nginx() {
    nginx_processes "$1" >"$folder/process.conf"
    echo "fastcgi_keep_conn $2;" >"$folder/keep_conn.conf"
    # As the service has it, but for the number, which a comparison may change; nothing is closed for its age in a test.
    echo "keepalive $3; keepalive_timeout ${4:-2}s; keepalive_time $((2 * ${4:-2}))s; keepalive_requests 1000000;" >"$folder/keepalive.conf"
    echo "listen $address backlog=$LISTEN_BACKLOG ${5:-};" >"$folder/listen.conf"
    (cd -- "$folder" && exec nginx -p ./ -c nginx.conf -e error.log </dev/null) &
    master=$!
    wait_until 10 answers || fail_case "nothing answers at $address"
    wait_until 10 has_children "$master" "$1" || fail_case "nginx has not all of its processes"
}
answers() { [[ $(curl -s -m 2 -o /dev/null -w '%{http_code}' "http://$address/hello") == 200 ]]; }

fail_case() {
    tail -n 20 -- "$folder/error.log" >&2
    die "$1: the lines above are the end of the log"
}

# nginx first: it closes the connections that a loop would wait for.
stop_case() {
    end_family "$master"
    end_family "$supervisor"
    master='' supervisor=''
}
