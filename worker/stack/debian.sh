# shellcheck shell=bash
# A blank Debian in a folder, from where this machine has its own packages. Sourced, never run; needs debootstrap, and root.

# make_debian SUITE ROOT PACKAGES: SUITE is bookworm (12) or trixie (13), PACKAGES what is beside the smallest set there is,
# names with commas between. It may install more.
make_debian() {
    local suite=$1 root=$2 own sources
    # shellcheck source=/dev/null
    own=$(source /etc/os-release && echo "$VERSION_CODENAME")
    # shellcheck disable=SC2016 # apt's own variables
    sources=$(apt-get indextargets 'Created-By: Packages' --format 'deb $(SITE) $(RELEASE) $(COMPONENT)' |
        sed -nE "s/ $own((-updates|-security)? main)$/ $suite\1/p" | sort -u)
    debootstrap --variant=minbase --include="$3" "$suite" "$root" "$(awk -v suite="$suite" '$3 == suite { print $2 }' <<<"$sources")" || return 1
    echo "$sources" >"$root/etc/apt/sources.list"
    apt-config dump | grep -iE '^Acquire::(http|https|Check-)' >"$root/etc/apt/apt.conf.d/90-as-the-machine" || true
    cp /etc/resolv.conf "$root/etc/resolv.conf"
}
