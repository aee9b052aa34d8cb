# shellcheck shell=bash disable=SC2154 # names of bench/shell.sh
# Is the machine up to it, and what can be set for the run alone? Sourced, never run.
#
# Sets:   descriptors   that one process may open;   load_processes   that so many users need;   inside   of bench/shell.sh,
#         once there is a network that was made for the run
# Whoever sources it calls remove_network and restore_settings at its end, however it ends.

settings_file=$project/worker/stack/profiles/million.sysctl
declare -A setting_before=()
network=''

# A network of its own, with nothing but a loopback: all source ports are free there, no firewall and no connection tracking
# of the machine's is in the way, and whoever lists the machine's connections now and then does not list a million of
# these. Where it may not be made, the run takes the machine's own.
#
# make_network USERS: and with a table of its own, in which the kernel finds a connection by its addresses and ports, of a place for
# each end. The machine's has one for each 128 KiB of memory, 524,288 at most: with eight in each place every packet would look at
# four sockets that are in no cache before it finds its own. (At a start of the kernel, thash_entries makes it larger.)
make_network() {
    local places=1024
    while ((places < 2 * $1)); do places=$((2 * places)); done
    set_for_the_run net.ipv4.tcp_child_ehash_entries "$places" || true
    network=todo-million-$$
    if ip netns add "$network" 2>/dev/null; then
        inside=(nsenter "--net=/run/netns/$network")
        "${inside[@]}" ip link set lo up
    else
        network=''
    fi
    restore_settings # it is for a network that is made, and there now
}
remove_network() {
    [[ -z $network ]] || ip netns del "$network"
    network='' inside=()
}

wanted_settings() { sed -nE 's/^([a-z0-9_.]+) = (.*)$/\1 \2/p' "$settings_file"; }
# Some settings are the network's, and some the machine's: what is not of net is there from inside as well.
of_network() { [[ -n $network && $1 == net.* ]] && "${inside[@]}" test -e "/proc/sys/${1//.//}"; }
setting() { if of_network "$1"; then "${inside[@]}" sysctl "${@:2}"; else sysctl "${@:2}"; fi; }
setting_is() { setting "$1" -n "$1" 2>/dev/null | tr '\t' ' '; }

# Whether each number of one list is at least, or for the first source port at most, that of the other.
is_enough() { # NAME WANTED IS
    local -a wanted is
    read -ra wanted <<<"$2"
    read -ra is <<<"$3"
    ((${#is[@]} == ${#wanted[@]})) || return 1
    if [[ $1 == net.ipv4.ip_local_port_range ]]; then ((is[0] <= wanted[0] && is[1] >= wanted[1])) && return 0 || return 1; fi
    local n
    for n in "${!wanted[@]}"; do ((is[n] >= wanted[n])) || return 1; done
}

# set_for_the_run NAME VALUE: remembers what was there; false where it may not be set.
set_for_the_run() {
    local before
    before=$(setting_is "$1")
    # Remembered first, in case this is interrupted while it sets it. What is the network's goes with the network.
    of_network "$1" || [[ -n ${setting_before[$1]+set} ]] || setting_before[$1]=$before
    setting "$1" -q -w "$1=$2" >/dev/null 2>&1
}
restore_settings() {
    local name
    for name in "${!setting_before[@]}"; do sysctl -q -w "$name=${setting_before[$name]}" >/dev/null || true; done
    setting_before=()
}

# Without them each of PostgreSQL's processes has a table of its own for all the pages of its cache. Taken at once, so not for few.
wants_huge_pages() { [[ $HUGE_PAGES != off ]] && (($1 >= 250000)); } # USERS

# Ends the run where something is.
nothing_is_missing() { # USERS WHAT...
    (($# == 1)) || die "the machine is not up to $1 users:$(printf '\n  %s' "${@:2}")"
}

# check_machine USERS: makes the network, prints what is there and what was set, and ends where the run cannot be done.
check_machine() {
    local users=$1 places name wanted is missing=() free needed rows kib=9 cache=$((SHARED_BUFFERS_MIB * 17 / 16))
    [[ ${tls:-no} == no ]] || kib=47
    [[ ${http:-1.1} == 1.1 ]] || kib=78

    make_network "$users"
    places=$("${inside[@]}" sysctl -n net.ipv4.tcp_ehash_entries 2>/dev/null) || places='unknown'
    echo "network: $([[ -n $network ]] && echo "one of its own" || echo "the machine's"), which finds connections in a table of ${places#-} places"
    descriptors=$(ulimit -Hn)
    [[ $descriptors != unlimited ]] || descriptors=1048576
    load_processes=$(((users + descriptors - 17) / (descriptors - 16)))
    ((descriptors >= NGINX_WORKER_NOFILE)) ||
        missing+=("a process may open $descriptors descriptors, and nginx needs $NGINX_WORKER_NOFILE: raise nofile, soft and hard, in /etc/security/limits.conf")
    echo "descriptors of a process: $descriptors, so the load has $load_processes processes"

    # One user is 8.1 KiB in the kernel for both ends, 0.7 in nginx, and 0.1 in the load. (The memory that is free falls by less, as
    # the kernel counts the inodes of open sockets as something that it could give away.) A session of TLS is 14 KiB more in nginx
    # and 24 in the load, and one of HTTP/2 some 30 for both. And 4.3 KiB of rows and indexes with what was written since, as much
    # as PostgreSQL's cache takes, which has all its huge pages at once: what it reads from the disk is slower, but needs no memory.
    free=$(free_memory_mib)
    rows=$((users * 9 / 2048))
    if ((rows > cache)) || wants_huge_pages "$users"; then rows=$cache; fi
    needed=$((NEEDED_MEMORY_MIB + rows + users * kib / 1024))
    echo "memory: $free MiB are free, and some $needed MiB will be used"
    ((free >= needed)) || missing+=("$free MiB of memory are free, and $users users need $needed: name fewer with --users, or add memory")

    free=$(free_disk_mib "$folder")
    needed=$((NEEDED_STATE_DISK_MIB + users * 9 / 1024))
    echo "disk: $free MiB are free, and up to $needed MiB will be used"
    ((free >= needed)) || missing+=("$free MiB are free at $folder, and $users users need $needed for their rows and the log of what they write")

    nothing_is_missing "$users" "${missing[@]}"
    while read -r name wanted; do
        is=$(setting_is "$name")
        if is_enough "$name" "$wanted" "$is"; then
            echo "$name = $is"
        elif set_for_the_run "$name" "$wanted"; then
            echo "$name = $wanted (for the run; it was $is)"
        elif [[ $name == *somaxconn && $users -le 100000 ]]; then
            echo "$name = $is (wanted: $wanted; enough for so few)"
        else
            missing+=("$name is $is and should be $wanted: sysctl -w '$name=$wanted', as root")
        fi
    done < <(
        wanted_settings
        # Open files of the whole machine, of which each connection has two here, one for each end. By default there are 102 for
        # each MiB of memory; beyond that no service can accept, nor open a file.
        echo "fs.file-max $((2 * users + 100000))"
    )

    nothing_is_missing "$users" "${missing[@]}"

    wanted=$((cache / 2))
    is=$(setting_is vm.nr_hugepages)
    if wants_huge_pages "$users" && ((is < wanted)); then
        if set_for_the_run vm.nr_hugepages "$wanted"; then
            echo "vm.nr_hugepages = $(setting_is vm.nr_hugepages) (for the run; it was $is)"
        else
            echo "vm.nr_hugepages = $is (wanted: $wanted; PostgreSQL does without)"
        fi
    fi
}
