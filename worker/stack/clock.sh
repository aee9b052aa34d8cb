# shellcheck shell=bash
# One time for all processors while something is tested or measured. Sourced, never run.
#
# The processors of some virtual machines have clocks that are 20 ms apart. Who is moved from one to the other sees time go
# back, and whatever compares times is wrong now and then. Their kernel often knows another source, which is right.

clock_folder=/sys/devices/system/clocksource/clocksource0
clock_before=''

# Whether time goes on for who moves over all processors. A move takes 2 ms; less than that between two clocks is not seen.
clocks_agree() (
    last=0
    processors=$(taskset -pc "$BASHPID" | sed 's/.*: //' | tr ',' '\n' | awk -F- '{ for (i = $1; i <= $NF; ++i) print i }')
    for processor in $processors $processors $processors; do
        taskset -pc "$processor" "$BASHPID" >/dev/null
        now=${EPOCHREALTIME/[.,]/}
        ((now > last)) || exit 1
        last=$now
    done
)

# steady_clock: another source where the clocks differ, until restore_clock.
steady_clock() {
    local source
    ! clocks_agree || return 0
    clock_before=$(<"$clock_folder/current_clocksource")
    for source in $(<"$clock_folder/available_clocksource"); do
        if [[ $source != "$clock_before" ]] && { echo "$source" >"$clock_folder/current_clocksource"; } 2>/dev/null && clocks_agree; then
            echo "The clocks of this machine's processors differ: the kernel goes by $source instead of $clock_before meanwhile." >&2
            return 0
        fi
    done
    restore_clock
    echo "The clocks of this machine's processors differ, so what compares times may be wrong: $clock_folder has no source that is right, or only root may choose it." >&2
}

restore_clock() {
    if [[ -n $clock_before ]]; then { echo "$clock_before" >"$clock_folder/current_clocksource"; } 2>/dev/null || true; fi
    clock_before=''
}
