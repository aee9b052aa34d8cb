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
    start_client
    on app3 'systemctl disable --now todo-worker.socket todo-worker@0 todo-worker@1'
    sleep 3
    end_client none
    start_client
    play edge.yml
    play site.yml
    end_client any
    nothing_changed "${apps[@]}"
    down app3
}
check "it goes again: no list fails when it does" goes
check "the fleet is as it was" play verify.yml
