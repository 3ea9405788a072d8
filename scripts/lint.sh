#!/usr/bin/env bash
# Checks form: swift-format, shellcheck where it is installed, and the lengths of files.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/messages.sh

swift_code=(Package.swift Sources Tests)
if [[ -d Benchmarks ]]; then swift_code+=(Benchmarks/Package.swift Benchmarks/Sources); fi

faults=0
swift format lint --strict --recursive --parallel "${swift_code[@]}" || faults=1

if command -v shellcheck >/dev/null; then
  shellcheck --external-sources scripts/*.sh .ci/run || faults=1
else
  say "shellcheck is not installed: the shell scripts were not checked."
fi

# A file has one subject, and is not longer than one can keep in mind.
while read -r lines file; do
  if [[ $file != total ]] && ((lines > 500)); then
    say "$file: has $lines lines; 500 is the most (split it by subject)"
    faults=1
  fi
done < <(find "${swift_code[@]}" -name '*.swift' -exec wc -l {} +)

if ((faults)); then fail "lint found the faults above; 'swift format -i -r ${swift_code[*]}' mends most"; fi
good "lint: no faults"
