# shellcheck shell=bash disable=SC2034 # what is set here is used by who sources it
# The peers: what each is, how it is built, started and stopped. Sourced, never run.
#
# A peer runs as the service's user, in the kernel's class for batches, as all of the stack does.
#
# Sets, after start_peer:  peer_pass   how nginx passes requests on      peer_listens   the socket

# shellcheck source=bench/peers/stage.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/stage.sh"

peers=(php node cpp go go-batch ours ours-one)
declare -A peer_label=(
    [go]='Go, net/http and pgx'
    [go-batch]='the same Go, with batches'
    [php]='PHP-FPM, persistent connections'
    [node]='Node.js, fastify and postgres.js'
    [cpp]='C++, libfcgi and libpqxx as usual'
    [ours-one]='todo-worker, combiner off'
    [ours]='todo-worker'
    [pgbench]='pgbench, no HTTP'
)
# WORKERS:CONNECTIONS to try, the first of which is where everybody begins: 20 connections. Workers are processes (Go: threads
# that run Go at once; PHP-FPM: none, as each of its processes is a connection), connections those of each worker (Go: of all).
declare -A peer_candidates=(
    [go]='2:20 1:20 2:2 2:4 2:8 2:12'
    [go-batch]='2:20 1:1 2:1 2:2 2:4 2:8'
    [php]='1:20 1:2 1:4 1:8 1:12 1:32'
    [node]='2:20 1:20 1:2 1:4 2:2 2:4'
    [cpp]='1:20 1:2 1:4 1:8 1:12 2:10'
    [ours-one]='2:20 1:20 1:2 1:4 1:8 2:4'
    [ours]='2:20 1:20 1:1 1:2 1:4 2:4'
)

peer_pid='' peer_pass='' peer_listens=''

# build_peers: Go, Node.js and C++ into build/peers; PHP is read as it is.
build_peers() {
    local built=$project/build/peers
    mkdir -p "$built/node"
    (cd -- "$peers_folder/go" && env GO111MODULE=off GOPATH=/usr/share/gocode GOCACHE="$built/go-cache" GOFLAGS=-trimpath \
        go build -o "$built/go" .) || die "the Go peer does not build"
    if ! cmp -s -- "$peers_folder/node/package-lock.json" "$built/node/.installed"; then
        cp -- "$peers_folder"/node/{package.json,package-lock.json} "$built/node"
        (cd -- "$built/node" && npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error) ||
            die "npm does not install what bench/peers/node/package-lock.json names"
        cp -- "$peers_folder/node/package-lock.json" "$built/node/.installed"
    fi
    cp -- "$peers_folder/node/server.js" "$built/node"
    "$project/worker/stack/build" release bench-peer >/dev/null
}

# install_peers: where the service's user can read them.
install_peers() {
    install -d "$folder/peers"
    install -m 755 -- "$project/build/peers/go" "$folder/peers/go"
    install -m 755 -- "$project/build/release/bench/bench-peer" "$folder/peers/cpp"
    cp -R -- "$project/build/peers/node" "$folder/peers/node"
}

# start_peer NAME WORKERS CONNECTIONS: until it answers through nginx.
start_peer() {
    local name=$1 workers=$2 connections=$3
    local environment=(PATH="$PATH" LC_ALL=C.UTF-8 PEER_SOCKET="$peer_socket" PEER_DATABASE="$state/run/postgresql"
        PEER_KEY="$folder/key" PEER_WORKERS="$workers" PEER_CONNECTIONS="$connections")
    peer_pass=http peer_listens=$peer_socket
    rm -f -- "$peer_socket"
    case $name in
    go) run_peer "${environment[@]}" GOMAXPROCS="$workers" GOGC=400 "$folder/peers/go" ;;
    go-batch) run_peer "${environment[@]}" GOMAXPROCS="$workers" GOGC=400 "$folder/peers/go" -batch ;;
    node) run_peer "${environment[@]}" NODE_ENV=production node "$folder/peers/node/server.js" ;;
    cpp) peer_pass=fastcgi && run_peer "${environment[@]}" "$folder/peers/cpp" ;;
    php) peer_pass=php && start_php "$connections" ;;
    ours-one) start_ours "$workers" "$connections" none ;;
    ours) start_ours "$workers" "$connections" all ;;
    *) die "there is no peer '$name': ${peers[*]}" ;;
    esac
    wait_until 20 test -S "$peer_listens" || { tail -n 20 -- "$folder/log" >&2 && die "$name does not listen: the lines above are the end of its log"; }
    chmod 666 "$peer_listens"
    front_for "$peer_pass" "$peer_listens"
}

# run_peer [NAME=VALUE]... COMMAND...
run_peer() {
    local user=()
    if ((EUID == 0)); then user=(setpriv --reuid "$service_user" --regid "$service_user" --init-groups --); fi
    "${in_turn[@]}" "${user[@]}" env -i "$@" </dev/null >>"$folder/log" 2>&1 &
    peer_pid=$!
}

start_php() { # PROCESSES
    local user_line=''
    if ((EUID == 0)); then user_line="user = $service_user"; fi
    sed "s|@log@|$folder/log|; s|@user@|$user_line|; s|@socket@|$peer_socket|; s|@workers@|$1|; s|@database@|$state/run/postgresql|; s|@key@|$folder/key.php|" \
        "$peers_folder/php/fpm.conf.in" >"$folder/fpm.conf"
    # Started by root, its processes are the service's user's.
    env -i PATH="$PATH" LC_ALL=C.UTF-8 "${in_turn[@]}" php-fpm8.2 -n -d zend_extension=opcache -d extension=pgsql -d opcache.enable=1 \
        -d opcache.validate_timestamps=0 -d opcache.jit=tracing -d opcache.jit_buffer_size=32M -y "$folder/fpm.conf" \
        </dev/null >>"$folder/log" 2>&1 &
    peer_pid=$!
}

# As ./todo up starts them.
start_ours() { # PROCESSES CONNECTIONS COMBINE
    start_todo_workers "--combine $3 $ours_options" WORKER_PROCESSES="$1" WORKER_THREADS=$(($2 + 4)) POOL_CONNECTIONS="$2"
    peer_pid='' peer_pass=ours peer_listens=$STACK_WORKER_SOCKET
}
ours_options=''

# The processes of the peer that runs: the first one, and its children.
peer_processes() {
    if [[ -n $peer_pid ]]; then family "$peer_pid"; else "$project/worker/stack/processes" pids --state "$state"; fi
}

stop_peer() {
    if [[ -n $peer_pid ]]; then
        end_family "$peer_pid"
    elif [[ -n $peer_listens ]]; then
        "$project/worker/stack/processes" stop --state "$state"
    fi
    peer_pid='' peer_listens=''
}
