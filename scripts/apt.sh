# shellcheck shell=bash
# Installing Debian packages, and only those that are missing. Sourced; needs messages.sh.

is_installed() {
  [[ $(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

# install_missing PACKAGE…: asks apt for what dpkg does not list; on another system says what is needed.
install_missing() {
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    say "This is not a Debian system, so nothing is installed. Needed, under the names of your own system:"
    say "  $*"
    return 0
  fi

  local missing=() package
  for package in "$@"; do is_installed "$package" || missing+=("$package"); done
  ((${#missing[@]})) || return 0

  local as_root=()
  if ((EUID != 0)); then
    command -v sudo >/dev/null || fail \
      "These packages are missing, and only root can install them (sudo was not found):" \
      "${missing[*]}" "As root: apt-get install ${missing[*]}"
    as_root=(sudo)
  fi
  heading "Installing ${missing[*]}"
  local log
  log=$(mktemp)
  # The lock may be held by an unattended upgrade: wait for it. Index lists may be older than the archive: renew them.
  if ! {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 update -q &&
      "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 \
        install -y -q --no-install-recommends "${missing[@]}"
  } </dev/null >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    rm -f "$log"
    fail "apt-get could not install: ${missing[*]}"
  fi
  rm -f "$log"
  good "installed ${missing[*]}"
}
