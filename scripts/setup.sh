#!/usr/bin/env bash
# Installs the Debian packages that fhirline is built with. Does nothing, and needs no network, when all are there.
# Usage: scripts/setup.sh [PACKAGE…]     further packages to install, such as python3
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/messages.sh
. scripts/apt.sh

# What the C doors are compiled against, and what Swift's own compiler and package manager call.
packages=(
  libmongoc-dev libbson-dev libxml2-dev zlib1g-dev pkg-config
  git binutils g++ libc6-dev ca-certificates
  "$@"
)
install_missing "${packages[@]}"

if ! command -v swift >/dev/null; then
  fail "Swift is not installed, or not on the PATH." \
    "fhirline needs Swift 6.2 or newer: https://www.swift.org/install/linux/"
fi
version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p' | head -n 1)
if [[ -n $version ]] && ! printf '6.2\n%s\n' "$version" | sort -V -C; then
  fail "Swift $version is too old: fhirline needs Swift 6.2 or newer." "https://www.swift.org/install/linux/"
fi
