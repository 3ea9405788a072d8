#!/usr/bin/env bash
# Measures the release build, stage by stage, beside yardsticks taken in the same run: scripts/bench.sh [OPTION…] [FOLDER…]
# --no-large leaves the Bundle of 60 MB and the NDJSON of 1 GB out; --package=FILE validates against a FHIR package too; --json
# gives figures instead of a table.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/messages.sh

[[ -x .build/release/fhirline ]] || fail "There is no release build yet: make bench makes one."

heading "Building the measuring program"
swift build -c release --package-path Benchmarks >&2
MONGODB_URI=$(scripts/mongo.sh start)
export MONGODB_URI
# Synthea's data, where they are at hand; the project's samples are few.
synthea=${FHIRLINE_SHARED:-../shared}/synthea
folders=false
for argument in "$@"; do [[ $argument == -* ]] || folders=true; done
if ! $folders && [[ -d $synthea ]]; then set -- "$@" "$synthea"; fi
exec Benchmarks/.build/release/fhirline-bench "$@"
