#!/usr/bin/env bash
# Installs from Debian what the build and the tests need. Does nothing, and says so, when everything is there.
#
#   tools/setup.sh          compiler, libraries, Python
#   tools/setup.sh --all    also clang 19: the second compiler, the fuzz harnesses, kernels for GPUs and `make fmt`
#
# Works as root or through sudo. Exits with one clear sentence when it cannot do its work.
set -euo pipefail

packages=(g++ cmake ninja-build pkg-config ccache libfmt-dev libspdlog-dev libsimdjson-dev libcli11-dev libboost1.81-dev
          libpcre2-dev libutf8proc-dev libxxhash-dev libsodium-dev zlib1g-dev libssl-dev libcurl4-openssl-dev libgtest-dev
          python3 python3-venv python3-pip curl ca-certificates openssl)

fail() {
  echo "setup: $*" >&2
  exit 1
}

case "${1:-}" in
  "") ;;
  --all) packages+=(clang-19 lld-19 libclang-rt-19-dev clang-format-19) ;;
  -h | --help) sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 0 ;;
  *) fail "unknown argument '$1'; the only option is --all" ;;
esac

command -v dpkg-query > /dev/null && command -v apt-get > /dev/null ||
  fail "this is not a Debian system; install by hand what corresponds to: ${packages[*]}"

installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2> /dev/null)" = installed ]; }

missing=()
for package in "${packages[@]}"; do
  installed "$package" || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
  echo "setup: all ${#packages[@]} packages are installed, nothing to do"
  exit 0
fi

# libboost1.81-dev and the headers of another Boost release exclude each other; removing a package is the user's choice.
if [[ " ${missing[*]} " == *" libboost1.81-dev "* ]]; then
  other=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' 'libboost1.*-dev' 2> /dev/null |
            awk '$1 == "installed" && $2 ~ /^libboost1\.[0-9]+-dev$/ {print $2}' | head -n 1 || true)
  [ -z "$other" ] ||
    fail "libboost1.81-dev is needed and cannot live beside $other: remove that first (apt-get remove $other)"
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo > /dev/null || fail "needs root or sudo to install: ${missing[*]}"
  as_root=(sudo)
fi
apt() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 "$@"; }

echo "setup: installing ${#missing[@]} of ${#packages[@]} packages: ${missing[*]}"
apt update > /dev/null || echo "setup: the package lists could not be refreshed; going on with the ones at hand" >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! apt install -y --no-install-recommends --no-remove "${missing[@]}" > "$log" 2>&1; then
  tail -n 20 "$log" >&2
  fail "apt-get could not install ${missing[*]} (its last lines are above)"
fi
for package in "${missing[@]}"; do
  installed "$package" || fail "apt-get ended well, yet $package is not installed"
done
echo "setup: done"
