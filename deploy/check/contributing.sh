#!/usr/bin/env bash
# Follows "Add your own system in an hour" of CONTRIBUTING.md to the letter, in a copy of the tree: every block of
# commands but the first (a clone) and the last (tests of the whole, a commit).
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
git ls-files --cached --others --exclude-standard -z | tar --null -T - -c | tar -x -C "$dir"
awk '/^## /{on = /^## Add your own system/} on && /^```sh$/{n++; code = 1; next} /^```$/{code = 0} on && code && n > 1 && n < 6' CONTRIBUTING.md >"$dir/follow.sh"
cd "$dir"
if ! bash -eu follow.sh >follow.log 2>&1; then
  echo "contributing: the page can't be followed:"; tail -40 follow.log; exit 1
fi
[ -s enrich/connect/acme/REFERENCE.md ] || { echo "contributing: no page was written"; exit 1; }
go test -count=1 -timeout 120s ./enrich/connect/acme ./enrich/connect/all ./cmd
echo "contributing: the page works to the letter"
