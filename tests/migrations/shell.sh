# shellcheck shell=bash disable=SC2154 # set by tests/stack/shell.sh
# A stack whose migrations are deployed one by one, and loads meanwhile. Sourced by tests/parts/migrations, never run.
#
# Two loads, each at a steady rate whatever is answered, so that a request that has to wait for its turn has waited:
#   statements   select, insert, update and delete on each table that there is (statements.sql), prepared, by 8 connections
#   the API      lists, new todos and changes of 100 users through nginx and the workers, where these serve with the schema as it is
# One connection more asks for nothing of any table: what it waits for is the machine, which may stand still for a moment, and
# that is taken off. Where that is longer than anybody may wait, nothing can be told, and the test says `skip`.
# shellcheck source=tests/stack/shell.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/../stack/shell.sh"

# No request takes longer while a migration is deployed. sql/migrate has its lock_timeout from this.
most_ms=500
statements_per_second=200
machine_per_second=100
requests_per_second=100
# Longer than any migration here takes; what runs then has hung.
load_seconds=180

planted=$project/tests/migrations/planted
folder=$here/load
state=$here/state
loads=()
# How long workers may take to find that they can serve, in seconds; and whether they must.
patience=1
must_serve=no

end_loads() { ((${#loads[@]} == 0)) || kill "${loads[@]}" 2>/dev/null || true; }

sql() { psql -X -q -A -t -v ON_ERROR_STOP=1 "$STACK_ADMIN_DSN" "$@"; }
owner_sql() { psql -X -q -A -t -v ON_ERROR_STOP=1 "$STACK_OWNER_DSN" "$@"; }

# Those of the project, in their order.
changes() { sed -nE 's/^([^%@#[:blank:]]+) .*/\1/p' "$project/sql/sqitch.plan"; }

# The database goes, and workers look for it until it is there again. What the whole plan makes of it is remembered: `kept`.
begin_anew() {
    kept=$(owner_sql -c "SELECT array_agg(relname || '.' || attname) FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
                          WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace AND attnum > 0 AND NOT attisdropped")
    psql -X -q -v ON_ERROR_STOP=1 "host=$state/run/postgresql dbname=postgres user=postgres" -c 'DROP DATABASE todo WITH (FORCE)'
    rm -- "$state/pg/todo-worker.applied"
}

# plan CHANGE: the project's as far as this one. plant CHANGE...: these of the tests behind them.
plan() { sed "/^$1 /q" "$project/sql/sqitch.plan" >"$state/sql/sqitch.plan"; }
plant() {
    local change
    for change in "$@"; do
        cp -- "$planted/deploy/$change.sql" "$state/sql/deploy/"
        cp -- "$planted/verify/$change.sql" "$state/sql/verify/"
        echo "$change 2026-12-01T00:00:00Z tests <tests@todo-worker.example> # Planted" >>"$state/sql/sqitch.plan"
    done
}
# As ./todo up does it, and as Ansible.
migrate() { "$project/sql/cluster" migrate --state "$state"; }
migrate_as_ansible() { (cd -- "$state/sql" && PGHOST=$state/run/postgresql bash migrate deploy "$@"); }

# fill: tables that are new get the rows that tests/migrations/rows has for them.
fill() {
    local table
    for table in $(owner_sql -c "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"); do
        [[ ! -e $here/filled.$table ]] || continue
        : >"$here/filled.$table"
        if [[ ! -r $project/tests/migrations/rows/$table.sql ]]; then
            echo "skip rows of $table # the changes after this one find it empty: there is no tests/migrations/rows/$table.sql"
            continue
        fi
        owner_sql -f "$project/tests/migrations/rows/$table.sql" -c "VACUUM ANALYZE $table"
    done
}

serves() { service_answers "$STACK_URL" ''; }

# start_pgbench NAME RATE CLIENTS OPTION...: a load, whose log is $folder/NAME.PID
start_pgbench() {
    # Longer than the workers have, so that a wait is measured to its end.
    PGOPTIONS='-c statement_timeout=30s' pgbench -n -M prepared -R "$2" -c "$3" -T "$load_seconds" \
        -l --log-prefix "$folder/$1" "${@:4}" "$STACK_OWNER_DSN" >"$folder/$1.out" 2>&1 9>&- &
    loads+=($!)
}
asks_by_now() { grep -qF "s, $requests_per_second:$load_seconds:" "$folder/api.out"; }
has_sessions() { [[ $(sql -c "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pgbench'") == "$1" ]]; }

begin_load() {
    local kind statement scripts=()
    rm -rf -- "$folder"
    mkdir -- "$folder"
    loads=()
    trap end_loads EXIT # of the subshell that a check is
    while IFS=$'\t' read -r kind statement; do
        printf '\\set n random(1, 200)\n%s;\n' "$statement" >"$folder/$kind.sql"
        scripts+=(-f "$folder/$kind.sql")
    done < <(owner_sql -v kept="$kept" -f "$project/tests/migrations/statements.sql")
    echo 'SELECT 1;' >"$folder/nothing.sql"
    start_pgbench machine "$machine_per_second" 1 -f "$folder/nothing.sql"
    if ((${#scripts[@]} > 0)); then start_pgbench statements "$statements_per_second" 8 "${scripts[@]}"; fi
    api=no
    if wait_until "$patience" serves; then
        api=yes
        "$project/build/release/bench/bench-load" --target "${STACK_URL#http://}-$((STACK_FIRST_PORT + STACK_PORTS - 1))" \
            --tokens "$here/tokens" --users 100 --ramp 400 --step-pause 1 --phase "$requests_per_second:$load_seconds" --mix 50:30:20:0 \
            >"$folder/api.json" 2>"$folder/api.out" 9>&- &
        loads+=($!)
    fi
    [[ $api == yes || $must_serve == no ]] || { echo "the workers do not serve" && return 1; }
    [[ $api == no ]] || wait_until 30 asks_by_now || { echo "bench-load does not ask" && return 1; }
    wait_until 30 has_sessions "$((${#scripts[@]} > 0 ? 9 : 1))" || { echo "pgbench has not connected" && return 1; }
    sleep 1 # each of them has been answered
    began=${EPOCHREALTIME/./}
}

# pgbench ends by its own alarm as if its time were over, bench-load by TERM: each says then what it has counted.
end_load() {
    local load code=0
    took_ms=$(((${EPOCHREALTIME/./} - began) / 1000))
    sleep 1
    kill -ALRM "${loads[0]}" || code=1
    if [[ -e $folder/statements.out ]]; then kill -ALRM "${loads[1]}" || code=1; fi
    if [[ $api == yes ]]; then kill -TERM "${loads[-1]}" || code=1; fi
    for load in "${loads[@]}"; do wait "$load" || code=1; done
    loads=()
    ((code == 0)) || { tail -n 5 -- "$folder"/*.out && echo "a load has ended before it was told to, or has failed"; }
    return "$code"
}

# logged NAME: how many were answered, how many were not, and the slowest in milliseconds, of a log of pgbench.
logged() {
    cat -- "$folder/$1".[0-9]* </dev/null 2>/dev/null | awk '
        $3 !~ /^[0-9]+$/ { ++failed; next }
        { ++answered; if ($3 > slowest) slowest = $3 }
        END { print answered + 0, failed + 0, int(slowest / 1000) }'
}

# judge WHAT ANSWERED FAILED SLOWEST EXPECTED MACHINE: in milliseconds
judge() {
    local code=0
    (($3 == 0)) || { echo "$3 $1 failed" && code=1; }
    (($2 >= $5)) || { echo "only $2 $1 were answered, of $5 at least" && code=1; }
    (($4 - $6 <= most_ms)) || { echo "the slowest of the $1 took $4 ms, of which the machine stood still for $6 at most" && code=1; }
    return "$code"
}

# under_load COMMAND...: runs it while all of that is asked. Fails where it does, where something asked has failed, and where
# something has waited for too long. What was measured is in
# $here/figures, and in $here/stood_still how long the machine did, where that was too long.
under_load() {
    local code=0 seconds machine statements requests=(0 0 0)
    begin_load || return 1
    "$@" || { code=$? && echo "the command has failed: $*"; }
    end_load || code=1
    read -ra machine < <(logged machine)
    if ((code == 0 && machine[2] > most_ms)); then echo "${machine[2]}" >"$here/stood_still"; fi
    read -ra statements < <(logged statements)
    seconds=$(((took_ms + 2000) / 1000))
    if [[ -e $folder/statements.out ]]; then
        judge statements "${statements[@]}" $((seconds * statements_per_second / 2)) "${machine[2]}" || code=1
    fi
    if [[ $api == yes ]]; then
        read -ra requests < <(jq -r '.connections as $c | .phases[0] | [.ok, .sent - .ok + .unsent + $c.refused + $c.reset + $c.closed,
            (.latency_us.max / 1000 | floor)] | @tsv' "$folder/api.json")
        judge requests "${requests[@]}" $((seconds * requests_per_second / 2)) "${machine[2]}" || code=1
    fi
    echo "it took $took_ms ms; the slowest of ${statements[0]} statements ${statements[2]} ms," \
        "of ${requests[0]} requests to the API ${requests[2]} ms, of ${machine[0]} that ask for nothing ${machine[2]} ms" | tee "$here/figures"
    return "$code"
}

# proof NAME COMMAND...: a check of that, with its figures.
proof() {
    local text
    rm -f -- "$here/figures" "$here/stood_still"
    text=$(check "$@")
    if [[ -e $here/stood_still ]]; then
        text="skip $1 # the machine stood still for $(<"$here/stood_still") ms"
    fi
    if [[ -e $here/figures ]]; then sed 's/^/# /' "$here/figures"; fi
    echo "$text"
}

# is_found WORDS COMMAND...: under_load fails, and its reason has these words.
is_found() {
    local said=$here/said words=$1
    shift
    if under_load "$@" >"$said" 2>&1; then cat -- "$said" && echo "and nothing was found" && return 1; fi
    cat -- "$said"
    grep -qE "$words" "$said"
}

# hold: a transaction that has read the table, and stays. release: ends it.
hold() {
    PGAPPNAME=holder sql -c BEGIN -c 'SELECT FROM todo LIMIT 1' -c 'SELECT pg_sleep(120)' >"$here/holder" 2>&1 9>&- &
    wait_until 10 has_one "application_name = 'holder' AND wait_event = 'PgSleep'" || { cat -- "$here/holder" && return 1; }
}
has_one() { [[ $(sql -c "SELECT count(*) FROM pg_stat_activity WHERE $1") == 1 ]]; }
release() { sql -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'holder'"; }

# gives_up: after two attempts, with a word about who was in the way.
gives_up() {
    local said code=0
    hold
    said=$(migrate_as_ansible 2 2>&1) || code=$?
    release
    echo "$said"
    ((code == 1)) && [[ $said == *"attempt 2 of 2 got no lock"* ]] &&
        [[ $said == *"waited for process "*"role postgres, in a transaction since "*": SELECT pg_sleep"*"gave up"* ]]
}

# tries_again: the transaction goes when the first attempt has failed.
tries_again() {
    local code=0 deploying
    hold
    migrate >"$here/tries" 2>&1 &
    deploying=$!
    wait_until 60 grep -q "attempt 1 of .* got no lock" "$here/tries" || code=1
    release
    wait "$deploying" || code=1
    cat -- "$here/tries"
    return "$code"
}

# gets_past_autovacuum: which looks at the table, and would for an hour.
gets_past_autovacuum() {
    local said
    sql -c "ALTER SYSTEM SET autovacuum_naptime = '1s'" -c 'SELECT pg_reload_conf()'
    owner_sql -c 'ALTER TABLE todo SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1)' \
        -c 'ALTER TABLE todo SET (autovacuum_vacuum_cost_limit = 1, autovacuum_vacuum_cost_delay = 100)'
    wait_until 60 has_one "query ~ '^autovacuum: VACUUM (ANALYZE )?public.todo( |$)'" || { echo "no autovacuum came" && return 1; }
    said=$(migrate 2>&1) || { echo "$said" && return 1; }
    echo "$said"
    sql -c "ALTER SYSTEM RESET autovacuum_naptime" -c 'SELECT pg_reload_conf()'
    owner_sql -c 'ALTER TABLE todo RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold)' \
        -c 'ALTER TABLE todo RESET (autovacuum_vacuum_cost_limit, autovacuum_vacuum_cost_delay)'
    [[ $said != *" got no lock "* ]]
}

# is_built_again: an index whose build was ended is not valid; verify says so, and the next deploy makes it anew.
is_built_again() {
    local deploying
    hold
    migrate &
    deploying=$!
    wait_until 20 has_one "query LIKE 'CREATE INDEX CONCURRENTLY%' AND wait_event_type = 'Lock'" ||
        { release && echo "nothing was built" && return 1; }
    sql -c "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query LIKE 'CREATE INDEX CONCURRENTLY%'"
    release
    if wait "$deploying"; then echo "a build that was ended went on" && return 1; fi
    if owner_sql -f "$planted/verify/title_index.sql"; then echo "verify finds nothing wrong" && return 1; fi
    migrate
    owner_sql -f "$planted/verify/title_index.sql"
}
