#!/bin/sh
# A backup of a served archive, for cron. Keeps the newest seven. Needs MEMORIES_REMOTE (its address) and MEMORIES_TOKEN
# (memories token --role owner "weekly backup"); both may stand in the file named by MEMORIES_ENV. Says nothing when all
# is well, so that cron writes only when something is not.
set -eu

env_file="${MEMORIES_ENV:-$HOME/.config/whatsapp-memories/backup.env}"
if [ -f "$env_file" ]; then
    set -a
    . "$env_file"
    set +a
fi
: "${MEMORIES_REMOTE:?say where the archive is served: MEMORIES_REMOTE=https://our-memories.fly.dev}"
: "${MEMORIES_TOKEN:?make a token first: memories token --at $MEMORIES_REMOTE --role owner \"weekly backup\"}"

exec "${MEMORIES_COMMAND:-memories}" backup --remote "$MEMORIES_REMOTE" --to "${BACKUP_DIR:-$HOME/Backups/memories}" \
    --keep "${BACKUP_KEEP:-7}" ${BACKUP_AGE_RECIPIENT:+--encrypt-to "$BACKUP_AGE_RECIPIENT"} "$@" >/dev/null
