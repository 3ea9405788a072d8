#!/usr/bin/env bash
# The main job on Samples/: into MongoDB, back out as NDJSON and as an XML Bundle, and proof that nothing was lost.
# Every run has a database of its own. Exit code 1: what came out differs from what went in.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/messages.sh

PATH=$PWD/.build/release:$PATH
[[ -x .build/release/fhirline ]] || fail "There is no release build yet: make demo makes one."

out=out/demo
rm -rf "$out"
mkdir -p "$out"

# Shows a command as one would type it, then runs it. fhirline reads the server and database from the environment.
run() {
  printf '%s$%s %s%s%s\n' "$dim" "$plain" "$bold" "$*" "$plain" >&2
  "$@"
}

heading "1. A MongoDB server"
MONGODB_URI=$(scripts/mongo.sh start)
FHIRLINE_DATABASE=fhirline_demo_$(date +%Y%m%d_%H%M%S)
export MONGODB_URI FHIRLINE_DATABASE
# Only the hosts are shown: a URI of the user's own may hold a password.
hosts=${MONGODB_URI#*://}
hosts=${hosts%%[/?]*}
good "database $FHIRLINE_DATABASE on ${hosts##*@}"

heading "2. Import: Bundles in JSON and XML, bare resources, bulk data"
run fhirline import Samples/clinic Samples/bulk

heading "3. The same again: nothing changes"
run fhirline import Samples/clinic Samples/bulk

heading "4. Export: bulk data, and one Bundle in XML"
run fhirline export --out "$out/ndjson" --format ndjson --references original
run fhirline export --out "$out/bundle.xml" --format bundle --references original --quiet
good "$out/bundle.xml holds the same, $(wc -c <"$out/bundle.xml") bytes"

heading "5. What came out, beside what went in: element for element, number text included"
same=true
mkdir "$out/in"
cp -r Samples/clinic Samples/bulk "$out/in/"
run fhirline compare "$out/in" "$out/ndjson" || same=false
run fhirline compare "$out/in" "$out/bundle.xml" || same=false

heading "6. What it says about files that are wrong"
run fhirline validate Samples/broken/wrong-values.json Samples/broken/out-of-order.xml || true

if $same; then
  heading "Done"
  good "Everything that went into MongoDB came out again, equal, in both formats."
else
  heading "Done, with differences"
  say "What came out differs from what went in: see step 5."
fi
cat >&2 <<NEXT

Next:

  export MONGODB_URI="\$(make mongo-uri)" FHIRLINE_DATABASE=$FHIRLINE_DATABASE
  export PATH="\$PWD/.build/release:\$PATH"

  fhirline validate Samples/broken            every fault, with its place and what was expected
  fhirline import Samples/broken              what is set aside, and why
  fhirline export --out out/appointments --format ndjson --type Appointment
  fhirline convert Samples/clinic/okafor.json out/okafor.xml
  fhirline import YOUR-FOLDER                 your own Bundles or bulk data
  make mongo-stop                             ends the server
NEXT
$same
