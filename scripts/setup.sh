#!/usr/bin/env bash
# Installs the Debian packages that fhirline is built with. Does nothing, and needs no network, when all are there.
# Usage: scripts/setup.sh [PACKAGE…]     further packages to install, such as make
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/messages.sh
. scripts/apt.sh

# What the C doors are compiled against, and what Swift's own compiler and package manager call.
packages=(
  libmongoc-dev libbson-dev libxml2-dev zlib1g-dev liblz4-dev pkg-config
  git binutils g++ libc6-dev ca-certificates tzdata
  "$@"
)
install_missing "${packages[@]}"

if ! command -v swift >/dev/null; then
  fail "Swift is not installed, or not on the PATH." \
    "fhirline needs Swift 6.2 or newer: https://www.swift.org/install/linux/"
fi
# An unpacked toolchain brings no libraries of the system; the package manager needs more of them than the compiler.
if ! swift package --version >/dev/null 2>&1; then
  install_missing libncurses6 libsqlite3-0 libcurl4 libxml2
  complaint=$(swift package --version 2>&1) || fail "Swift does not run on this machine:" "$complaint"
fi
version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p' | head -n 1)
if [[ -n $version ]] && ! printf '6.2\n%s\n' "$version" | sort -V -C; then
  fail "Swift $version is too old: fhirline needs Swift 6.2 or newer." "https://www.swift.org/install/linux/"
fi
