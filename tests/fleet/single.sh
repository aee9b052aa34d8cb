# shellcheck shell=bash disable=SC2016,SC2154 # for the shell of a host; set by shell.sh and run
# One host is a small production: the same playbooks, and its parts meet in unix sockets.
[[ -n $keep ]] || down
check "one blank host boots" lab up todo1
play_single() {
    INVENTORY=$project/ansible/inventories/single play "$1" -e "ansible_host=$(cat "$folder/hosts/todo1/address")" \
        -e '{"chrony_servers": [], "fleet_database_memory_mib": 1024}' \
        -e '{"vault_token_keys": {"keys": [{"kty": "oct", "kid": "lab", "alg": "HS256", "k": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE"}]}}' \
        -e "@$TEST_FOLDER/certificate.yml" "${@:2}"
}
make_certificate() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=todo.example \
        -addext subjectAltName=DNS:todo.example -keyout "$TEST_FOLDER/edge.key" -out "$TEST_FOLDER/edge.crt"
    python3 -c 'import json, sys
print(json.dumps({"vault_edge_certificate": open(sys.argv[1]).read(), "vault_edge_certificate_key": open(sys.argv[2]).read()}))' \
        "$TEST_FOLDER/edge.crt" "$TEST_FOLDER/edge.key" >"$TEST_FOLDER/certificate.yml"
}
check "a certificate is made" make_certificate
check "one blank host becomes a small production, which the last play verifies" play_single site.yml
# ask PATH [OPTION...]: over TLS, as a client with that name does.
ask() {
    lab run -- curl -s -m 5 --cacert "$TEST_FOLDER/edge.crt" --resolve "todo.example:8080:$(cat "$folder/hosts/todo1/address")" \
        "https://todo.example:8080$1" "${@:2}"
}
serves_over_tls() {
    [[ $(ask / -o /dev/null -w '%{http_code} %{http_version}') == "200 2" ]]
    [[ $(ask /v1/accounts -d '{}' -H 'Content-Type: application/json' -o /dev/null -w '%{http_code}') == 201 ]]
}
check "it serves the page and the API over TLS, by HTTP/2" serves_over_tls
only_clients_come_in() {
    local open
    open=$(on todo1 'ss -Hltn' | awk '{ print $4 }' | grep -vE '^(127[.]0[.]0[.]1|\[::1\]):' | sed 's/.*://' | sort -nu | tr '\n' ' ')
    [[ $open == "22 $(seq -s ' ' 8080 8099) " ]] || { echo "open: $open" && return 1; }
}
check "only the edge's ports and ssh are open" only_clients_come_in
single_again() { play_single site.yml && nothing_changed todo1; }
check "a second run changes nothing" single_again
single_release() { play_single deploy.yml -e "todo_worker_package=$(package_of 2)" && [[ $(on todo1 'readlink /opt/todo/current') == *-2 ]]; }
check "a release comes in" single_release
