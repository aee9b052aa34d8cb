# shellcheck shell=bash
# A blank Debian in a folder, from where this machine has its own packages. Sourced, never run; needs mmdebstrap, and root.

# make_debian SUITE ROOT PACKAGES: SUITE is bookworm (12) or trixie (13), PACKAGES what is beside the smallest set there is,
# names with commas between. It may install more.
make_debian() {
    local suite=$1 root=$2 own options
    # shellcheck source=/dev/null
    own=$(source /etc/os-release && echo "$VERSION_CODENAME")
    mapfile -t options < <(apt-config dump | grep -iE '^Acquire::(http|https|Check-)')
    # shellcheck disable=SC2016 # apt's own variables
    apt-get indextargets 'Created-By: Packages' --format 'deb $(SITE) $(RELEASE) $(COMPONENT)' |
        sed -nE "s/ $own((-updates|-security)? main)$/ $suite\1/p" | sort -u |
        mmdebstrap --variant=minbase --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr --include="$3" "${options[@]/#/--aptopt=}" "$suite" "$root" -
}
