#!/usr/bin/env bash
# Holds the Helm chart against Helm's own linter and engine, the types and the Pod Security Standards of Kubernetes, and
# models of KEDA's and the Prometheus operator's objects; breaks it to see that each is noticed. Arguments go to go test:
# -update writes the golden manifests anew.
set -euo pipefail

root=$PWD
PATH=$root/bin/tools/node_modules/.bin:$PATH # a newer node, where the system's is too old
cd "$(dirname "$0")/../helm/check"
began=$SECONDS
echo "helm: building Helm's linter and the types of Kubernetes from the Go proxy (minutes the first time), models from npm"
export CGO_ENABLED=0
"${GO:-go}" mod tidy -diff
"${GO:-go}" test -count=1 -vet=all -timeout 300s "$@" ./...
cd models
if ! cmp -s package-lock.json node_modules/.installed; then
  npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
  cp package-lock.json node_modules/.installed
fi
node --test --test-reporter=spec --test-timeout=120000
echo "helm: the chart is sound with each of its values files ($((SECONDS - began)) s)"
