# shellcheck shell=bash disable=SC2016,SC2154 # for the shell of a host; set by shell.sh and run
# Another host takes writes on purpose; a standby is made anew; etcd loses one of its three, and then two.
switches_over() {
    local before paused
    wait_until 60 are_well
    before=$(takes_writes)
    start_client
    play switchover.yml
    sleep 3
    end_client 503
    paused=$(pause "another host was given the writes")
    [[ $(takes_writes) != "$before" ]]
    jq -en "$paused < 3"
}
check "another host takes writes on purpose: no write pauses for 3 s, none is lost" switches_over
is_seen() {
    tell db1 -b -a "todo-patronictl list" | tee "$TEST_FOLDER/seen"
    [[ $(grep -c ' Leader ' "$TEST_FOLDER/seen") == 1 && $(grep -c -E ' (Sync Standby|Replica) ' "$TEST_FOLDER/seen") == 2 ]]
    tell db1 -b -a "todo-etcdctl endpoint status --cluster -w table" | tee "$TEST_FOLDER/seen"
    [[ $(grep -c ':2379 ' "$TEST_FOLDER/seen") == 3 ]]
}
check "one command shows who takes writes, and another who leads etcd" is_seen
refuses_the_primary() { refuses "takes writes: there is no other to copy from" play reinitialise.yml --limit "$(takes_writes)"; }
check "the one that takes writes is not made anew" refuses_the_primary
standby() { local name; for name in "${databases[@]}"; do [[ $name == "$(takes_writes)" ]] || echo "$name"; done | tail -n 1; }
is_made_anew() {
    local name
    name=$(standby)
    on "$name" 'touch /var/lib/postgresql/15/main/before'
    start_client
    play reinitialise.yml --limit "$name"
    end_client none
    wait_until 60 are_well
    on "$name" '! test -e /var/lib/postgresql/15/main/before'
}
check "a standby is made anew by one command: no request fails" is_made_anew
is_rebuilt() {
    local name
    name=$(standby)
    down "$name"
    lab up "$name"
    play site.yml
    wait_until 60 are_well
    on "$name" 'todo-etcdctl endpoint health && todo-etcdctl member list' | grep -c started | grep -x 3
    play verify.yml
}
if [[ -n $long ]]; then check "a database host is rebuilt from blank by one command" is_rebuilt; fi

etcd_lead() { on "$1" 'todo-etcdctl endpoint status --cluster -w json' | jq -r '.[] | select(.Status.header.member_id == .Status.leader) | .Endpoint'; }
# without_etcd NUMBER: so many of them stop, the one that leads first.
without_etcd() {
    local name lead stopped=()
    wait_until 60 are_well
    lead=$(etcd_lead "$(takes_writes)")
    for name in "${databases[@]}"; do
        if [[ $lead == *"$(cat "$folder/hosts/$name/address"):"* ]]; then stopped=("$name" "${stopped[@]}"); else stopped+=("$name"); fi
    done
    start_client
    for name in "${stopped[@]:0:$1}"; do on "$name" 'systemctl stop etcd'; done
    sleep 15
    for name in "${stopped[@]:0:$1}"; do on "$name" 'systemctl start etcd' & done
    sleep 10
    end_client none
    pause "$1 of three etcd were away" >/dev/null
    wait_until 60 are_well
}
check "etcd loses the one of three that leads: nothing happens" without_etcd 1
if [[ -n $long ]]; then
    check "etcd loses two of three: while the database hosts hear each other nothing happens, but that nobody could take the writes over" without_etcd 2
fi

# The same load with and without it, in turn.
measures() {
    local round mode
    # shellcheck disable=SC2034
    for round in 1 2 3; do
        for mode in true false; do
            on "$(takes_writes)" "todo-patronictl edit-config --force --quiet --set synchronous_mode=$mode" >/dev/null
            sleep 5
            load
            sleep 10
            loaded >/dev/null
            jq --arg mode "$mode" -c '.phases[0] | {mode: $mode, p50: .latency_us.p50, p99: .latency_us.p99, failed: (.sent - .ok)}' "$TEST_FOLDER/load-0.json"
        done
    done | tee "$TEST_FOLDER/modes"
    jq -rs 'def median: sort | .[length / 2 | floor]; def of(mode; key): map(select(.mode == mode) | .[key]) | median;
        "# 250 requests a second, 30 in 100 of them writes, median of three rounds: p50 \(of("true"; "p50")) us and p99 \(of("true"; "p99")) us where another host has each write first, \(of("false"; "p50")) us and \(of("false"; "p99")) us where none has"' \
        "$TEST_FOLDER/modes" >>"$TEST_FOLDER/notes"
    on "$(takes_writes)" 'todo-patronictl edit-config --force --quiet --set synchronous_mode=true'
    wait_until 60 are_well
}
if [[ -n $long ]]; then check "what it costs that another host has each write first is measured" measures; fi
cat "$TEST_FOLDER/notes" 2>/dev/null || true
