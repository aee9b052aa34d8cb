# shellcheck shell=bash disable=SC2016,SC2154 # for the shell of a host; set by shell.sh and run
# An app host comes, and goes again, while people use the service. An edge that changes gives its addresses away, and who is connected
# to it connects again: that may fail a list, and no todo.
with_app3() {
    mkdir -p "$TEST_FOLDER/grown"
    cp -R "$project/ansible/inventories/lab/." "$TEST_FOLDER/grown"
    sed -i 's|^    app2: .*|&\n    app3: {ansible_host: 10.77.0.16, private_address: 10.77.0.16}|' "$TEST_FOLDER/grown/hosts.yml"
}
running_package() { package_of "$(on app1 'readlink /opt/todo/current' | sed 's/.*-//')"; }
comes() {
    lab up app3
    with_app3
    start_client
    INVENTORY=$TEST_FOLDER/grown play site.yml -e "todo_worker_package=$(running_package)"
    sleep 3
    end_client any
    on app3 'journalctl -u "todo-worker@*" -o cat | grep -c /v1/todos'
}
check "another app host comes, and serves" comes
goes() {
    local before
    before=$(started_at app1)
    start_client
    INVENTORY=$TEST_FOLDER/grown tell app3 -b -a "systemctl disable --now todo-worker.socket todo-worker@0 todo-worker@1 todo-worker-sweep.timer"
    sleep 3
    end_client none
    start_client
    play edge.yml
    play site.yml
    end_client any
    [[ $(started_at app1) == "$before" ]]
    down app3
}
check "it goes again: no list fails when it does" goes
check "the fleet is as it was" play verify.yml

# Over TLS, with one certificate and then another.
new_certificate() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj "/CN=$1" \
        -addext subjectAltName=DNS:todo.example -keyout "$TEST_FOLDER/edge.key" -out "$TEST_FOLDER/edge.crt"
    jq -n --rawfile certificate "$TEST_FOLDER/edge.crt" --rawfile key "$TEST_FOLDER/edge.key" \
        '{edge_nginx_certificate: $certificate, edge_nginx_certificate_key: $key}' >"$TEST_FOLDER/certificate.json"
}
shows_certificate() {
    local address
    new_certificate "$1"
    play edge.yml -e "@$TEST_FOLDER/certificate.json"
    for address in "${addresses[@]}"; do
        [[ $(lab run -- curl -s -m 5 --cacert "$TEST_FOLDER/edge.crt" --resolve "todo.example:8099:$address" -o /dev/null \
            -w '%{http_code} %{http_version}' https://todo.example:8099/) == "200 2" ]]
    done
}
check "the edges can be given a certificate, and speak TLS and HTTP/2" shows_certificate first
check "it can be replaced" shows_certificate second
check "and taken away" play edge.yml
