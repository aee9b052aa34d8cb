# shellcheck shell=bash disable=SC2016,SC2154 # for the shell of a host; set by shell.sh and run
# Proof 3: after a reboot of every host, all of them at once, all serve again with the same settings, and nothing has failed.
declare -A boots
reboot_all() {
    local host
    for host in "${fleet[@]}"; do boots[$host]=$(boot_of "$host"); done
    for host in "${fleet[@]}"; do on "$host" 'systemctl reboot' || true; done
    for host in "${fleet[@]}"; do wait_until 60 is_another_boot "$host" "${boots[$host]}"; done
}
# shellcheck disable=SC2317 # wait_until calls it
serves() { [[ $(lab run -- curl -s -m 2 -o /dev/null -w '%{http_code}' -H 'Host: todo.example' "http://$1:8080/v1/todos") == 401 ]]; }
all_serve() {
    local address
    for address in "${addresses[@]}"; do wait_until 60 serves "$address"; done
    play verify.yml
}
nothing_has_failed() {
    local host
    for host in "${fleet[@]}"; do [[ -z $(on "$host" 'systemctl --failed --plain --no-legend') ]] || return 1; done
}
as_it_was() { play site.yml && nothing_changed "${fleet[@]}"; }
check "every host boots again, all at once" reboot_all
check "all serve again, with their settings" all_serve
check "no unit has failed" nothing_has_failed
if [[ -n $long ]]; then check "there is nothing to change" as_it_was; fi
