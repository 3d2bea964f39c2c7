#!/usr/bin/env bash
# Holds the worker's queue against fauxqs, an SQS that we did not write: deploy/check/fauxqs.sh
set -euo pipefail

PATH=$PWD/bin/tools/node_modules/.bin:$PATH # a newer node, where the system's is too old
folder=$(cd "$(dirname "$0")/fauxqs" && pwd)
(cd "$folder" && npm ci --no-audit --no-fund --loglevel=error)
coproc FAUXQS { exec node "$folder/start.mjs"; }
server=$FAUXQS_PID
trap 'kill "$server" 2>/dev/null || true' EXIT
read -r -t 30 endpoint <&"${FAUXQS[0]}" || { echo "fauxqs: did not start"; exit 1; }
POSTCONFIRM_TEST_SQS=$endpoint go test -count=1 -run '^TestQueueOnAnOutsider$' -v -timeout 120s ./worker/amazon | grep -v '^=== '
