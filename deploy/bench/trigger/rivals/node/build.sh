#!/usr/bin/env bash
# Bundles the Node.js rival with esbuild: deploy/bench/trigger/rivals/node/build.sh OUTPUT.mjs
set -euo pipefail

mkdir -p "$(dirname "$1")"
out=$(realpath "$1")
PATH=$PWD/bin/tools/node_modules/.bin:$PATH # a newer node, where the system's is too old
cd "$(dirname "$0")"
npm ci --no-audit --no-fund --loglevel=error
npx esbuild index.mjs --bundle --minify --platform=node --target=node20 --format=esm --log-level=error --outfile="$out" \
  --banner:js='import{createRequire}from"node:module";const require=createRequire(import.meta.url);'
