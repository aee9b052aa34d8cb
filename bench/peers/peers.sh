# shellcheck shell=bash disable=SC2034 # what is set here is used by who sources it
# The peers: what each is, how it is built, started and stopped. Sourced, never run.
#
# A peer runs as the service's user, in the kernel's class for batches, as all of the stack does.

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
# How nginx passes requests on: a file of pass/.
declare -A peer_pass=([go]=http [go-batch]=http [php]=php [node]=http [cpp]=fastcgi [ours]=ours [ours-one]=ours)
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

declare -A peer_pid=() # of those that run: the first process

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

# start_peer NAME WORKERS CONNECTIONS: until it answers through nginx. Others may run meanwhile.
start_peer() {
    local name=$1 workers=$2 connections=$3 listens
    listens=$(socket_of "$name")
    local environment=(PATH="$PATH" LC_ALL=C.UTF-8 PEER_SOCKET="$listens" PEER_DATABASE="$state/run/postgresql"
        PEER_KEY="$folder/key" PEER_WORKERS="$workers" PEER_CONNECTIONS="$connections")
    rm -f -- "$listens"
    case $name in
    go) run_peer "$name" "${environment[@]}" GOMAXPROCS="$workers" GOGC=400 "$folder/peers/go" ;;
    go-batch) run_peer "$name" "${environment[@]}" GOMAXPROCS="$workers" GOGC=400 "$folder/peers/go" -batch ;;
    node) run_peer "$name" "${environment[@]}" NODE_ENV=production node "$folder/peers/node/server.js" ;;
    cpp) run_peer "$name" "${environment[@]}" "$folder/peers/cpp" ;;
    php) start_php "$listens" "$connections" ;;
    ours-one) start_ours "$name" "$workers" "$connections" none ;;
    ours) start_ours "$name" "$workers" "$connections" all ;;
    *) die "there is no peer '$name': ${peers[*]}" ;;
    esac
    wait_until 20 test -S "$listens" || { tail -n 20 -- "$folder/log" >&2 && die "$name does not listen: the lines above are the end of its log"; }
    chmod 666 "$listens"
    wait_until 20 answers "$name" ||
        { tail -n 20 -- "$folder/front/error.log" "$folder/log" >&2 && die "$name does not answer at $(url_of "$name")"; }
}

run_peer() { # NAME [NAME=VALUE]... COMMAND...
    local name=$1 user=()
    shift
    if ((EUID == 0)); then user=(setpriv --reuid "$service_user" --regid "$service_user" --init-groups --); fi
    "${in_turn[@]}" "${user[@]}" env -i "$@" </dev/null >>"$folder/log" 2>&1 &
    peer_pid[$name]=$!
}

start_php() { # SOCKET PROCESSES
    local user_line=''
    if ((EUID == 0)); then user_line="user = $service_user"; fi
    sed "s|@log@|$folder/log|; s|@user@|$user_line|; s|@socket@|$1|; s|@workers@|$2|; s|@database@|$state/run/postgresql|; s|@key@|$folder/key.php|" \
        "$peers_folder/php/fpm.conf.in" >"$folder/fpm.conf"
    # Started by root, its processes are the service's user's.
    env -i PATH="$PATH" LC_ALL=C.UTF-8 "${in_turn[@]}" php-fpm8.2 -n -d zend_extension=opcache -d extension=pgsql -d opcache.enable=1 \
        -d opcache.validate_timestamps=0 -d opcache.jit=tracing -d opcache.jit_buffer_size=32M -y "$folder/fpm.conf" \
        </dev/null >>"$folder/log" 2>&1 &
    peer_pid[php]=$!
}

# As ./todo up starts them, in a folder of their own beside the stack's.
start_ours() { # NAME PROCESSES CONNECTIONS COMBINE
    local home=$folder/$1
    install -d "$home" "$home/bin" "$home/log" "$home/run"
    cp -p -- "$state/bin/todo-worker" "$home/bin"
    cp -p -- "$state"/{.todo-worker-state,token-keys.json,stack.env} "$home"
    (state=$home start_todo_workers "--combine $4 $ours_options" STACK_WORKER_SOCKET="$(socket_of "$1")" WORKER_PROCESSES="$2" \
        WORKER_THREADS=$(($3 + 4)) POOL_CONNECTIONS="$3")
    peer_pid[$1]=$(<"$home/run/workers.pid")
}
ours_options=''

# The processes of a peer: the first one, and its children.
peer_processes() { family "${peer_pid[$1]}"; } # NAME

# stop_peer NAME: also one that was about to start; nothing where it does not run.
stop_peer() {
    if [[ ${peer_pass[$1]} != ours ]]; then
        end_family "${peer_pid[$1]:-}"
    elif [[ -f $folder/$1/stack.env ]]; then
        "$project/worker/stack/processes" stop --state "$folder/$1"
    fi
    unset "peer_pid[$1]"
}
stop_peers() {
    local name
    for name in "${peers[@]}"; do stop_peer "$name" || return 1; done
}
