# shellcheck shell=bash
# A blank Debian 12 in a folder, from where this machine has its own packages. Sourced, never run; needs debootstrap, and root.

# make_debian ROOT PACKAGES: with these beside the smallest set there is, names with commas between. It may install more.
make_debian() {
    local root=$1 sources
    # shellcheck disable=SC2016 # apt's own variables
    sources=$(apt-get indextargets 'Created-By: Packages' --format 'deb $(SITE) $(RELEASE) $(COMPONENT)' |
        grep -E ' bookworm(-updates|-security)? main$' | sort -u)
    debootstrap --variant=minbase --include="$2" bookworm "$root" "$(awk '$3 == "bookworm" { print $2 }' <<<"$sources")" || return 1
    echo "$sources" >"$root/etc/apt/sources.list"
    apt-config dump | grep -iE '^Acquire::(http|https|Check-)' >"$root/etc/apt/apt.conf.d/90-as-the-machine" || true
    cp /etc/resolv.conf "$root/etc/resolv.conf"
}
