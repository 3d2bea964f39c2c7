#!/usr/bin/env bash
# Checks what an account would only say later: the templates with AWS's own validator, and the rights derived anew from the
# code. About a minute.
set -euo pipefail

GO=${GO:-go}
root=$PWD
PATH=$root/bin/tools/node_modules/.bin:$PATH # a newer node, where the system's is too old
(cd deploy/check/cloudformation && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
node deploy/check/cloudformation/validate.mjs deploy/cloudformation/template.yaml deploy/cloudformation/with-pool.yaml

"$GO" run ./deploy/iam/derive
