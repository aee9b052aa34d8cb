# shellcheck shell=bash disable=SC2016,SC2154 # for the shell of a host; set by shell.sh and run
# Backups on a host of the fleet, the loss of every data folder, and the database as it was at a moment: every write that was
# acknowledged before it is there, and none of after it. A test restore passes, and fails where a backup is damaged.
failed_before=$checks_failed keeper=${apps[0]} data=/var/lib/postgresql/15/main
with_backups() {
    mkdir -p "$TEST_FOLDER/backups"
    cp -R "$lab_inventory/." "$TEST_FOLDER/backups"
    printf 'backup:\n  hosts:\n    %s:\n' "$keeper" >>"$TEST_FOLDER/backups/hosts.yml"
}
with_inventory() { if [[ -n $database ]]; then "$@"; else INVENTORY=$TEST_FOLDER/backups "$@"; fi; }
play_backups() { with_inventory play "$@"; }
repository() { on "$keeper" "runuser -u postgres -- pgbackrest --log-level-console=error --stanza=todo $1"; }
backups() { repository '--output=json info' | jq '.[0].backup | length'; }
begins() { play_backups site.yml && (($(backups) > 0)); }
# The fleet with three database hosts has backups from the beginning.
if [[ -z $database ]]; then
    with_backups
    [[ -n $keep ]] || down
    check "blank hosts boot" lab up "${fleet[@]}"
    check "they become a fleet that is backed up, which the last play verifies" begins
fi
again() { play_backups site.yml && nothing_changed "${fleet[@]}"; }
if [[ -n $long ]]; then check "a second run changes nothing" again; fi
one_more() {
    local before
    before=$(backups)
    play_backups backup.yml -e backup_type=diff
    (($(backups) == before + 1))
    with_inventory tell backup -b --become-user postgres -a "pgbackrest info" | grep 'diff backup: '
}
check "a backup is made by one command" one_more
passes() {
    with_inventory tell backup -b -a "systemctl start todo-backup-test"
    on "$keeper" 'journalctl -u todo-backup-test -o cat --since -5min | grep "it is whole"'
}
if [[ -n $long ]]; then check "a test restore passes" passes; fi

# As where the backup host is a new one: the database hosts would refuse it.
is_to_be_known() {
    on "$keeper" 'mv /etc/pgbackrest/server.crt /run'
    refuses "run site.yml without --limit, so that they learn it" play_backups site.yml --limit "$keeper"
    on "$keeper" 'mv /run/server.crt /etc/pgbackrest'
}
if [[ -n $long ]]; then check "a new backup host alone is refused, as nobody would know it" is_to_be_known; fi

moments() {
    lab run -- python3 "$project/tests/fleet/moments.py" "$1" --target "${addresses[0]}:8080-8099" --tokens "$TEST_FOLDER/client-tokens" \
        --notes "$TEST_FOLDER/notes.json" "${@:2}"
}
adding=''
begin_adding() {
    make_tokens
    moments add &
    adding=$!
    sleep "$1"
}
end_adding() {
    started "python3 $project/tests/fleet/moments.py" | xargs -r kill -TERM
    wait "$adding"
}
on_databases() { on_each "$1" "${databases[@]}"; }
switch='[[ $(runuser -u postgres -- psql -XAtc "SELECT pg_is_in_recovery()") == t ]] || runuser -u postgres -- psql -XAtc "SELECT pg_switch_wal()"'
lose='systemctl kill --signal KILL "postgresql@15-main" "patroni@15-main" || true
    systemctl stop postgresql@15-main patroni@15-main || true
    pkill -KILL -u postgres -x postgres || true
    rm -rf '$data
# all_is_lost COMMAND: todos, a moment, more todos, which come into the archive in time; then COMMAND takes every database away.
all_is_lost() {
    rm -f "$TEST_FOLDER/notes.json"
    begin_adding 4
    moment=$EPOCHREALTIME
    sleep 4
    end_adding
    on_databases "$switch" # as if there were more of them: else up to a minute later
    sleep 5
    "$@"
    echo "$moment" >"$TEST_FOLDER/moment"
}
# slowly add|del: one of the standbys copies all data in half a minute, as if there were more of it.
slowly() { ((${#databases[@]} == 1)) || lab run -- tc qdisc "$1" dev "vb-${databases[-1]}" root tbf rate 16mbit burst 32kb latency 400ms; }
comes_back() {
    local moment
    moment=$(cat "$TEST_FOLDER/moment")
    slowly add
    play_backups restore.yml -e restore_sure=yes -e "restore_to='$(date -u -d "@$moment" '+%F %T.%6N+00')'"
    slowly del
    moments check --moment "$moment"
    play_backups verify.yml
}
unsure() { refuses "Where that may be: -e restore_sure=yes" play_backups restore.yml -e "restore_to='$(date -u -d "@$EPOCHREALTIME" '+%F %T+00')'"; }
too_early() { refuses "must be after" play_backups restore.yml -e restore_sure=yes -e "restore_to='2020-01-01 00:00:00+00'"; }
if [[ -n $long ]]; then
    check "a restore that nobody is sure of is refused" unsure
    check "a moment before the first backup is refused" too_early
fi
check "every data folder is lost, while todos are added" all_is_lost on_databases "$lose"
check "one command brings the database as it was at a moment: all todos of before it are there, and none of after" comes_back

boot_blank() {
    down "${databases[@]}"
    lab up "${databases[@]}"
}
another_is_refused() { refuses "restore.yml -e restore_sure=yes brings that one back" play_backups site.yml; }
# Without a moment: what was in the archive is there, which is all but a minute.
the_last_comes_back() {
    play_backups restore.yml -e restore_sure=yes
    moments check --moment "$(cat "$TEST_FOLDER/moment")" | tee "$TEST_FOLDER/last" || true
    jq -e '.missing == 0 and .last < 70' "$TEST_FOLDER/last"
    play_backups site.yml # Prometheus does not know the new hosts' certificates
}
if [[ -n $long ]]; then
    check "it can be run, and nothing is lost: the same restore from hosts that run" comes_back
    check "every database host is lost, while todos are added" all_is_lost boot_blank
    check "the empty database of new hosts is not served, nor backed up" another_is_refused
    check "one command brings all that was archived to blank hosts" the_last_comes_back
fi

# The host that takes writes is lost for good, with files that were not archived: the next one brings them.
gap_is_closed() {
    local lost host
    for host in "${databases[@]}"; do
        [[ $(on "$host" 'runuser -u postgres -- psql -XAtc "SELECT pg_is_in_recovery()"') != f ]] || lost=$host
    done
    on "$keeper" 'systemctl stop pgbackrest'
    begin_adding 3
    on "$lost" "$switch"
    sleep 3
    end_adding
    down "$lost"
    sleep 15
    on "$keeper" 'systemctl start pgbackrest'
    wait_until 120 passes
    lab up "$lost"
    play_backups site.yml
}
if [[ -n $long ]] && ((${#databases[@]} > 1)); then check "what a host that is lost for good had not archived, the next one does" gap_is_closed; fi

# The largest file of the last backup.
damage='cd /var/lib/pgbackrest/backup/todo/latest
    file=$(find . -type f -name "*.zst" -printf "%s %p\n" -o -path "*/bundle/*" -printf "%s %p\n" | sort -n | tail -n 1 | cut -d " " -f 2)
    truncate --size=-4096 "$file"'
is_found() {
    on "$keeper" "$damage"
    ! on "$keeper" 'systemctl start todo-backup-test'
    [[ $(on "$keeper" 'systemctl show -P Result todo-backup-test') != success ]]
    on "$keeper" 'journalctl -u todo-backup-test -o cat --since -2min | grep -E "ERROR.*(pg_data|bundle|checksum|truncated|end of|unexpected)"'
    refuses "the last test restore: exit-code" play_backups verify.yml
}
is_mended() {
    play_backups backup.yml -e backup_type=full
    passes
    play_backups verify.yml
}
# Whoever looks for a fault above needs it whole.
if [[ -n $long ]] && ((checks_failed > failed_before)); then
    echo "skip a damaged backup is found, and mended # something above failed, and may be tried again with this backup"
elif [[ -n $long ]]; then
    check "a test restore of a damaged backup fails, and says so" is_found
    check "another backup mends it" is_mended
fi
