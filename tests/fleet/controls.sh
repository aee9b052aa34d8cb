# shellcheck shell=bash disable=SC2016,SC2154 # for the shell of a host; set by shell.sh and run
# Proof 6: what the releases without a failure rest on is taken away, one at a time; then requests fail, or a release hangs.
on_all() { on_each "$1" "${apps[@]}"; }
# fails_under_load COMMAND...
fails_under_load() {
    mark_errors
    load
    "$@"
    loaded
    (($(failures) > 0)) || [[ -n $(upstream_errors) ]] || { echo "nothing failed, so the proof does not show what it says" && return 1; }
}
all_stop() { on_all 'systemctl stop todo-worker.socket "todo-worker@*" && sleep 1 && systemctl start todo-worker.socket todo-worker@0 todo-worker@1'; }
check "without the old release still serving requests fail" fails_under_load all_stop

if [[ -z $long ]]; then return; fi

# The first release to serve beside another one makes the socket that they share block: whoever is woken for a connection that another
# process has taken then waits for the next one, and does not hear that it shall end.
blocks() {
    on app1 'cat >/run/blocking.py <<PROGRAM
import fcntl, os, sys, time
if os.fork() == 0:
    while True:
        fcntl.fcntl(3, fcntl.F_SETFL, fcntl.fcntl(3, fcntl.F_GETFL) & ~os.O_NONBLOCK)
        time.sleep(0.02)
os.execv(sys.argv[1], sys.argv[1:])
PROGRAM
        mkdir -p /run/systemd/system/todo-worker@1.service.d
        printf "[Service]\nExecStart=\nExecStart=/usr/bin/python3 /run/blocking.py /opt/todo/current/usr/bin/todo-worker --status-dir /run/todo-worker/status\nMemoryDenyWriteExecute=no\n" \
            >/run/systemd/system/todo-worker@1.service.d/zz.conf
        systemctl daemon-reload
        systemctl restart todo-worker@1'
}
# Milliseconds that the other process takes to stop and start, after some requests.
restart_takes() {
    on app1 'for request in 1 2 3 4 5 6; do /opt/todo/todo-health 10.77.0.13:9000 /run/todo-worker/status 2 10; done
        begin=$(date +%s%N)
        systemctl restart todo-worker@0
        echo $((($(date +%s%N) - begin) / 1000000))'
}
hangs() {
    local before after
    before=$(restart_takes)
    blocks
    after=$(restart_takes)
    echo "$before ms, and $after with a socket that blocks"
    ((before < 8000 && after > 15000))
}
unblocks() {
    on app1 'rm -r /run/systemd/system/todo-worker@1.service.d /run/blocking.py
        systemctl daemon-reload
        systemctl restart todo-worker@1
        systemctl restart todo-worker@0'
}
check "with a socket that blocks the process that serves beside it hangs when it shall end" hangs
check "the socket can be put right" unblocks

# nginx closes its connections after 2 s of silence or 4 s of use, and a process that ends waits for that. Here nginx keeps them, and
# the process closes them itself: a request may be on its way on one of them.
worker_closes() {
    local edge
    for edge in "${edges[@]}"; do
        on "$edge" 'cd /opt/todo/edge/nginx && sed -i -E "s/^( *keepalive_time) [^;]*;/\1 1h;/; s/^( *keepalive_timeout) [^;]*;/\1 60s;/" worker.conf
            systemctl reload nginx'
    done
    on_all 'printf "TODO_REQUEST_BUDGET_MS=2100\nTODO_DRAIN_TIMEOUT_MS=2200\n" >>/etc/todo-worker/environment
        systemctl restart todo-worker@0; systemctl restart todo-worker@1'
}
restarts() {
    local round
    # shellcheck disable=SC2034
    for round in 1 2 3; do on_all 'systemctl restart todo-worker@0; systemctl restart todo-worker@1'; done
}
check "a worker can be made the one that closes" worker_closes
check "with the worker as the one that closes requests fail" fails_under_load restarts
put_back() { play site.yml && play verify.yml; }
check "site.yml puts it back" put_back
