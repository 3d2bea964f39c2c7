#!/usr/bin/env bash
# Holds the DynamoDB ledger against dynalite, a DynamoDB that we did not write: the suite of the port, forty workers
# that race for each run, lost answers, the sparse index, the worker on it. It listens on a free port of 127.0.0.1 and ends with this.
set -euo pipefail

root=$PWD
PATH=$root/bin/tools/node_modules/.bin:$PATH # a newer node, where the system's is too old
cd "$(dirname "$0")/dynalite"
npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
coproc DYNALITE { exec node start.mjs; }
dynalite=$DYNALITE_PID
trap 'kill "$dynalite" 2>/dev/null || true' EXIT
read -r -t 20 url <&"${DYNALITE[0]}" || { echo "dynalite did not start"; exit 1; }
cd "$root"
export POSTCONFIRM_TEST_DYNAMODB=$url
export AWS_REGION=eu-west-1 AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local AWS_EC2_METADATA_DISABLED=true
"${GO:-go}" test -count=1 ./worker/dynamo ./worker/app ./cmd/worker
echo "dynalite: the ledger keeps its promises on $url"
