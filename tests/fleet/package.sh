# shellcheck shell=bash disable=SC2016,SC2154 # for the shell of a host; set by shell.sh and run
# The package by itself, under a real systemd: installed, replaced under requests, killed, booted again, removed.
check "a blank host boots" lab up app1
lab ssh app1 -- sudo dd of=/srv/todo-worker.deb status=none <"$(package_of 1)"

# ask SOCKET PATH: there, prints the worker's answer.
ask='ask() { REQUEST_METHOD=GET REQUEST_URI=$2 SCRIPT_NAME=$2 cgi-fcgi -bind -connect "$1"; }
worker=/run/todo-worker/worker.sock'
check "the package can be installed, with what it needs" on app1 \
    "apt-get -q update && apt-get -q -y --no-install-recommends install libfcgi-bin nginx /srv/todo-worker.deb"
# The page's commands, but for the first, which install, and the last, which shows the log.
as_operations_says() {
    local commands
    commands=$(sed -n '/^## On a host with systemd/,/^## /s/^    //p' "$project/docs/operations.md" | sed -n '/^secret=/,/^systemctl/p')
    [[ $(wc -l <<<"$commands") == 4 ]] || { echo "not four lines: $commands" && return 1; }
    on app1 "$commands
        systemctl is-active todo-worker.socket todo-worker@0 todo-worker@1 todo-worker-sweep.timer"
}
check "keys are made and its units enabled as docs/operations.md says, and run" as_operations_says
check "nginx may reach the socket, and nobody else" on app1 "$ask"'
    as() { su -s /bin/bash "$1" -c "$(declare -f ask); ask $worker /v1/todos" </dev/null 2>&1; }
    [[ $(as www-data) == *"Status: 401"* ]] || { as www-data && exit 1; }
    [[ $(as nobody || true) != *Status* ]]'
# What the sandbox could have taken away: the kernel says over netlink how many connections wait.
check "a process sees its socket's queue" on app1 "$ask"'
    ask /run/todo-worker/status/status-0.sock /metrics | grep "^todo_worker_listen_queue "'
# Both limits: systemd says nothing where it cannot give what a unit asks for.
limit=$(ulimit -Hn)
if [[ $limit == unlimited ]] || ((limit >= 16384)); then
    check "a process may open as many files as its unit says" on app1 '
        grep -qE "^Max open files +16384 +16384 " "/proc/$(systemctl show -P MainPID todo-worker@0)/limits"'
else
    echo "skip a process may open as many files as its unit says # this machine allows no more than $limit"
fi
# It would let the others wait for a connection that somebody else has taken, and for nothing else.
check "a process that fails at once does not make the socket block for the others" on app1 '
    unit=/run/systemd/system/todo-worker@0.service.d
    mkdir -p $unit
    printf "[Service]\nExecStart=\nExecStart=/bin/false\n" >$unit/fails.conf
    systemctl daemon-reload
    ! systemctl restart todo-worker@0
    flags=$(sed -n "s/^flags:\t*//p" "/proc/$(systemctl show -P MainPID todo-worker@1)/fdinfo/3")
    rm $unit/fails.conf
    systemctl daemon-reload
    systemctl restart todo-worker@0
    echo "its flags are $flags"
    ((0$flags & 04000))'
# Each request is answered, if only by 401, as nobody is signed in: an answer is what is asked for.
while_it_is_replaced() {
    on app1 "$ask"'
        before=$(pgrep -x todo-worker | sort)
        touch /run/asking
        for client in 1 2 3 4; do
            while [[ -e /run/asking ]]; do
                answer=$(ask $worker /v1/todos 2>&1) || true
                if [[ $answer == "Status: 401"* ]]; then echo answered; else echo "$EPOCHREALTIME failed: $answer"; fi
            done >/run/client-$client &
        done
        sleep 1
        dpkg --install /srv/todo-worker.deb
        sleep 1
        rm /run/asking
        wait
        systemctl is-active todo-worker@0 todo-worker@1
        after=$(pgrep -x todo-worker | sort)
        [[ -z $(comm -12 <(echo "$before") <(echo "$after")) ]] || { echo "a process was not replaced" && exit 1; }
        answered=$(cat /run/client-? | grep -cx answered)
        echo "$answered answered; what else was heard:"
        ! grep -vx answered /run/client-? || { journalctl -u "todo-worker*" -o short-precise --no-pager | grep systemd && exit 1; }
        ((answered >= 100))'
}
check "installed again, it replaces both processes, and every request is answered" while_it_is_replaced
check "a process that was killed is started again" on app1 '
    kill -KILL "$(systemctl show -P MainPID todo-worker@0)"
    sleep 2
    systemctl is-active todo-worker@0'
serves_again_after() {
    local before
    before=$(boot_of app1)
    if [[ $1 == reboot ]]; then on app1 'systemctl reboot' || true; else lab crash app1 && lab up app1; fi
    wait_until 30 is_another_boot app1 "$before"
    on app1 'systemctl is-active todo-worker.socket todo-worker@0 todo-worker@1 todo-worker-sweep.timer
        [[ -z $(systemctl --failed --plain --no-legend) ]]'
}
check "after a reboot all of it runs" serves_again_after reboot
check "after a power cut all of it runs" serves_again_after crash
check "purged, it leaves nothing that runs or is enabled" on app1 '
    apt-get -q -y purge todo-worker
    ! pgrep -x todo-worker
    [[ -z $(systemctl --failed --plain --no-legend) ]]
    ! find /etc /usr /run -name "*todo-worker*" | grep .'
check "the host is gone" down app1
