#!/usr/bin/env bash
# Runs every fuzz target of the module for a while, one after the other: deploy/check/fuzz.sh 5000x
set -euo pipefail

time=${1:-5000x}
targets=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT
while IFS=: read -r file name; do
  echo "fuzz: $(dirname "$file") $name for $time"
  go test -run '^$' -fuzz "^$name\$" -fuzztime "$time" -fuzzminimizetime 10x "./$(dirname "$file")" >"$log" 2>&1 || { cat "$log"; exit 1; }
  targets=$((targets + 1))
done < <(grep -rHo --include='*_test.go' '^func Fuzz[A-Za-z0-9_]*' cmd deploy enrich trigger worker | sed 's/:func /:/' | sort)
test "$targets" -gt 0
echo "fuzz: $targets targets, no failure"
