# shellcheck shell=bash disable=SC2034,SC2154 # what is set here is used by who sources it, peers.sh, which names the peers
# What all peers share, in a folder of its own: PostgreSQL with its data, the tokens, and nginx. Sourced, never run.
#
# Sets, after make_stage:  folder   and what start_stack sets: the stack's
# Whoever sources it calls remove_stage at its end, however it ends.
# shellcheck source=bench/shell.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/../shell.sh"

peers_folder=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
folder='' front='' front_port='' asked_owners=()
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

    install -d -o "$service_user" "$folder/run"
    node "$bench_folder/tokens.mjs" "$state/token-keys.json" "$1" "$step" >"$folder/tokens"
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

# All rows and indexes in memory, as on a server: the service's own 128 MiB are for a small machine, and who reads everything
# from the kernel's cache instead pays for it with each request, whoever asks. All peers have their connections at once.
give_memory() {
    local setting
    for setting in "shared_buffers = '1GB'" 'max_connections = 400'; do psql -X -q "$STACK_ADMIN_DSN" -c "ALTER SYSTEM SET $setting"; done
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

# One nginx for the whole run, with a port for each peer, who need not be there yet.
make_front() {
    front_port=$(free_ports 12000 20000)
    install -d "$folder/front" "$folder/front/php"
    install -m 644 -t "$folder/front" -- "$peers_folder"/nginx.conf "$peers_folder"/pass/*.conf
    install -m 644 -t "$folder/front/php" -- "$peers_folder/php/index.php"
    nginx_processes "$front_processes" >"$folder/front/process.conf"
    local name
    for name in "${peers[@]}"; do server_of "$name"; done >"$folder/front/peers.conf"
    (cd -- "$folder/front" && exec "${in_turn[@]}" nginx -p ./ -c nginx.conf -e error.log </dev/null) &
    front=$!
    wait_until 20 has_children "$front" "$front_processes" ||
        { tail -n 20 -- "$folder/front/error.log" >&2 && die "nginx has not all of its $front_processes processes"; }
}

socket_of() { echo "$folder/run/$1.sock"; }
port_of() { # NAME
    local name port=$front_port
    for name in "${peers[@]}"; do
        [[ $name != "$1" ]] || break
        port=$((port + 1))
    done
    echo "$port"
}
url_of() { echo "http://127.0.0.1:$(port_of "$1")"; }

# server_of NAME: its part of nginx's configuration. How many connections each process keeps is as the service has it.
server_of() {
    local pass=${peer_pass[$1]} kept='' target="fastcgi_pass $1;"
    if [[ $pass == http || $pass == ours ]]; then kept='keepalive 16; keepalive_requests 1000000;'; fi
    if [[ $pass == http ]]; then target="proxy_pass http://$1;"; fi
    cat <<TEXT
upstream $1 {
    server unix:$(socket_of "$1") max_fails=0;
    $kept
}
server {
    listen 127.0.0.1:$(port_of "$1") backlog=$LISTEN_BACKLOG;
    root $folder/front/php;
    location / {
        include $pass.conf;
        $target
    }
}
TEXT
}
answers() { [[ $(curl -s -m 5 -o /dev/null -w '%{http_code}' "$(url_of "$1")/v1/todos") == 401 ]]; }
