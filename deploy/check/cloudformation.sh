#!/usr/bin/env bash
# Checks what an account would only say later: the templates with AWS's own validator, the rights derived anew from the
# code, and that the zips of the functions are the same bytes from two folders. About two minutes.
set -euo pipefail

GO=${GO:-go}
root=$PWD
PATH=$root/bin/tools/node_modules/.bin:$PATH # a newer node, where the system's is too old
(cd deploy/check/cloudformation && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
node deploy/check/cloudformation/validate.mjs deploy/cloudformation/template.yaml deploy/cloudformation/with-pool.yaml

"$GO" run ./deploy/iam/derive

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
git ls-files --cached --others --exclude-standard -z | tar --null -T - -c | tar -x -C "$copy"
make --no-print-directory GO="$GO" zips >/dev/null
make --no-print-directory -C "$copy" GO="$GO" zips >/dev/null
for name in trigger presignup worker; do
  cmp "bin/lambda-$name.zip" "$copy/bin/lambda-$name.zip"
done
echo "cloudformation: three zips, the same bytes from two folders: $(cd bin && du -bc lambda-{trigger,presignup,worker}.zip | tail -1 | cut -f1) bytes"
