# shellcheck shell=bash disable=SC2016,SC2154 # for the shell of a host; set by shell.sh and run
# Proof 1: what looks at playbooks finds nothing, and wrong values are refused before anything is touched.
cd -- "$project/ansible" || exit
check "ansible-lint finds nothing, by its profile for production" ansible-lint --offline --nocolor
check "yamllint finds nothing" yamllint --strict .
for inventory in inventories/*/; do
    check "the playbooks can be read with the inventory $(basename -- "$inventory")" ansible-playbook --syntax-check -i "$inventory" ./*.yml
done
# Whatever a play notifies is done where it fails too, which Ansible does not see to by itself where any_errors_fatal is on.
finishes_what_it_has_changed() {
    python3 - <<'PROGRAM'
import pathlib, sys, yaml

WITH_HANDLERS = {path.parts[1] for path in pathlib.Path("roles").glob("*/handlers/main.yml")}

def roles_of(tasks):
    for task in tasks:
        for key in ("ansible.builtin.import_role", "ansible.builtin.include_role"):
            if key in task:
                names = task.get("loop", []) if "{{" in task[key]["name"] else [task[key]["name"]]
                yield from (name["role"] if isinstance(name, dict) else name for name in names)
        yield from roles_of(task.get("block", []))

def is_finished(task):
    notes = any("common_failed_task" in first.get("ansible.builtin.set_fact", {}) for first in task.get("rescue", []))
    goes_on = task.get("any_errors_fatal") is False
    lasts = [last.get("ansible.builtin.import_role", {}) for last in task.get("always", [])]
    return notes and goes_on and any(last.get("tasks_from") == "in_force.yml" for last in lasts)

seen = 0
for name in ("site.yml", "edge.yml", "monitoring.yml"):
    for play in yaml.safe_load(pathlib.Path(name).read_text()):
        if WITH_HANDLERS.intersection(play.get("roles", [])):
            sys.exit(f"{name}: '{play['name']}' has its roles outside of a block that does what they notify")
        for task in play.get("tasks", []):
            notifying = WITH_HANDLERS.intersection(roles_of([task]))
            seen += len(notifying)
            if notifying and not is_finished(task) and "Refuse" not in task["name"]:
                sys.exit(f"{name}: '{task['name']}' in '{play['name']}' uses {', '.join(sorted(notifying))} without "
                         "`any_errors_fatal: false`, a look at what has failed (`rescue`), and in_force.yml (`always`)")
sys.exit(0 if seen >= 8 else f"only {seen} uses of roles with handlers were found")
PROGRAM
}
check "where a play fails, what it has changed before comes into force" finishes_what_it_has_changed
# ends_of MODE: three hosts, of which `two` is lost, or fails, after all of them have changed something; nothing is done to any.
ends_of() {
    cat >"$TEST_FOLDER/ends.yml" <<PROGRAM
- hosts: all
  gather_facts: false
  vars: {ansible_python_interpreter: /usr/bin/python3}
  handlers:
    - name: Come into force
      ansible.builtin.debug: {msg: "in force on {{ inventory_hostname }}"}
  tasks:
    - any_errors_fatal: false
      block:
        - ansible.builtin.command: "true"
          notify: Come into force
        - ansible.builtin.command: "{{ 'false' if mode == 'fails' and inventory_hostname == 'two' else 'true' }}"
          vars:
            ansible_host: 127.0.0.1
            ansible_port: 1
            ansible_connection: "{{ 'ssh' if mode == 'lost' and inventory_hostname == 'two' else 'local' }}"
      rescue:
        - ansible.builtin.set_fact: {common_failed_task: "{{ ansible_failed_task.name }}"}
      always:
        - ansible.builtin.import_tasks: $project/ansible/roles/common/tasks/in_force.yml
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.debug: {msg: "a later play"}
PROGRAM
    if ansible-playbook -c local -i one,two,three, -e "mode=$1" "$TEST_FOLDER/ends.yml" >"$TEST_FOLDER/ends.log" 2>&1; then return 1; fi
    sed -n 's/^.*"msg": "\(in force on [a-z]*\|a later play\)"/\1/p' "$TEST_FOLDER/ends.log" | sort | tr '\n' ' '
}
all_end() {
    local ends
    ends=$(ends_of fails && ends_of lost)
    echo "$ends"
    [[ $ends == "in force on one in force on three in force on two in force on one in force on three " ]]
}
check "where a host fails, or is lost, the others' changes come into force, and the run ends" all_end
every_role_has_an_interface() {
    local role
    for role in roles/*/; do
        python3 -c 'import sys, yaml; assert yaml.safe_load(open(sys.argv[1]))["argument_specs"]["main"]["short_description"]' \
            "$role/meta/argument_specs.yml" || { echo "$role" && return 1; }
    done
}
check "every role says what may be set of it" every_role_has_an_interface
cd -- "$project" || exit

check "blank hosts boot" lab up "${fleet[@]}"
# refused WORDS HOST [OPTION...]: by site.yml, of this host alone, which takes a third of the time.
refused() { refuses "$1" play site.yml --limit "$2" "${@:3}"; }
# Two at a time: each waits for hosts more than it works.
side_by_side "users who need more memory than there is are refused, with the arithmetic" refuses "may be planned with: add hosts or memory" \
    play site.yml -e fleet_memory_share=0.02
side_by_side "a word where a number belongs is refused" refused "fleet_users" app1 -e fleet_users=many
side_by_side "a profile that there is not is refused, with those that there are" refused "value of fleet_profile must be one of: , million, got: billion" \
    app1 -e fleet_profile=billion
side_by_side "pools that exceed max_connections are refused, with the arithmetic" refused \
    "2 app hosts x 2 processes x 20 connections + 60 to spare are more than max_connections, 100" app1 -e fleet_max_connections=100
side_by_side "connections that an edge has no slots for are refused" refused "more than 15/16 of fleet_worker_connections, 512" \
    edge1 -e fleet_worker_connections=512 -e fleet_users=200000
side_by_side "descriptors that the machine does not give are refused" refused "none can have more than" edge1 -e fleet_worker_connections=2000000
side_by_side "more clients of one address than it has ports are refused" refused "need more than 64512 x 20 ports" \
    edge1 -e fleet_clients_of_one_address=1500000
side_by_side "an address that the host does not have is refused" refused "it must be Debian 12, and have private_address, 10.77.0.99" \
    app1 -e private_address=10.77.0.99
side_by_side "an address at which no other host reaches it is refused" refused "app1 has the private_address 127.0.0.1, which is good for" \
    app1 -e private_address=127.0.0.1
side_by_side "a package that is not there is refused" refused "nowhere_amd64.deb is not there: ./todo package builds one" \
    app1 -e todo_worker_package=/var/tmp/todo-worker_0.1.0-nowhere_amd64.deb
side_by_side "a password that is too short is refused" refused "needs 16 or more letters" db1 -e fleet_database_password=short
side_by_side "no key of tokens is refused" refused "must be a JWK Set with a key" app1 -e '{"todo_worker_token_keys": {}}'
side_by_side "a key of tokens that is too short is refused" refused "a k of 43 or more letters" \
    app1 -e '{"todo_worker_token_keys": {"keys": [{"kty": "oct", "kid": "1", "alg": "HS256", "k": "abc"}]}}'
side_by_side "an address of an edge without its prefix is refused" refused "edge_vip_addresses must be ADDRESS/PREFIX" \
    edge1 -e '{"edge_vip_addresses": ["10.77.0.100"]}'
certificate_of_another_key() {
    local name
    for name in one another; do
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj "/CN=$name" -keyout "$TEST_FOLDER/$name.key" \
            -out "$TEST_FOLDER/$name.crt"
    done
    jq -n --rawfile certificate "$TEST_FOLDER/one.crt" --rawfile key "$TEST_FOLDER/another.key" \
        '{edge_nginx_certificate: $certificate, edge_nginx_certificate_key: $key}' >"$TEST_FOLDER/pair.json"
    refused "must be PEM and belong to each other" edge1 -e "@$TEST_FOLDER/pair.json"
}
side_by_side "a certificate of another key is refused" certificate_of_another_key
wait
# The lab's secrets, with a password of their own.
seal() {
    cp -R "$lab_inventory/." "$TEST_FOLDER/sealed"
    echo "$RANDOM$RANDOM" >"$TEST_FOLDER/sealed.password"
    ansible-vault encrypt --vault-password-file "$TEST_FOLDER/sealed.password" "$TEST_FOLDER/sealed/group_vars/all/vault.yml"
    ! grep -E 'password|key' "$TEST_FOLDER/sealed/group_vars/all/vault.yml"
}
check "secrets are encrypted" seal
# sealed WORDS [OPTION...]: what site.yml refuses with them, before it has touched anything.
sealed() { INVENTORY=$TEST_FOLDER/sealed refused "$1" app1 -e fleet_users=many "${@:2}"; }
check "with the password of the vault they are read" sealed "fleet_users" --vault-password-file "$TEST_FOLDER/sealed.password"
check "and without it nothing is done" sealed "no vault secrets"
untouched() {
    local found
    found=$(on_each 'find /etc/security/limits.d /etc/sysctl.d /etc/systemd/system /opt -name "*todo*"' "${fleet[@]}") && [[ -z $found ]]
}
check "after all of that nothing was touched" untouched
