# shellcheck shell=bash disable=SC2016,SC2154 # for the shell of a host; set by shell.sh and run
# Proof 4: releases while people use the service. No request fails, whether the release is a good one or not.
runs() {
    local host found
    for host in "${apps[@]}"; do
        found=$(on "$host" 'basename "$(readlink /opt/todo/current)"
            for process in $(pgrep "^todo-worker"); do readlink "/proc/$process/exe" | cut -d / -f 5; done' | sort | uniq -c | tr -s ' \n' ' ')
        [[ $found == " 3 $1 " ]] || { echo "$host has$found, and not 3 of $1: the link and two processes" && return 1; }
    done
}
nothing_failed() {
    loaded
    [[ $(failures) == 0 && $(jq -s 'map(.sent) | add' "$TEST_FOLDER/loaded") -gt 5000 ]] || { worker_errors; return 1; }
    [[ -z $(upstream_errors) ]] || { upstream_errors; return 1; }
}
release() { play deploy.yml -e "todo_worker_package=$(package_of "$1")" && runs "$(version_of "$1")"; }
releases_under_load() {
    local number
    mark_errors
    load
    for ((number = 2; number < rounds + 2; ++number)); do release "$number"; done
    nothing_failed
}
check "before the first release there is none to go back to" refuses "has no release before the one that runs" play rollback.yml
check "$rounds release$( ((rounds == 1)) || echo s) under load: no request fails, and no edge has seen an error of a worker" releases_under_load
check "releases that are too old are gone" on app1 '[[ $(ls /opt/todo/releases | wc -l) == $(ls /opt/todo/packages | wc -l) ]] && (($(ls /opt/todo/releases | wc -l) <= 3))'
lists_releases() { tell app -b -a "ls /opt/todo/releases" | tee "$TEST_FOLDER/listed" && (($(grep -cxF "$(version_of $((rounds + 1)))" "$TEST_FOLDER/listed") == ${#apps[@]})); }
check "one command lists the releases of all hosts" lists_releases

# A release that does not serve, by the real program with something wrong: bad NAME SCRIPT [LINE]. $0.real is the program; LINE
# is one of its unit.
bad() {
    local tree=$TEST_FOLDER/bad last=$((rounds + 1))
    rm -rf -- "$tree"
    dpkg-deb --raw-extract "$(package_of "$last")" "$tree"
    sed -i "s/^Version: .*/&.$1/" "$tree/DEBIAN/control"
    mv "$tree/usr/bin/todo-worker" "$tree/usr/bin/todo-worker.real"
    printf '#!/bin/sh\n%s\nexec "$0.real" "$@"\n' "$2" >"$tree/usr/bin/todo-worker"
    chmod 755 "$tree/usr/bin/todo-worker"
    [[ -z ${3:-} ]] || sed -i "s|^\[Service\]|&\n$3|" "$tree/usr/lib/systemd/system/todo-worker@.service"
    dpkg-deb --build "$tree" "$TEST_FOLDER/todo-worker_$(version_of "$last").$1_amd64.deb"
}
# One host is touched, and put back; the play fails, and says why. fails_and_is_put_back NAME WORDS
fails_and_is_put_back() {
    local before other
    before=$(started_at app2 && on app2 'ls /opt/todo/releases')
    mark_errors
    load
    refuses "$2" play deploy.yml -e "todo_worker_package=$(echo "$TEST_FOLDER"/todo-worker_*."$1"_amd64.deb)"
    nothing_failed
    runs "$(version_of $((rounds + 1)))"
    other=$(started_at app2 && on app2 'ls /opt/todo/releases')
    [[ $other == "$before" ]] || { echo "app2 was touched: $other, and before: $before" && return 1; }
    [[ -z $(on app1 'systemctl --failed --plain --no-legend') ]]
}
if [[ -n $long ]]; then
    check "a release without a database is made" bad deaf 'export TODO_DATABASE="host=127.0.0.1 port=1"'
    check "it fails on trial: one host is touched, and no request fails" fails_and_is_put_back deaf "does not serve on app1"
    check "a release whose unit does not start is made" bad lame : ExecStartPre=/bin/false
    check "it fails on trial too" fails_and_is_put_back lame "does not serve on app1"
fi
check "a release that serves on trial only is made" bad shy 'case "$*" in *trial*) ;; *) exit 1 ;; esac'
check "it fails in service: the host is put back, and no request fails" fails_and_is_put_back shy "does not serve on app1"

goes_back() {
    mark_errors
    load
    play rollback.yml
    runs "$(version_of "$rounds")"
    nothing_failed
}
check "back to the release before under load: no request fails" goes_back
goes_to() {
    play rollback.yml -e "rollback_version=$(version_of "$1")"
    runs "$(version_of "$1")"
}
# The link has moved, and no process was replaced yet.
was_interrupted() {
    on app1 "ln -sfn releases/$(version_of $((rounds + 1))) /opt/todo/current"
    refuses "run the same deploy.yml again" play verify.yml --limit app1
    goes_to $((rounds + 1))
    play rollback.yml
    runs "$(version_of "$rounds")"
}
# As where a host was away from a release; each has the other's.
are_two() {
    play rollback.yml --limit app2
    refuses "app1 runs $(version_of "$rounds"), app2 runs $(version_of $((rounds + 1))), and one release is for all" play verify.yml
    refuses "It is not clear which release to go back to. app1 runs" play rollback.yml
    goes_to "$rounds"
}
if [[ -n $long ]]; then
    check "to another release that the hosts still have" goes_to $((rounds + 1))
    check "and back" goes_to "$rounds"
    check "a run that was interrupted is finished by the next, and can be taken back" was_interrupted
    check "two releases are found, and one of them is chosen by its name" are_two
fi
check "back to one that the hosts do not have is refused, with those that they have" refuses "has no release 9.9.9-9; it has" \
    play rollback.yml -e rollback_version=9.9.9-9
same_again() {
    play deploy.yml -e "todo_worker_package=$(package_of "$rounds")"
    runs "$(version_of "$rounds")"
    on app1 'test -x /opt/todo/current/usr/bin/todo-worker && test -x /opt/todo/previous/usr/bin/todo-worker'
}
if [[ -n $long ]]; then check "the same package again keeps it, and the one before" same_again; fi
same_version() { cp "$(package_of $((rounds + 1)))" "$TEST_FOLDER/$(basename -- "$(package_of "$rounds")")"; }
check "another package of the same version can be made" same_version
is_refused() {
    refuses "already, and this package differs from it" play deploy.yml -e "todo_worker_package=$TEST_FOLDER/$(basename -- "$(package_of "$rounds")")"
    runs "$(version_of "$rounds")"
}
check "it is refused, and what runs goes on" is_refused
# It serves everywhere, and later on nowhere.
goes_bad() {
    play deploy.yml -e "todo_worker_package=$(echo "$TEST_FOLDER"/todo-worker_*.frail_amd64.deb)"
    on_each 'touch /run/frail; systemctl kill --signal KILL "todo-worker@*"' "${apps[@]}"
    play rollback.yml
    runs "$(version_of "$rounds")"
    on_each 'rm /run/frail' "${apps[@]}"
}
if [[ -n $long ]]; then
    check "a release that does not last is made" bad frail '[ ! -e /run/frail ] || exit 1'
    check "where it serves nowhere any more, the release before comes back" goes_bad
fi
# The first host has it, the second one is put back; then each host has what the second one runs.
fails_later() {
    refuses "Hosts before it run $(version_of $((rounds + 1))).late" \
        play deploy.yml -e "todo_worker_package=$(echo "$TEST_FOLDER"/todo-worker_*.late_amd64.deb)"
    play rollback.yml
    runs "$(version_of "$rounds")"
}
if [[ -n $long ]]; then
    check "a release that does not serve on the second host is made" bad late '[ "$(uname -n)" != app2 ] || exit 1'
    check "it fails there, and is taken back from the first" fails_later
fi
