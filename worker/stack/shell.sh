# shellcheck shell=bash disable=SC2034 # what is set here is used by who sources it
# What the scripts of ./todo share: words for the terminal, the state folder, who runs what. Sourced, never run.
#
# Sets:   project   the clone;   numbers.env's names;   in_turn   before the command of what the stack starts
# After use_state DIR:  state   the state folder, absolute;   database_user, service_user   who PostgreSQL and who
#         the workers and nginx's workers run as;   stack.env's names, where it exists

# The distribution's tools and nothing else, in one language, with files that other users may read.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8
unset "${!PG@}" CDPATH
umask 022

project=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=worker/stack/numbers.env
source "$project/worker/stack/numbers.env"

# PostgreSQL, the workers and nginx hand each request on to each other. In the kernel's class for batches whoever is woken
# takes its turn instead of interrupting the one that has just woken it: docs/performance.md has the figures.
in_turn=(chrt --batch 0)

# favour NICENESS: of this session, beside those of the stack. Clients are on machines of their own: the load that they make
# must not wait for a processor that the stack keeps busy. Where that is not allowed, it has to.
favour() { { echo "$1" >/proc/self/autogroup; } 2>/dev/null || true; }
# niceness: of this session. 0 where the kernel does not care for sessions.
niceness() {
    if [[ $(cat /proc/sys/kernel/sched_autogroup_enabled 2>/dev/null) == 1 ]]; then sed 's/.* //' /proc/self/autogroup; else echo 0; fi
}

die() {
    echo "todo: $*" >&2
    exit 1
}

# need_value OPTION [VALUE]...: ends with a word about it when the value is missing.
need_value() { [[ $# -ge 2 && -n $2 ]] || die "$1 needs a value; ./todo --help shows how"; }

default_state() {
    if ((EUID == 0)); then
        echo /var/lib/todo-worker
    else
        echo "${XDG_STATE_HOME:-${HOME:?HOME is not set}/.local/state}/todo-worker"
    fi
}

# use_state DIR: settles on a state folder, which need not exist yet, and reads what it remembers.
use_state() {
    state=$(realpath -m -- "$1")
    [[ $state =~ ^[A-Za-z0-9._/@+-]+$ ]] ||
        die "the state folder's path may have letters, digits and . _ / @ + - only, not '$state': choose another with --state"
    local longest=$state/run/postgresql/.s.PGSQL.5432
    ((${#longest} <= 107)) ||
        die "the state folder's path is $((${#longest} - 107)) bytes too long for the sockets in it: choose a shorter one with --state"

    database_user=$(id -un) service_user=$(id -un)
    if ((EUID == 0)); then database_user=postgres service_user=www-data; fi
    unset "${!STACK_@}" # another stack's, perhaps: tests run with them
    STACK_PROFILE=''
    if [[ -r $state/stack.env ]]; then
        # shellcheck source=/dev/null
        source "$state/stack.env"
        use_profile "$STACK_PROFILE"
        # shellcheck source=/dev/null
        source "$state/stack.env" # what it says of a number goes before a profile
    fi
}

# use_profile NAME: numbers.env's, and others instead of some of them; `none`, or no name: only those.
use_profile() {
    # shellcheck source=worker/stack/numbers.env
    source "$project/worker/stack/numbers.env"
    [[ -n $1 && $1 != none ]] || return 0
    [[ $1 =~ ^[a-z]+$ && -r $project/worker/stack/profiles/$1.env ]] ||
        die "there is no profile '$1': there are none$(cd -- "$project/worker/stack/profiles" && printf ', %s' *.env | sed 's/\.env//g')"
    # shellcheck source=/dev/null
    source "$project/worker/stack/profiles/$1.env"
}

is_state() { [[ -f $state/.todo-worker-state ]]; }

# require_state: the folder is a stack's, and this user's.
require_state() {
    is_state || die "no stack in $state: ./todo up --state $state makes one"
    [[ -O $state ]] || die "the stack in $state belongs to $(stat -c %U -- "$state"): run ./todo as that user"
}

# state_option "$@": for the scripts whose only option is --state DIR.
state_option() {
    local folder=${STACK_STATE:-}
    while (($#)); do
        case $1 in
        --state=*) folder=${1#*=} ;;
        --state)
            need_value "$@"
            folder=$2
            shift
            ;;
        *) die "there is no option '$1' here; ./todo --help shows what there is" ;;
        esac
        shift
    done
    use_state "${folder:-$(default_state)}"
    require_state
}

# as USER COMMAND...: runs a command as that user, with no right or setting of ours left to it. Needs root
# unless we are USER.
as() {
    local user=$1
    shift
    if [[ $user == "$(id -un)" ]]; then
        "$@"
    else
        setpriv --reuid "$user" --regid "$user" --init-groups --inh-caps=-all --reset-env -- env LC_ALL=C.UTF-8 "$@"
    fi
}

# process_line PID: its command line with spaces between the words; nothing when there is no such process.
process_line() {
    [[ $1 =~ ^[0-9]+$ ]] || return 0
    { tr '\0' ' ' <"/proc/$1/cmdline"; } 2>/dev/null || true
}

# processes_in FOLDER NAME: those of that name whose working directory it is. A pid file may be stale, this cannot.
processes_in() {
    local found name
    while read -r found; do
        if { read -r name <"$found/comm"; } 2>/dev/null && [[ $name == "$2" ]]; then echo "${found#/proc/}"; fi
    done < <(find /proc/[0-9]*/cwd -maxdepth 0 -lname "$1" -printf '%h\n' 2>/dev/null | sort -V)
}

# set_numbers [NAME=NUMBER]...: others for the stack than ./todo up wrote; what they matter to has to start again.
set_numbers() {
    local line
    for line in "$@"; do sed -i "/^${line%%=*}=/d" "$state/stack.env"; done
    (($# == 0)) || printf '%s\n' "$@" >>"$state/stack.env"
    use_state "$state"
}

# make_certificate FOLDER: certificate.pem and key.pem there, as authorities sign them (of an elliptic curve), for 127.0.0.1. The
# stack's nginx has them once it starts with NGINX_LISTEN_OPTIONS="ssl http2".
make_certificate() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 \
        -out "$1/certificate.pem" -keyout "$1/key.pem" 2>"$1/openssl.log" || die "openssl makes no certificate: $(tail -n 1 -- "$1/openssl.log")"
    echo "ssl_certificate $1/certificate.pem; ssl_certificate_key $1/key.pem;" >"$state/nginx/site/tls.conf"
}

# use_ccache: where ccache is installed, what was compiled before, here or in another clone, is not compiled again. It is kept in
# ~/.cache/ccache.
use_ccache() {
    if [[ -z ${CMAKE_CXX_COMPILER_LAUNCHER:-} ]] && ccache --show-stats >/dev/null 2>&1; then
        export CMAKE_CXX_COMPILER_LAUNCHER=ccache CCACHE_BASEDIR=$project
    fi
}

# postgresql_release: which this machine has, Debian 12's 15 or Debian 13's 17. 15 where both are there: a Debian that was
# 12 before has data of it.
postgresql_release() {
    local release
    for release in 15 17; do [[ ! -x /usr/lib/postgresql/$release/bin/postgres ]] || break; done
    echo "$release"
}

free_memory_mib() { echo $(($(sed -n 's/^MemAvailable: *\([0-9]*\) kB$/\1/p' /proc/meminfo) / 1024)); }
free_disk_mib() { echo $(($(df --output=avail -k -- "$1" | tail -n 1) / 1024)); } # PATH

# taken_port FIRST [HELD]: the lowest of the stack's ports from FIRST that nginx could not listen on; nothing when it
# could on all. Those of the stack that has its first at HELD do not count.
taken_port() {
    # shellcheck disable=SC2016
    perl -MSocket -e '
        my ($first, $held, $count) = @ARGV;
        for my $port ($first .. $first + $count - 1) {
            next if $held && $port >= $held && $port < $held + $count;
            socket(my $s, PF_INET, SOCK_STREAM, 0) or die "socket: $!";
            setsockopt($s, SOL_SOCKET, SO_REUSEADDR, 1);
            bind($s, sockaddr_in($port, INADDR_LOOPBACK)) && listen($s, 1) or print("$port"), last;
        }' "$1" "${2:-0}" "$NGINX_PORTS"
}

# free_ports FROM TO: the first of as many free ports as a stack takes, from somewhere between, so that two who look at the
# same moment look at different places.
free_ports() {
    local port
    for ((port = $1 + RANDOM % (($2 - $1) / 2 / NGINX_PORTS) * NGINX_PORTS; port < $2; port += NGINX_PORTS)); do
        [[ -n $(taken_port "$port") ]] || break
    done
    echo "$port"
}

# wait_until SECONDS COMMAND...: tries every tenth of a second; false when the time is over.
wait_until() {
    local end=$((${EPOCHREALTIME/./} + $1 * 1000000))
    shift
    until "$@"; do
        ((${EPOCHREALTIME/./} < end)) || return 1
        sleep 0.1
    done
}

# Steps: say what is done, how far it is on a terminal, how long it took, and what went wrong.
step_number=0
step_total=0
step_log=/dev/null
ticker=

stop_ticker() {
    [[ -n $ticker ]] || return 0
    kill "$ticker" 2>/dev/null || true
    wait "$ticker" 2>/dev/null || true
    ticker=
    printf '\r\033[K'
}

show_progress() { # LABEL LOG
    local started=$SECONDS line
    while sleep 1; do
        line=$(tail -n 1 -- "$2" 2>/dev/null | tr -cd '[:print:]') || true
        printf '\r\033[K%s ... %d s  %.60s' "$1" $((SECONDS - started)) "$line"
    done
}

# step TEXT COMMAND...: runs the command with its output in step_log; when it fails, shows the end of that and ends.
# The command is a script, or a function that does not rely on `set -e`.
step() {
    local log=$step_log started=$SECONDS label
    step_number=$((step_number + 1))
    label="[$step_number/$step_total] $1"
    shift
    printf '%s ... ' "$label"
    if [[ -t 1 ]]; then
        show_progress "$label" "$log" &
        ticker=$!
    fi
    if ("$@") >>"$log" 2>&1 9>&-; then
        [[ -z $ticker ]] || { stop_ticker && printf '%s ... ' "$label"; }
        printf '%d s\n' $((SECONDS - started))
    else
        [[ -z $ticker ]] || { stop_ticker && printf '%s ... ' "$label"; }
        printf 'failed after %d s\n' $((SECONDS - started))
        tail -n 20 -- "$log" >&2
        die "$label failed: the lines above are the end of $log"
    fi
}

# service_answers ADDRESS ANONYMOUS: as it should. Where nobody is signed in, a worker says so without its database, so that
# one is asked for too.
service_answers() {
    local expected=401
    [[ -z $2 ]] || expected=200
    [[ $(curl -s -m 5 -o /dev/null -w '%{http_code}' "$1/v1/todos?limit=1") == "$expected" ]] &&
        curl -sf -m 5 -o /dev/null --unix-socket "$state/run/private.sock" http://localhost/readyz
}
