# shellcheck shell=bash
# A blank Debian made with mmdebstrap, with a fresh clone in it, and who works there. Sourced by parts, never run.
#
# Each who works there gets the same blank root under an overlay of its own, and a process and a mount namespace, so that
# whatever is left behind ends with them. The network is the machine's, for the packages have to come from somewhere.
# shellcheck source=tests/parts/shell.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/shell.sh"
# shellcheck source=worker/stack/debian.sh
source "$project/worker/stack/debian.sh"

part=${0##*/}
((EUID == 0)) || { echo "skip $part # not root: mmdebstrap and chroot need it" && exit; }
unshare -mp --fork true 2>/dev/null || { echo "skip $part # this machine allows no mount namespace (unshare)" && exit; }
folder=$TEST_FOLDER/$part
mkdir -p "$folder"

# blank_root SUITE: checks that there is one.
blank_root() {
    check "mmdebstrap makes a blank Debian, $1" make_debian "$1" "$folder/root" sudo
    check "it has none of the packages" has_none
}
has_none() { ! chroot "$folder/root" sh -c 'command -v nginx || command -v g++ || command -v cmake || command -v psql || command -v git'; }

# enter USER HOME COMMAND: runs it there as that user in the clone; what it leaves running dies. Where `ccache` is set, that
# folder of this machine is ccache's there.
enter() {
    local place=$folder/of-$1 # beside the root that lies below it
    mkdir -p "$place"/{upper,work,root}
    # shellcheck disable=SC2016 # the inner shell's
    unshare -mp --fork --kill-child bash -c '
        set -e
        mount --make-rprivate /
        mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$2/root"
        mount -t proc proc "$2/root/proc"
        mount --rbind /dev "$2/root/dev"
        mount --rbind /sys "$2/root/sys"
        [[ -z $6 ]] || { mkdir -p "$2/root$4/.cache/ccache" && mount --bind "$6" "$2/root$4/.cache/ccache"; }
        exec chroot "$2/root" setpriv --reuid "$3" --regid "$3" --init-groups env -i HOME="$4" USER="$3" TERM=dumb \
            PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin bash -c "cd ~/todo-worker && $5"
    ' _ "$folder/root" "$place" "$1" "$2" "$3" "${ccache:-}" </dev/null
}

# clone_for USER HOME
clone_for() {
    git clone -q "$project" "$folder/root$2/todo-worker" && chroot "$folder/root" chown -R "$1:$1" "$2/todo-worker"
}

# begins USER HOME: checks what a newcomer does, in this order; the curl line is the one that was printed.
begins() {
    local port
    port=$(free_ports 12000 20000)
    check "$1 has a fresh clone" clone_for "$1" "$2"
    # shellcheck disable=SC2016 # the inner shell's
    check "$1: ./todo up, and the curl line that it prints" enter "$1" "$2" \
        "./todo up --port $port "'| tee ~/up.txt; eval "$(sed -n "s/^Try it: *//p" ~/up.txt)" -sf | grep "water the plants" && ./todo down --wipe'
}
