#!/usr/bin/env bash
# Feeds one of the readers with made-up inputs under libFuzzer and the address sanitizer.
# Usage: scripts/fuzz.sh TARGET [SECONDS]      TARGET is json, skipping, xml, fhirpath, package or mapping
#
# The corpus grows in .fuzz/TARGET. An input that crashes, hangs for a second or takes a gigabyte is kept in
# .fuzz/found; once it is understood, its smallest form goes into Tests/FuzzTests/Inputs/TARGET, where a test replays it.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/messages.sh

target=${1:-}
seconds=${2:-600}
[[ -f Fuzz/Entries/$target.swift ]] || fail "Which target? One of: $(cd Fuzz/Entries && echo *.swift | sed 's/\.swift//g')"

build=.build/fuzz
configuration=${FUZZ_CONFIGURATION:-debug}
# Unoptimised and watched over, a reader is some ten times slower than it is.
if [[ $configuration == release ]]; then timeout=1; else timeout=10; fi
# Every module is instrumented. Only the last step links libFuzzer's main, which SwiftPM has no way to do.
swift build --scratch-path "$build" -c "$configuration" --target FuzzTargets -Xswiftc -sanitize=fuzzer,address

modules=("$build/$configuration"/{FuzzTargets,FHIRMapping,BSON,FHIRValidation,FHIRTerminology,UCUM,Patterns,FHIRPath}.build)
modules+=("$build/$configuration"/{FHIRDefinitions,FHIRFormats,FHIRModel,CDefinitions,Yams,CYaml}.build)
objects=()
for module in "${modules[@]}"; do
  map=$module/output-file-map.json
  if [[ -f $map ]]; then
    # Objects of sources that are no longer there stay in the folder; the map names those of today.
    mapfile -t -O "${#objects[@]}" objects < <(sed -n 's/.*"object" *: *"\(.*\.swift\.o\)".*/\1/p' "$map")
  elif [[ -d $module ]]; then
    mapfile -t -O "${#objects[@]}" objects < <(find "$module" -name '*.o')
  fi
done
maps=()
for map in "$build/$configuration"/*.build/module.modulemap Sources/C{LibXML2,Zlib,Malloc}/module.modulemap \
  "$build"/checkouts/Yams/Sources/CYaml/include/module.modulemap; do
  maps+=(-Xcc "-fmodule-map-file=$map")
done
read -ra flags < <(pkg-config --cflags libxml-2.0 zlib)
read -ra libraries < <(pkg-config --libs libxml-2.0 zlib)
swiftc -parse-as-library -sanitize=fuzzer,address -module-name "fuzz_$target" \
  -I "$build/$configuration/Modules" "${maps[@]}" "${flags[@]}" "Fuzz/Entries/$target.swift" "${objects[@]}" \
  "${libraries[@]}" -o "$build/fuzz-$target"

mkdir -p ".fuzz/$target" .fuzz/found
exec "$build/fuzz-$target" -max_total_time="$seconds" -timeout="$timeout" -rss_limit_mb=1024 -max_len=65536 -print_final_stats=1 \
  -artifact_prefix=".fuzz/found/$target-" ".fuzz/$target" "Tests/FuzzTests/Inputs/$target"
