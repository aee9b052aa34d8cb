# shellcheck shell=bash disable=SC2016,SC2154 # for the shell of a host; set by shell.sh and run
# Proof 5: a host is cut off, killed, rebuilt. No list fails, and each todo that was added is there once.
is_cut_off() {
    start_client
    lab cut app2
    sleep 12
    lab join app2
    sleep 5
    end_client none
}
check "an app host is cut off for 12 seconds: no list fails, no todo is lost or doubled" is_cut_off
is_killed() {
    start_client
    lab crash app2
    sleep 8
    lab up app2
    sleep 5
    end_client none
}
if [[ -n $long ]]; then
    check "an app host loses its power: no list fails, no todo is lost or doubled" is_killed
    check "it serves again by itself" play verify.yml
fi

# Asks on a connection of its own, one every 20 ms, until it is told to stop; prints the longest time, in milliseconds, from
# one answer to the next.
probe() {
    lab run -- python3 -c '
import http.client, os, sys, time
longest, last = 0.0, time.monotonic()
while not os.path.exists(sys.argv[2]):
    try:
        connection = http.client.HTTPConnection(sys.argv[1], 8080, timeout=0.1)
        connection.request("GET", "/", headers={"Host": "todo.example"})
        if connection.getresponse().status == 200:
            longest, last = max(longest, time.monotonic() - last), time.monotonic()
        connection.close()
    except OSError:
        pass
    time.sleep(0.02)
print(round(1000 * max(longest, time.monotonic() - last)))' "$1" "$TEST_FOLDER/probed" >"$TEST_FOLDER/longest"
}
holder() {
    local edge
    for edge in "${edges[@]}"; do
        if on "$edge" "ip -o address show" | grep -F "inet $1/" >/dev/null; then echo "$edge"; fi
    done
}
# shellcheck disable=SC2317 # wait_until calls it
holds() { [[ $(holder "$2") == "$1" ]]; }
edge_is_lost() {
    local address=${addresses[0]} lost probing
    lost=$(holder "$address")
    [[ $lost == edge? ]]
    start_client
    rm -f "$TEST_FOLDER/probed"
    probe "$address" &
    probing=$!
    sleep 1
    lab crash "$lost"
    sleep 5
    : >"$TEST_FOLDER/probed"
    wait "$probing"
    echo "nobody was answered for $(cat "$TEST_FOLDER/longest") ms"
    echo "# an edge was lost: its address was back after $(cat "$TEST_FOLDER/longest") ms" >>"$TEST_FOLDER/notes"
    lab up "$lost"
    # Its nginx has to answer a few times first.
    wait_until 30 holds "$lost" "$address"
    end_client any
    (($(cat "$TEST_FOLDER/longest") <= 1000))
}
check "an edge loses its power: its address is at the other within a second, and comes back with it" edge_is_lost
nginx_ends() {
    local lost
    lost=$(holder "${addresses[0]}")
    on "$lost" 'kill -KILL $(cat /run/todo-edge/nginx.pid) && sleep 3 && systemctl is-active nginx'
    play verify.yml
}
if [[ -n $long ]]; then check "an nginx that is killed is started again" nginx_ends; fi

# With the release that the others run.
rebuilds() {
    local number
    number=$(on app1 'readlink /opt/todo/current' | sed 's/.*-//')
    down "$1"
    lab up "$1"
    play site.yml --limit "$1" -e "todo_worker_package=$(package_of "$number")"
    [[ -z $long ]] || { play verify.yml && play site.yml && nothing_changed "${fleet[@]}"; }
}
another_release() {
    down app2
    lab up app2
    refuses "and the other app hosts run" play site.yml --limit app2 -e "todo_worker_package=$(package_of $((rounds + 2)))"
}
if [[ -n $long ]]; then
    check "an edge is rebuilt from blank by one command" rebuilds edge2
    check "a blank app host with another release than the others is refused" another_release
fi
check "an app host is rebuilt from blank by one command" rebuilds app2
cat "$TEST_FOLDER/notes" 2>/dev/null || true
