# shellcheck shell=bash
# Finding a MongoDB server program: one on the PATH, else the one of a PyPI wheel, unpacked under .tools/.
# Sourced from the top folder; needs messages.sh and apt.sh.

readonly unpacked_mongod=.tools/mongod/fiftyone/db/bin/mongod

# locate_mongod: prints the path of a server program that runs.
locate_mongod() {
  if command -v mongod; then return 0; fi
  [[ -x $unpacked_mongod ]] || download_mongod
  install_mongod_libraries "$unpacked_mongod"
  echo "$PWD/$unpacked_mongod"
}

# The wheel's SHA-256 is pinned in mongod-requirements.txt, and pip refuses any other file.
download_mongod() {
  [[ $(uname -s)-$(uname -m) == Linux-x86_64 ]] || fail \
    "There is no MongoDB server on the PATH, and the one that can be downloaded is for Linux on x86-64." \
    "Install MongoDB 6 or newer, or name a running server: export MONGODB_URI=mongodb://…"
  python3 -m pip --version >/dev/null 2>&1 || install_missing python3 python3-pip

  # A system pip stands beside another Python at times: take the first that has pip.
  local python=''
  local candidate
  for candidate in python3 /usr/bin/python3; do
    if "$candidate" -m pip --version >/dev/null 2>&1; then python=$candidate && break; fi
  done
  [[ -n $python ]] || fail "MongoDB is fetched with pip, and no python3 with pip was found." \
    "Install pip, or a MongoDB server, or name a running server: export MONGODB_URI=mongodb://…"

  heading "Downloading MongoDB 6.0.5 (42 MB, once)"
  local partial
  mkdir -p .tools
  partial=$(mktemp -d .tools/download.XXXXXX)
  if ! "$python" -m pip download --disable-pip-version-check --no-deps --only-binary :all: --require-hashes \
    -r scripts/mongod-requirements.txt -d "$partial" </dev/null >"$partial/log" 2>&1; then
    tail -n 20 "$partial/log" >&2
    rm -rf "$partial"
    fail "pip could not download the MongoDB server (its words are above)." \
      "Without PyPI: install MongoDB yourself, or export MONGODB_URI=mongodb://… of a running replica set."
  fi
  "$python" - "$partial" <<'PYTHON'
import glob, sys, zipfile
folder = sys.argv[1]
wheel, = glob.glob(folder + "/*.whl")
with zipfile.ZipFile(wheel) as archive:
    for name in archive.namelist():
        if name.endswith("/fiftyone/db/bin/mongod") or name.endswith(".dist-info/LICENSE"):
            archive.extract(name, folder)
PYTHON
  # Whole or not at all: the folder gets its name only when the program is in it.
  mkdir -p "$partial/whole/fiftyone/db/bin"
  mv "$partial"/*.data/purelib/fiftyone/db/bin/mongod "$partial/whole/fiftyone/db/bin/mongod"
  mv "$partial"/*.dist-info/LICENSE "$partial/whole/LICENSE"
  chmod +x "$partial/whole/fiftyone/db/bin/mongod"
  rm -rf .tools/mongod
  mv "$partial/whole" .tools/mongod
  rm -rf "$partial"
  good "MongoDB 6.0.5 is in .tools/"
}

# The program links against libcurl and OpenSSL 3, which a bare Debian lacks.
install_mongod_libraries() {
  if ldd "$1" | grep -q 'not found'; then install_missing libcurl4 libssl3; fi
  if ldd "$1" | grep 'not found' >&2; then
    fail "The MongoDB server lacks the libraries above." \
      "Install them, or a MongoDB server of your own, or export MONGODB_URI=mongodb://…"
  fi
}
