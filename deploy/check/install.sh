#!/usr/bin/env bash
# Installs what `make check` needs beyond Go, and says what: gcc for the race detector, node and npm, and boto3 for the
# outside clients. Does nothing where they are.
set -euo pipefail

need=()
command -v gcc >/dev/null || need+=(gcc libc6-dev)
command -v node >/dev/null || need+=(nodejs)
command -v npm >/dev/null || need+=(npm)
/usr/bin/python3 -c 'import boto3' 2>/dev/null || need+=(python3-boto3)
if [ ${#need[@]} -gt 0 ]; then
  echo "check: installing ${need[*]} with apt-get"
  sudo=""; [ "$(id -u)" = 0 ] || sudo=sudo
  $sudo apt-get update -qq
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "${need[@]}"
fi
major=$(node --version | sed 's/^v\([0-9]*\).*/\1/')
if [ "$major" -lt 20 ] && [ ! -x bin/tools/node_modules/.bin/node ]; then
  echo "check: node $(node --version) is too old for the AWS SDK for JavaScript: installing node 22 from npm into bin/tools"
  mkdir -p bin/tools
  (cd bin/tools && echo '{"private": true}' >package.json && npm install --no-audit --no-fund --loglevel=error node@22)
fi
echo "check: using $(gcc --version | head -1), $(go version), node $(PATH=$PWD/bin/tools/node_modules/.bin:$PATH node --version), boto3 $(/usr/bin/python3 -c 'import boto3; print(boto3.__version__)')"
