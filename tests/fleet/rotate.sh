# shellcheck shell=bash disable=SC2016,SC2154 # for the shell of a host; set by shell.sh and run
# Keys, password and certificate are replaced while people use the service: no list fails, and no todo is lost or doubled. Users who
# sign up meanwhile have tokens that one process has signed, and others verify.
new_key=$(head -c 32 /dev/urandom | basenc --base64url | tr -d =)
new_password=$(openssl rand -hex 16)
# secrets FILTER: the key set by jq, of $old and $new.
secrets() {
    jq -cn --argjson old "$(jq -c '.keys[0]' "$TEST_FOLDER/keys.json")" --arg k "$new_key" --arg password "$new_password" \
        '{kty: "oct", kid: "new", alg: "HS256", k: $k} as $new | {vault_token_keys: {keys: '"$1"'}, vault_database_password: $password}' \
        >"$TEST_FOLDER/secrets.json"
}
# Signs up and lists, again and again, until told to stop; says which answers were no good.
newcomers() {
    local number=0 token status
    while [[ ! -e $TEST_FOLDER/newcomers.stop ]]; do
        number=$((number + 1))
        token=$(lab run -- curl -s -m 15 -H 'Host: todo.example' -H 'Content-Type: application/json' -d '{}' "http://${addresses[0]}:8080/v1/accounts" |
            sed -nE 's/.*"access_token":"([^"]+)".*/\1/p')
        for port in 8081 8082 8083 8084; do
            status=$(lab run -- curl -s -m 15 -o /dev/null -w '%{http_code}' -H 'Host: todo.example' -H "Authorization: Bearer $token" \
                "http://${addresses[1]}:$port/v1/todos")
            [[ $status == 200 ]] || echo "newcomer $number was answered $status"
        done
        sleep 0.3
    done >"$TEST_FOLDER/newcomers"
    echo "$number newcomers" >>"$TEST_FOLDER/newcomers"
}
are_replaced() {
    local before step
    make_tokens
    before=$(on db1 'sha256sum /etc/postgresql/15/main/server.crt')
    tell db1 -b -a "rm /etc/postgresql/15/main/server.crt"
    rm -f "$TEST_FOLDER/newcomers.stop"
    start_client
    newcomers &
    for step in '[$old, $new]' '[$new, $old]'; do
        secrets "$step"
        play site.yml -e "@$TEST_FOLDER/secrets.json"
    done
    : >"$TEST_FOLDER/newcomers.stop"
    wait $!
    cat "$TEST_FOLDER/newcomers"
    end_client none
    [[ $(wc -l <"$TEST_FOLDER/newcomers") == 1 ]]
    [[ $(on db1 'sha256sum /etc/postgresql/15/main/server.crt') != "$before" ]]
    on app1 'grep -q "\"kid\": \"new\"" /etc/todo-worker/token-keys.json'
}
check "a new key of tokens, password and certificate of the database: no request fails" are_replaced
no_secret_was_shown() { ! grep -F -e "$new_key" -e "$new_password" "$TEST_FOLDER/play.log"; }
check "none of them was shown" no_secret_was_shown
old_key_goes() {
    secrets '[$new]'
    play site.yml -e "@$TEST_FOLDER/secrets.json"
    [[ $(lab run -- curl -s -m 5 -o /dev/null -w '%{http_code}' -H 'Host: todo.example' -H "Authorization: Bearer $(head -n 1 "$TEST_FOLDER/tokens")" \
        "http://${addresses[0]}:8080/v1/todos") == 401 ]]
}
check "the old key can be taken out: its tokens are refused" old_key_goes
check "the secrets of before can come back" play site.yml
