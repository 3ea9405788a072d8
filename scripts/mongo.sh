#!/usr/bin/env bash
# Starts and stops the MongoDB server of the tests and the demo: loopback, a free port, a replica set of one member,
# its data under .mongo/. A server named by MONGODB_URI is taken as it is, and neither started nor stopped.
# Usage: scripts/mongo.sh start|stop|uri      start and uri print the server's URI on standard output
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/messages.sh
. scripts/apt.sh
. scripts/mongod.sh

folder=$PWD/.mongo

# The server we started, if it still runs: a pid alone proves nothing after a reboot, so its data folder must match.
running_pid() {
  local pid
  pid=$(cat "$folder/pid" 2>/dev/null) && [[ -n $pid ]] && kill -0 "$pid" 2>/dev/null || return 1
  arguments "$pid" | grep -qF -- "--dbpath $folder/data" || return 1
  echo "$pid"
}

# A process's command line; a bare Debian has no ps.
arguments() {
  if [[ -r /proc/$1/cmdline ]]; then tr '\0' ' ' <"/proc/$1/cmdline"; else ps -o args= -p "$1"; fi
}

is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# The port of the last time where it is free, so that a URI kept elsewhere goes on working.
choose_port() {
  local port
  port=$(cat "$folder/port" 2>/dev/null || true)
  if [[ $port =~ ^[0-9]+$ ]] && is_free "$port"; then echo "$port" && return; fi
  for ((port = 27117; port < 27217; port++)); do
    if is_free "$port"; then echo "$port" && return; fi
  done
  fail "No free port between 27117 and 27216 on 127.0.0.1."
}

start() {
  if [[ -n ${MONGODB_URI:-} ]]; then echo "$MONGODB_URI" && return; fi
  mkdir -p "$folder/data"
  exec 9>"$folder/lock"
  # Two commands started at once share one server.
  if command -v flock >/dev/null; then flock 9; fi
  command -v python3 >/dev/null || install_missing python3

  if ! running_pid >/dev/null; then
    rm -f "$folder/pid" "$folder/uri"
    local mongod port attempt
    mongod=$(locate_mongod)
    for attempt in 1 2 3; do
      port=$(choose_port)
      if launch "$mongod" "$port"; then break; fi
      # Another program may have taken the port in between.
      if ((attempt == 3)) || ! grep -q 'Address already in use' "$folder/log"; then
        show_log
        fail "MongoDB did not start; the end of its log is above ($folder/log)."
      fi
    done
  fi

  local port
  port=$(cat "$folder/port")
  if ! python3 scripts/replica_set.py "$port" 60; then
    show_log
    fail "MongoDB runs on port $port, but is not ready; the end of its log is above ($folder/log)."
  fi
  echo "mongodb://127.0.0.1:$port/?replicaSet=rs0" | tee "$folder/uri"
}

# The last errors of MongoDB's log, or its last lines where it tells of none: one JSON object a line, cut to be read.
show_log() {
  local log=$folder/log
  [[ -s $log ]] || log=$folder/start.log
  (grep -E '"s":"[EF]"' "$log" || cat "$log") 2>/dev/null | tail -n 8 | cut -c 1-400 >&2
}

launch() {
  rm -f "$folder/log"
  "$1" --dbpath "$folder/data" --bind_ip 127.0.0.1 --port "$2" --nounixsocket --replSet rs0 --oplogSize 256 \
    --wiredTigerCacheSizeGB 1 \
    --logpath "$folder/log" --pidfilepath "$folder/pid" --fork \
    </dev/null >"$folder/start.log" 2>&1 9>&- || return 1
  echo "$2" >"$folder/port"
}

stop() {
  local pid
  if ! pid=$(running_pid); then
    rm -f "$folder/pid" "$folder/uri"
    say "No MongoDB server of this folder is running."
    return
  fi
  kill -TERM "$pid"
  local tenth
  for ((tenth = 0; tenth < 300; tenth++)); do
    if ! kill -0 "$pid" 2>/dev/null; then break; fi
    sleep 0.1
  done
  if kill -KILL "$pid" 2>/dev/null; then say "MongoDB did not end in 30 seconds, and was killed."; fi
  rm -f "$folder/pid" "$folder/uri"
  good "MongoDB has stopped."
}

uri() {
  if [[ -n ${MONGODB_URI:-} ]]; then echo "$MONGODB_URI" && return; fi
  if ! running_pid >/dev/null || [[ ! -s $folder/uri ]]; then
    fail "No MongoDB server of this folder is running: make mongo-start starts one."
  fi
  cat "$folder/uri"
}

case ${1:-} in
  start | stop | uri) "$1" ;;
  *) fail "usage: scripts/mongo.sh start|stop|uri" ;;
esac
