#!/usr/bin/env bash
# Holds the local cloud and the main job against the AWS SDK for JavaScript: deploy/check/outside.sh PATH-OF-POSTCONFIRM
set -euo pipefail

program=$1
PATH=$PWD/bin/tools/node_modules/.bin:$PATH # a newer node, where the system's is too old
cd "$(dirname "$0")/../localcloud/outside"
npm ci --no-audit --no-fund --loglevel=error
POSTCONFIRM=$program node --test --test-timeout=120000
