#!/usr/bin/env bash
# The main job on Samples/: into MongoDB, back out as NDJSON and as an XML Bundle, and proof that nothing was lost.
# Every run has a database of its own. Exit code 1: what came out differs from what went in.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/messages.sh

PATH=$PWD/.build/release:$PATH
command -v fhirline >/dev/null || fail "There is no release build yet: make demo makes one."

out=out/demo
rm -rf "$out"
mkdir -p "$out"

# Shows a command as one would type it, then runs it. fhirline reads the server from MONGODB_URI.
run() {
  printf '%s$%s %s%s%s\n' "$dim" "$plain" "$bold" "$*" "$plain" >&2
  "$@"
}

# database_uri URI NAME: the same server, another database.
database_uri() {
  local rest=${1#*://} options=''
  if [[ $rest == *'?'* ]]; then options="?${rest#*\?}"; fi
  rest=${rest%%\?*}
  echo "${1%%://*}://${rest%%/*}/$2$options"
}

heading "1. A MongoDB server"
server=$(scripts/mongo.sh start)
database=fhirline_demo_$(date +%Y%m%d_%H%M%S)
MONGODB_URI=$(database_uri "$server" "$database")
export MONGODB_URI
good "database $database on ${server##*@}"

heading "2. Import: Bundles in JSON and XML, bare resources, bulk data"
run fhirline import Samples/clinic Samples/bulk

heading "3. The same again: nothing changes"
run fhirline import Samples/clinic Samples/bulk

heading "4. Export: bulk data, and one Bundle in XML"
run fhirline export --out "$out/ndjson" --format ndjson --references original
run fhirline export --out "$out/bundle.xml" --format bundle --references original

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

Next, with ${bold}export MONGODB_URI='$MONGODB_URI'${plain} and ${bold}PATH=$PWD/.build/release:\$PATH${plain}:

  fhirline validate Samples/broken            every fault, with its place and what was expected
  fhirline import Samples/broken              what is set aside, and why
  fhirline export --out out/appointments --format ndjson --type Appointment
  fhirline convert Samples/clinic/okafor.json out/okafor.xml
  fhirline import YOUR-FOLDER                 your own Bundles or bulk data
  make mongo-stop                             ends the server
NEXT
$same
