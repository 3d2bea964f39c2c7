#!/usr/bin/env bash
# Holds the local cloud and the main job against clients that we did not write, the AWS SDK for JavaScript and Debian's
# boto3, and sees that fauxqs starts: deploy/check/outside.sh PATH-OF-POSTCONFIRM
set -euo pipefail

POSTCONFIRM=$(realpath "$1")
export POSTCONFIRM PYTHONDONTWRITEBYTECODE=1
PATH=$PWD/bin/tools/node_modules/.bin:$PATH # a newer node, where the system's is too old
cd "$(dirname "$0")/../localcloud/outside"
npm ci --no-audit --no-fund --loglevel=error
node --test --test-timeout=120000
/usr/bin/python3 -W error::ResourceWarning -m unittest
