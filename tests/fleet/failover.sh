# shellcheck shell=bash disable=SC2016,SC2154 # for the shell of a host; set by shell.sh and run
# The host that takes writes is killed, or cut off: another one takes them, and what was acknowledged is there once.
losses=1
[[ -z $long ]] || losses=10
pauses=()
is_lost() {
    local lost
    wait_until 60 are_well
    lost=$(takes_writes)
    start_client
    lab crash "$lost"
    sleep 15
    lab up "$lost"
    wait_until 60 are_well
    end_client 503
    [[ $(takes_writes) != "$lost" ]]
    pause "the host that takes writes, $lost, was killed" >"$TEST_FOLDER/paused"
}
for ((number = 1; number <= losses; ++number)); do
    rm -f "$TEST_FOLDER/paused"
    check "the host that takes writes is killed ($number of $losses): no acknowledged write is lost, none is doubled, no list is wrong" is_lost
    [[ ! -e $TEST_FOLDER/paused ]] || pauses+=("$(cat "$TEST_FOLDER/paused")")
    # The bar is the median's: where the only one took longer, two more decide.
    if ((losses == 1)) && jq -en "${pauses[0]:-0} > 10" >/dev/null; then losses=3; fi
done
within_ten_seconds() {
    printf '%s\n' "${pauses[@]}" | sort -g | jq -es --argjson losses "$losses" '
        (if length % 2 == 1 then .[length / 2 | floor] else (.[length / 2 - 1] + .[length / 2]) / 2 end) as $median
        | "writes were back after \(map(tostring) | join(", ")) s: median \($median)", length == $losses and $median <= 10'
}
check "writes are back within ten seconds, by the median" within_ten_seconds

# Alone with itself it still takes connections on its socket: what it acknowledges then would be lost.
write_alone='
    writes=0
    while [[ ! -e /run/alone.stop ]]; do
        if timeout 5 runuser -u postgres -- psql -XAtq -v ON_ERROR_STOP=1 todo -c "INSERT INTO todo (owner_id, id, title, completed, notes, created_at, updated_at, version)
            VALUES (gen_random_uuid(), gen_random_uuid(), '\''alone'\'', false, '\'''\'', now(), now(), 1)" >/dev/null 2>&1; then
            echo "$EPOCHREALTIME" >>/run/alone
        fi
        sleep 0.1
    done'
is_cut_off_alone() {
    local lost writing cut in_recovery before after
    wait_until 60 are_well
    lost=$(takes_writes)
    start_client
    lab enter "$lost" -- bash -c 'rm -f /run/alone /run/alone.stop'
    lab enter "$lost" -- bash -c "$write_alone" &
    writing=$!
    sleep 3
    lab cut "$lost"
    cut=$EPOCHREALTIME
    sleep 20
    in_recovery=$(lab enter "$lost" -- runuser -u postgres -- psql -XAtc 'SELECT pg_is_in_recovery()' || true)
    lab enter "$lost" -- touch /run/alone.stop
    wait "$writing"
    lab join "$lost"
    wait_until 60 are_well
    end_client 503
    pause "the host that takes writes, $lost, was cut off"
    on "$lost" 'cat /run/alone' >"$TEST_FOLDER/written_alone"
    before=$(awk "\$1 <= $cut" "$TEST_FOLDER/written_alone" | wc -l)
    after=$(awk "\$1 > $cut + 0.5" "$TEST_FOLDER/written_alone" | wc -l) # one may have been on its way
    echo "it acknowledged $before writes before it was cut off, and $after after; twenty seconds later it was a standby: ${in_recovery:-it did not run}"
    [[ $(takes_writes) != "$lost" && $in_recovery != f ]]
    ((before > 5 && after == 0))
}
check "the host that takes writes is cut off, and lives: it acknowledges none any more, and comes back as a standby" is_cut_off_alone
