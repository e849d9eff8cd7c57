#!/bin/sh
# Starts the server in the image, as the user `memories`. With LITESTREAM_URL set, edits and archive are replicated
# there as they are written, and brought back from there when the disk is empty; with MEMORIES_READ_ONLY=1 besides, they
# are only fetched.
set -eu

db="${MEMORIES_DB:-/data/memories.db}"
folder="$(dirname "$db")"

if [ "$(id -u)" = 0 ] && id memories >/dev/null 2>&1; then
    mkdir -p "$folder"
    chown memories: "$folder"
    # What was brought in by hand (fly ssh is root), pictures too, belongs to who serves it.
    find "$folder" -user root -exec chown memories: {} +
    exec setpriv --reuid=memories --regid=memories --init-groups -- "$0" "$@"
fi

set -- memories serve --new --db "$db" --host "${HOST:-0.0.0.0}" --port "${PORT:-8080}"

if [ -z "${LITESTREAM_URL:-}" ]; then
    exec "$@"
fi

if [ "${MEMORIES_READ_ONLY:-0}" != 0 ]; then
    # A reader elsewhere: what the replica holds now, fetched anew at each start, never written back.
    for name in curation.db memories.db; do
        [ "$name" = memories.db ] && path="$db" || path="$folder/$name"
        rm -f "$path" "$path-wal" "$path-shm"
        litestream restore -if-replica-exists -o "$path" "$LITESTREAM_URL/$name"
    done
    exec "$@"
fi

config="$(mktemp)"
for name in curation.db memories.db; do
    [ "$name" = memories.db ] && path="$db" || path="$folder/$name"
    litestream restore -if-db-not-exists -if-replica-exists -o "$path" "$LITESTREAM_URL/$name"
done
cat >"$config" <<CONFIG
dbs:
  - path: $folder/curation.db
    replicas:
      - url: $LITESTREAM_URL/curation.db
  - path: $db
    replicas:
      - url: $LITESTREAM_URL/memories.db
CONFIG
exec litestream replicate -config "$config" -exec "$*"
