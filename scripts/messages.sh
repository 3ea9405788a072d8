# shellcheck shell=bash
# How the scripts speak: words for people go to standard error, in colour only on a terminal.
# Sourced by the other scripts; NO_COLOR (https://no-color.org) is honoured.

if [[ -t 2 && -z ${NO_COLOR:-} && ${TERM:-dumb} != dumb ]]; then
  bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' green=$'\e[32m' blue=$'\e[34m' plain=$'\e[0m'
else
  bold='' dim='' red='' green='' blue='' plain=''
fi

say() { printf '%s\n' "$*" >&2; }
heading() { printf '\n%s%s%s\n' "$bold$blue" "$*" "$plain" >&2; }
good() { printf '%s✓%s %s\n' "$green" "$plain" "$*" >&2; }
faint() { printf '%s%s%s\n' "$dim" "$*" "$plain" >&2; }

# fail MESSAGE…: prints each message as a line and ends the script with the code of "could not run".
fail() {
  printf '%serror:%s %s\n' "$red" "$plain" "$1" >&2
  shift
  local line
  for line in "$@"; do printf '       %s\n' "$line" >&2; done
  exit 2
}
