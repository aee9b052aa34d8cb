# shellcheck shell=bash disable=SC2016,SC2034,SC2154 # for the shell of a host; set by shell.sh and run
# Proof 2: blank hosts become a fleet, a second run changes nothing, and what somebody has changed by hand is found and mended.
check "blank hosts boot" lab up "${fleet[@]}"
# One host of each kind, or all of them.
kinds=(edge1 app1 db1)
[[ -z $long ]] || kinds=("${fleet[@]}")
# site "HOST..." [OPTION...]: site.yml on all hosts, or in the short form on each of these alone, all at the same time.
site() {
    local host code=0 runs=()
    if [[ -n $long ]]; then
        play site.yml "${@:2}"
        return
    fi
    for host in $1; do
        mkdir -p "$TEST_FOLDER/site/$host"
        LOGS=$TEST_FOLDER/site/$host play site.yml --limit "$host" "${@:2}" &
        runs+=($!)
    done
    for host in "${runs[@]}"; do wait "$host" || code=$?; done
    return "$code"
}
# logs HOST: where the last of them has written what it did there.
logs() { if [[ -n $long ]]; then echo "$TEST_FOLDER"; else echo "$TEST_FOLDER/site/$1"; fi; }
a_dry_run() {
    site "${kinds[*]}" --check --diff
    [[ -z $(on edge1 'command -v nginx || true') ]]
}
check "a dry run on blank hosts works, and does nothing" a_dry_run
# What a run before has changed and not brought into force would never be: the next one finds nothing to change.
is_finished() {
    refuses "firewall_operators must have one of those who are signed in" play site.yml --limit edge1 -e '{"firewall_operators": ["10.9.9.0/24"]}'
    on edge1 'journalctl -u ssh -o cat | grep "Received SIGHUP; restarting"'
}
check "where a run fails, what it has changed before comes into force" is_finished
converges() { play site.yml && lab run -- curl -sf -m 5 -o /dev/null -H 'Host: todo.example' "http://${addresses[0]}:8080/"; }
check "blank hosts become a fleet, which the last play verifies" converges
again() { play site.yml && nothing_changed "${fleet[@]}"; }
if [[ -n $long ]]; then check "a second run changes nothing" again; fi

no_secret_is_in_a_log() {
    local host log
    for host in "${fleet[@]}"; do
        log=$(on "$host" 'journalctl --no-pager; cat /var/log/*.log /var/log/*/*.log 2>/dev/null || true')
        [[ $log != *only-for-the-lab* && $log != *MDEyMzQ1Njc4OTAx* && ${#log} -gt 1000 ]] || { echo "$host" && return 1; }
    done
    ! grep -F -e only-for-the-lab -e MDEyMzQ1Njc4OTAx "$TEST_FOLDER/play.log"
}
check "no secret is in a log of the hosts, nor in what ansible shows" no_secret_is_in_a_log

reaches() { on "$1" "timeout 1 bash -c '</dev/tcp/$2' 2>/dev/null"; }
only_whom_it_concerns() {
    reaches edge1 10.77.0.13/9000
    reaches app1 10.77.0.15/5432
    reaches db1 10.77.0.11/9100
    reaches app1 10.77.0.12/8099
    lab run -- bash -c '</dev/tcp/10.77.0.12/8080'
    local from to
    for from in app2 db1; do if reaches "$from" 10.77.0.13/9000; then echo "$from reaches FastCGI" && return 1; fi; done
    for from in edge1 edge2; do if reaches "$from" 10.77.0.15/5432; then echo "$from reaches PostgreSQL" && return 1; fi; done
    for to in 10.77.0.13/9000 10.77.0.15/5432 10.77.0.15/9090 10.77.0.11/9100 10.77.0.11/9113; do
        if lab run -- timeout 1 bash -c "</dev/tcp/$to"; then echo "$to is open to everybody" && return 1; fi
    done
}
check "edges alone reach the workers, app hosts alone the database, and the world neither" only_whom_it_concerns

drifted=(app1 edge1)
[[ -z $long ]] || drifted=("${fleet[@]}")
drift_app1='sysctl -qw net.ipv4.ip_local_port_range="32768 60999"; systemctl -q disable --now todo-worker@1
    sed -i s/TODO_THREADS=.*/TODO_THREADS=3/ /etc/todo-worker/environment'
drift_edge1='sed -i s/8099/8199/ /opt/todo/edge/nginx/site/listen.conf; systemctl reload nginx; nft flush chain inet todo not_tracked_in'
drift_app2='systemctl -q stop todo-worker.socket; systemctl -q disable nftables'
drift_edge2='rm /etc/security/limits.d/60-todo.conf; systemctl -q disable --now keepalived'
drift_db1='sed -i "s/^max_connections.*/max_connections = 33/" /etc/postgresql/15/main/conf.d/todo.conf
    echo "host all all all trust" >>/etc/postgresql/15/main/pg_hba.conf'
drift() {
    local host commands
    for host in "${drifted[@]}"; do
        commands=drift_$host
        on "$host" "${!commands}"
    done
}
is_found() {
    local host
    site "${drifted[*]}" --check --diff
    for host in "${drifted[@]}"; do
        (($(LOGS=$(logs "$host") recap "$host" changed) > 0)) || { echo "nothing was found on $host" && return 1; }
    done
}
each_is_found() {
    refuses "net.ipv4.ip_local_port_range is 32768 60999 and shall be 1024 65535" play verify.yml --limit app1
    refuses "Read the rules that hold, and do after a reboot too" play verify.yml --limit edge1
    [[ -z $long ]] || refuses "Read both limits of who signs in" play verify.yml --limit edge2
    [[ -z $long ]] || refuses "nftables.service is not enabled: site.yml mends it" play verify.yml --limit app2
}
# Whom nobody has touched has nothing to change.
left_alone=()
for host in "${kinds[@]}"; do [[ " ${drifted[*]} " == *" $host "* ]] || left_alone+=("$host"); done
is_mended() {
    local host
    site "${kinds[*]}"
    for host in "${left_alone[@]}"; do LOGS=$(logs "$host") nothing_changed "$host"; done
    [[ -z $long ]] || { play site.yml && nothing_changed "${fleet[@]}" && play site.yml --check && nothing_changed "${fleet[@]}"; }
}
check "things can be changed by hand" drift
check "verify finds live values that are others" each_is_found
check "a dry run finds on each host what was changed" is_found
# What nginx has read by a reload too: verify.yml asks for its last port.
check "a run mends it, as verify says at its end, and changes nothing else" is_mended
