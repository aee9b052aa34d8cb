# shellcheck shell=bash disable=SC2016,SC2154 # for the shell of a host; set by shell.sh and run
# Proof 6: what the releases without a failure rest on is taken away, one at a time; then requests fail, or a release hangs.
on_all() {
    local host pids=()
    for host in "${apps[@]}"; do
        on "$host" "$1" &
        pids+=($!)
    done
    wait "${pids[@]}"
}
fails_under_load() {
    mark_errors
    load 25
    "$@"
    loaded
    (($(failures) > 0)) || [[ -n $(upstream_errors) ]] || { echo "nothing failed, so the proof does not show what it says" && return 1; }
}
all_stop() { on_all 'systemctl stop todo-worker.socket "todo-worker@*" && sleep 1 && systemctl start todo-worker.socket todo-worker@0 todo-worker@1'; }
check "without the old release still serving requests fail" fails_under_load all_stop

if [[ -z $long ]]; then return; fi

# nginx closes its connections after 2 s of silence or 4 s of use: here the worker closes each that is idle for 100 ms.
edges_keep() {
    local edge
    for edge in "${edges[@]}"; do
        on "$edge" 'cd /opt/todo/edge/nginx && sed -i -E "s/^( *keepalive_time) [^;]*;/\1 1h;/; s/^( *keepalive_timeout) [^;]*;/\1 60s;/" worker.conf
            systemctl reload nginx'
    done
    on_all "echo TODO_IDLE_TIMEOUT_MS=100 >>/etc/todo-worker/environment; systemctl restart todo-worker@0; systemctl restart todo-worker@1"
}
check "a worker can be made the one that closes" edges_keep
check "with the worker as the one that closes requests fail" fails_under_load sleep 20
put_back() { play site.yml && play verify.yml; }
check "site.yml puts it back" put_back
