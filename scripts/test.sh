#!/usr/bin/env bash
# Runs the tests against a real MongoDB, and fails when those that need it did not run.
# Usage: scripts/test.sh [FILTER]      FILTER is what `swift test --filter` takes
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/messages.sh

MONGODB_URI=$(scripts/mongo.sh start)
export MONGODB_URI
# With this set, a MongoDB suite that finds no server fails instead of being skipped.
export FHIRLINE_REQUIRE_MONGODB=1

results=.build/test-results
rm -rf "$results"
mkdir -p "$results"
arguments=(--disable-xctest --xunit-output "$results/tests.xml")
if [[ -n ${1:-} ]]; then arguments+=(--filter "$1"); fi

# A line a suite is enough where all is well; failures, skipped tests and the closing line stay.
passed=true
swift test "${arguments[@]}" 2>&1 | tee "$results/output.txt" \
  | LC_ALL=C sed -u -E '/^✔ Test run /b; /^◇ /d; / started\.$/d; /^✔ Test /d' || passed=false

report=$results/tests.xml
[[ -s $report ]] || fail "The tests left no report: they could not be built, or crashed (see above)."

# A test case that failed or was skipped bears elements that say so, on the lines after its own.
read -r total failed skipped store store_skipped < <(awk '
  # OwnServerTests need a server program besides, which is not there where MONGODB_URI names a server elsewhere.
  /<testcase / {
    total++; counted = 0
    inStore = /classname="DocumentStoreTests\./ && !/OwnServerTests/; store += inStore
  }
  /<failure / && !counted { failed++; counted = 1 }
  /<skipped/ { skipped++; storeSkipped += inStore }
  END { print total + 0, failed + 0, skipped + 0, store + 0, storeSkipped + 0 }' "$report")
closing="tests: $((total - failed - skipped)) passed, $failed failed, $skipped skipped"

if [[ -z ${1:-} ]] && ((store == 0 || store_skipped > 0)); then
  fail "The suites that need MongoDB did not all run ($store found, $store_skipped skipped)."
fi
if ! $passed; then
  # Once more at the end, where a long log is looked at first.
  LC_ALL=C grep -a -E '^✘ Test .* recorded an issue' "$results/output.txt" | cut -c1-400 | tail -n 20 >&2 || true
  fail "$closing"
fi
echo "$closing"
