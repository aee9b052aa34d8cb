# shellcheck shell=bash disable=SC2016,SC2034,SC2154 # for the shell of a host; read by the proofs; set by run
# What the proofs share. Sourced by run, never run; `folder` is the lab's, `rounds` how often something is repeated.
# shellcheck source=tests/parts/shell.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/../parts/shell.sh"
lab() { "$project/ansible/lab/lab" "$1" --folder "$folder" "${@:2}"; }
# down [HOST...]: they are gone, and so is what ansible keeps open to them.
down() {
    lab down "$@"
    rm -rf -- "$TEST_FOLDER/ssh"
}
# on HOST COMMAND: as root there.
on() { lab ssh "$1" -- sudo bash -euo pipefail -c "$(printf %q "$2")" </dev/null; }

# on_each COMMAND HOST...: as root on each of them, at the same time.
on_each() {
    local host pids=()
    for host in "${@:2}"; do
        on "$host" "$1" &
        pids+=($!)
    done
    for host in "${pids[@]}"; do wait "$host"; done
}

# When each worker process of an app host began.
started_at() { on "$1" 'systemctl show -P ExecMainStartTimestampMonotonic todo-worker@0 todo-worker@1'; }

boot_of() { lab ssh "$1" -- cat /proc/sys/kernel/random/boot_id; }
# is_another_boot HOST BOOT: than this one; a host that does not answer has not booted yet.
is_another_boot() { [[ $(boot_of "$1" 2>/dev/null || echo "$2") != "$2" ]]; }

edges=(edge1 edge2) apps=(app1 app2) databases=(db1) lab_inventory=$project/ansible/inventories/lab
addresses=(10.77.0.100 10.77.0.101) # of the edges, wherever they are
if [[ -n $database ]]; then
    edges=(edge1) apps=(app1) databases=(db1 db2 db3) lab_inventory=$project/ansible/inventories/lab-database
    addresses=(10.77.0.11)
fi
fleet=("${edges[@]}" "${apps[@]}" "${databases[@]}")
releases=$TEST_FOLDER/releases

# The package of release N; 1 is what a fleet begins with.
package_of() { echo "$releases"/todo-worker_*-"$1"_*.deb; }
version_of() { basename -- "$(package_of "$1")" | cut -d _ -f 2; }

make_packages() {
    local number
    for ((number = 1; number <= releases_needed; ++number)); do
        compgen -G "$releases/todo-worker_*-${number}_*.deb" >/dev/null ||
            "$project/todo" package --revision "$number" --output "$releases" || return
    done
}

# in_ansible PROGRAM [WORD...]: in the lab, with INVENTORY or its own.
in_ansible() {
    ANSIBLE_CONFIG=$project/ansible/ansible.cfg ANSIBLE_HOST_KEY_CHECKING=False ANSIBLE_PRIVATE_KEY_FILE=$folder/key \
        ANSIBLE_SSH_CONTROL_PATH_DIR=$TEST_FOLDER/ssh \
        ANSIBLE_SSH_ARGS='-o ControlMaster=auto -o ControlPersist=60s -o ServerAliveInterval=1 -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR' \
        ANSIBLE_NOCOLOR=1 lab run -- "$1" -i "${INVENTORY:-$lab_inventory}" "${@:2}" </dev/null 2>&1
}
# play PLAYBOOK [OPTION...]: what it says is in $TEST_FOLDER/play.log (or in LOGS), and printed.
play() {
    in_ansible ansible-playbook -e "{\"todo_worker_package\": \"$(package_of 1)\"}" "$project/ansible/$1" "${@:2}" |
        tee "${LOGS:-$TEST_FOLDER}/play.log"
}
# tell HOSTS [OPTION...]: a command to them, as an operator gives it.
tell() { in_ansible ansible "$@"; }
# What the last play says at its end of a host: changed, failed, unreachable.
recap() { sed -nE "s/^$1 +: .*$2=([0-9]+) .*/\1/p" "${LOGS:-$TEST_FOLDER}/play.log"; }
nothing_changed() {
    local host
    for host in "$@"; do
        [[ $(recap "$host" changed) == 0 ]] || { echo "$host: $(recap "$host" changed) changed" && grep -B 3 '^changed:' "${LOGS:-$TEST_FOLDER}/play.log"; return 1; }
    done
}
# refuses WORDS COMMAND...: it fails, and says WORDS.
refuses() {
    local words=$1
    shift
    local log=${LOGS:-$TEST_FOLDER}/refused.log
    if "$@" >"$log"; then echo "it was not refused: $*" && return 1; fi
    tr -s ' \n' ' ' <"$log" | grep -F -- "$words" >/dev/null || { cat "$log" && return 1; }
}
# side_by_side NAME COMMAND...: a check beside the one before or after it; `wait` ends the last ones.
sides=0
side_by_side() {
    (LOGS=$(mktemp -d "$TEST_FOLDER/side.XXXXXX") && check "$@") &
    ((++sides % 2)) || wait
}

# Access tokens: the first 1,000 are the load's, the others are the client's.
make_tokens() {
    [[ ! -s $TEST_FOLDER/tokens ]] || return 0
    sed -nE 's/^vault_token_keys: (.*)/\1/p' "$project/ansible/inventories/lab/group_vars/all/vault.yml" |
        python3 -c 'import json, sys, yaml; print(json.dumps(yaml.safe_load(sys.stdin)))' >"$TEST_FOLDER/keys.json"
    node "$project/bench/tokens.mjs" "$TEST_FOLDER/keys.json" 1400 1 >"$TEST_FOLDER/tokens.new"
    tail -n +1001 "$TEST_FOLDER/tokens.new" >"$TEST_FOLDER/client-tokens"
    mv "$TEST_FOLDER/tokens.new" "$TEST_FOLDER/tokens"
}

# load: GET and POST, at each of the edges' addresses 250 a second, on 300 connections that stay, for ten minutes at most. loaded
# ends it, and shows what was answered.
load_processes=()
# started COMMAND: the processes that run it for these tests, as one of its words names this test's folder.
started() { pgrep -f -- "^$1 .*$TEST_FOLDER/" || true; }
load() {
    local number
    make_tokens
    for number in "${!addresses[@]}"; do
        lab run -- "$project/build/release/bench/bench-load" --target "${addresses[number]}:8080-8099" \
            --allow "${addresses[number]}" --source-address 10.77.0.1 --source-ports "$((2000 + number * 30000))-$((31999 + number * 30000))" \
            --tokens "$TEST_FOLDER/tokens" --users 300 --ramp 300 --phase 250:600 --mix 70:30:0:0 \
            >"$TEST_FOLDER/load-$number.json" 2>"$TEST_FOLDER/load-$number.err" &
        load_processes+=($!)
    done
    sleep 5
}
end_load() { started "$project/build/release/bench/bench-load" | xargs -r kill -"$1"; }
stop_load() {
    end_load KILL
    wait
    load_processes=()
}
loaded() {
    kill -0 "${load_processes[@]}" || { echo "the load ended before it was told to" && return 1; }
    end_load TERM
    wait "${load_processes[@]}"
    load_processes=()
    for number in "${!addresses[@]}"; do
        jq -c '.connections as $c | .phases[0] | {sent, ok, status, timed_out, cut_off, unsent,
            max_ms: (.latency_us.max / 1000), refused: $c.refused, reset: $c.reset, closed: $c.closed}' "$TEST_FOLDER/load-$number.json"
    done | tee "$TEST_FOLDER/loaded"
}
# Requests that were not answered by 2xx, and connections that were lost, of the last load.
failures() { jq -s 'map(.sent - .ok + .unsent + .refused + .reset + .closed) | add' "$TEST_FOLDER/loaded"; }

# What nginx had to say of workers since the mark.
mark_errors() {
    local edge
    marked=$(date +%s)
    for edge in "${edges[@]}"; do on "$edge" 'wc -l </var/log/todo-edge/nginx-error.log >/run/errors.mark'; done
}
upstream_errors() {
    local edge
    for edge in "${edges[@]}"; do
        on "$edge" 'tail -n "+$(($(cat /run/errors.mark) + 1))" /var/log/todo-edge/nginx-error.log | grep upstream || true'
    done
}
# And the workers of requests: for who reads why some were not answered.
worker_errors() {
    local app
    for app in "${apps[@]}"; do
        echo "$app:"
        on "$app" 'journalctl -u "todo-worker@*" -o cat --since "@'"$marked"'" | grep -v "\"level\":\"info\"" | tail -n 12 || true
            for one in /run/todo-worker/status/status-*.sock; do
                env -i REQUEST_METHOD=GET REQUEST_URI=/metrics SCRIPT_NAME=/metrics /usr/bin/cgi-fcgi -bind -connect "$one" | grep "^todo_worker_requests_shed"
            done'
    done
}

# client.py, which lists todos and adds some: end_client none fails where a list has failed, end_client 503 where it has failed by
# another answer, end_client any by none, and all where a list was wrong, or a todo is not there once.
client_process='' clients=0
stop_client() { started "python3 $project/tests/fleet/client.py" | xargs -r kill -"$1"; }
start_client() {
    stop_client KILL # of a proof that has failed
    make_tokens
    # Other users each time, whose todos fit into one list.
    clients=$((clients + 1))
    tail -n "+$((clients * 40 % 400 + 1))" "$TEST_FOLDER/client-tokens" >"$TEST_FOLDER/these-tokens"
    lab run -- python3 "$project/tests/fleet/client.py" --target "$(IFS=, && echo "${addresses[*]}"):8080-8099" \
        --tokens "$TEST_FOLDER/these-tokens" >"$TEST_FOLDER/client.json" &
    client_process=$!
    sleep 3
}
end_client() {
    stop_client TERM
    wait "$client_process"
    cat "$TEST_FOLDER/client.json"
    jq -e --arg failures "$1" '.lost + .doubled + .unknown + .get.wrong == 0 and .post.answered > 200 and .get.answered > 200
        and ($failures != "none" or (.get.failed | length) == 0)
        and ($failures != "503" or ([.get.failed | keys[] | select(startswith("503 ") | not)] | length) == 0)' "$TEST_FOLDER/client.json" >/dev/null
}
