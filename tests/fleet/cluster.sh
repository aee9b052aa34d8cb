# shellcheck shell=bash disable=SC2016,SC2154 # for the shell of a host; set by shell.sh and run
# A database on three hosts, from blank ones; and settings that a restart of PostgreSQL brings, while people use the service.
[[ -n $keep ]] || down
check "blank hosts boot" lab up "${fleet[@]}"
check "blank hosts become a fleet with three database hosts, which the last play verifies" play site.yml
again() { play site.yml && nothing_changed "${fleet[@]}"; }
if [[ -n $long ]]; then check "a second run changes nothing" again; fi

# Who takes writes; and whether all are well: each streams, and one of them has each write first.
primary() { on "${databases[$1]}" 'todo-patronictl list --format json' | jq -r '.[] | select(.Role == "Leader" and .State == "running") | .Member'; }
takes_writes() {
    local number name
    for number in 0 1 2; do
        name=$(primary "$number" 2>/dev/null) && [[ -n $name ]] && echo "$name" && return
    done
    return 1
}
# shellcheck disable=SC2317 # wait_until calls it
are_well() {
    on "$(takes_writes)" 'todo-patronictl list --format json' 2>/dev/null | jq -e '
        ([.[] | select(.State == "running" or .State == "streaming")] | length) == 3
        and ([.[] | select(.Role == "Leader")] | length) == 1 and ([.[] | select(.Role == "Sync Standby")] | length) == 1
        and ([.[] | .TL] | unique | length) == 1' >/dev/null
}
# pause WORDS: the longest time without a write, of the client that has ended.
pause() {
    local seconds
    seconds=$(jq '.post.pause * 100 | round / 100' "$TEST_FOLDER/client.json")
    echo "# $1: no write for $seconds s" >>"$TEST_FOLDER/notes"
    echo "$seconds"
}

# changes_settings VALUE: to a setting that a standby must have at least as much of as the one that takes writes.
changes_settings() {
    local paused name
    start_client
    play site.yml -e "fleet_max_connections=$1"
    sleep 2
    end_client 503
    paused=$(pause "a setting that takes a restart, on each host: $1")
    for name in "${databases[@]}"; do [[ $(on "$name" 'runuser -u postgres -- psql -XAtc "SHOW max_connections"') == "$1" ]] || return 1; done
    jq -en "$paused <= 3"
}
# Of the host that takes writes: each host trusts the new one, and shows its own, etcd too.
has_a_certificate() {
    local host before
    host=$(takes_writes)
    before=$(on "$host" "cat $certificate")
    start_client
    tell "$host" -b -a "rm $certificate"
    play site.yml
    sleep 2
    end_client 503
    [[ $(on "$host" "cat $certificate") != "$before" ]]
    on_each "todo-etcdctl endpoint health" "${databases[@]}"
}
certificate=/etc/postgresql/15/main/server.crt
if [[ -n $long ]]; then
    check "a database host gets another certificate: no todo is lost, and etcd goes on" has_a_certificate
    check "a setting that takes a restart comes to one host after the other: no write pauses for 3 s, none is lost" changes_settings 180
    check "one that has to become less everywhere as well" changes_settings 100
fi
