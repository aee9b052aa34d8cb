# shellcheck shell=bash disable=SC2034 # what is set here is used by who sources it
# What all peers share, in a folder of its own: PostgreSQL with its data, the tokens, and nginx. Sourced, never run.
#
# Sets, after make_stage:  folder   peer_socket   url   and what start_stack sets: the stack's
# Whoever sources it calls remove_stage at its end, however it ends.
# shellcheck source=bench/shell.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/../shell.sh"

peers_folder=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
folder='' peer_socket='' url='' front='' asked_owners=()
front_processes=$NGINX_WORKERS # of nginx; whoever sources this may set another number

# make_stage OWNERS: a todo for each of which there are ten. Not under /tmp, which may be memory: a commit has to reach a disk.
make_stage() {
    local step=$(($1 < 10000 ? 1 : $1 / 10000)) # one owner of so many is asked for
    asked_owners=(-D "owners=$1" -D "step=$step") # as pgbench takes them
    folder=$(mktemp -d /var/tmp/todo-peers.XXXXXX)
    chmod 755 "$folder"
    # shellcheck disable=SC2119 # without an option
    start_stack
    # Its own nginx and workers are not needed for most of the time.
    "$project/nginx/edge" stop --state "$state"
    "$project/worker/stack/processes" stop --state "$state"
    require_durable
    give_memory
    psql -X -q -v ON_ERROR_STOP=1 -v "owners=$1" "$STACK_OWNER_DSN" -f "$peers_folder/data.sql" >>"$folder/log"

    peer_socket=$folder/run/peer.sock
    install -d -o "$service_user" "$folder/run"
    node "$peers_folder/tokens.mjs" "$state/token-keys.json" "$1" "$step" >"$folder/tokens"
    # The peers read the bytes of the key itself.
    (umask 077 && jq -r '.keys[0].k + "="' "$state/token-keys.json" | basenc --base64url -d >"$folder/key")
    (($(stat -c %s "$folder/key") == 32)) || die "the key in $state/token-keys.json has not 32 bytes"
    (umask 077 && printf "<?php return hex2bin('%s');\n" "$(od -An -v -tx1 "$folder/key" | tr -d ' \n')" >"$folder/key.php")
    if ((EUID == 0)); then chown "$service_user" "$folder/key" "$folder/key.php"; fi
    make_front
}

remove_stage() {
    [[ -n $folder ]] || return 0
    end_family "$front"
    remove_stack || return 1
    rm -rf -- "$folder"
}

# Nobody gains by forgetting: settings, as the peers' role has them, and a file system that is a disk's.
require_durable() {
    local setting
    for setting in synchronous_commit fsync full_page_writes; do
        [[ $(psql -X -At "$STACK_WORKER_DSN" -c "SHOW $setting") == on ]] || die "$setting is not on: a commit would not be on the disk"
    done
    [[ $(stat -f -c %T -- "$state/pg") != tmpfs ]] || die "$state is memory: a commit would not be on a disk"
}

# All rows and indexes in memory, as on a server: the service's own 128 MiB are for a small machine, and who reads everything
# from the kernel's cache instead pays for it with each request, whoever asks.
give_memory() {
    psql -X -q "$STACK_ADMIN_DSN" -c "ALTER SYSTEM SET shared_buffers = '1GB'"
    "$project/sql/cluster" stop --state "$state" >>"$folder/log"
    "$project/sql/cluster" start --state "$state" >>"$folder/log"
    postmaster=$("$project/sql/cluster" postmaster --state "$state")
}

# After a checkpoint the first write to a page writes all of it to the log: some 3,000 writes pay for most of that, here, so
# that it is not who writes least that pays most for a write.
reset_todos() {
    psql -X -q -v ON_ERROR_STOP=1 "$STACK_ADMIN_DSN" -f "$peers_folder/reset.sql" >>"$folder/log"
    run_pgbench 8 "$peers_folder/insert.pgbench" "${asked_owners[@]}" -t 400 >>"$folder/log"
}

# What nginx has for the whole run; front_for starts one for each peer.
make_front() {
    local port
    port=$(free_ports 12000 20000)
    url=http://127.0.0.1:$port
    install -d "$folder/front" "$folder/front/php"
    install -m 644 -t "$folder/front" -- "$peers_folder"/{nginx.conf,pass/cgi.conf}
    install -m 644 -t "$folder/front/php" -- "$peers_folder/php/index.php"
    nginx_processes "$front_processes" >"$folder/front/process.conf"
    printf '%s\n' "listen 127.0.0.1:$port backlog=$LISTEN_BACKLOG;" "root $folder/front/php;" >"$folder/front/listen.conf"
}

# front_for PASS SOCKET: a file of pass/, without its ending. How many connections each process keeps is as the service has it.
front_for() {
    end_family "$front"
    install -m 644 -- "$peers_folder/pass/$1.conf" "$folder/front/pass.conf"
    {
        echo "upstream peer {"
        echo "    server unix:$2 max_fails=0;"
        if [[ $1 == http || $1 == ours ]]; then
            echo "    keepalive 16;"
            echo "    keepalive_requests 1000000;"
        fi
        echo "}"
    } >"$folder/front/upstream.conf"
    (cd -- "$folder/front" && exec "${in_turn[@]}" nginx -p ./ -c nginx.conf -e error.log </dev/null) &
    front=$!
    wait_until 20 front_answers || { tail -n 20 -- "$folder/front/error.log" "$folder/log" >&2 && die "nothing answers at $url"; }
    wait_until 10 has_children "$front" "$front_processes" || die "nginx has not all of its $front_processes processes"
}
front_answers() { [[ $(curl -s -m 5 -o /dev/null -w '%{http_code}' "$url/v1/todos") == 401 ]]; }
