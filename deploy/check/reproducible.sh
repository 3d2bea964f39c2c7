#!/usr/bin/env bash
# Builds programs that ship twice, from two directories of different names and depths, and compares the bytes. The
# second build of the trigger compiles everything anew, the standard library too (-a); the others link what the cache holds,
# which was compiled elsewhere and at another time, and compile nothing twice: that part is shown by the trigger alone.
# Without FULL=1 these are the trigger, the pre sign-up function, and the worker for amd64; with it all that ship, and the zips.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for tree in "$dir/a" "$dir/some/other/depth/b"; do
  mkdir -p "$tree"
  git ls-files --cached --others --exclude-standard -z | tar --null -T - -c | tar -x -C "$tree"
done

build() { # TREE OUT FLAG... PACKAGE
  (cd "$1" && GOOS=linux CGO_ENABLED=0 "${GO:-go}" build -trimpath -buildvcs=false -mod=readonly -ldflags "-s -w" -o "$2" "${@:3}")
}
n=0
same() { # NAME AGAIN FLAG... PACKAGE: AGAIN is one more flag of the second build
  build "$dir/a" "$dir/$1.a" "${@:3}"
  build "$dir/some/other/depth/b" "$dir/$1.b" $2 "${@:3}"
  cmp "$dir/$1.a" "$dir/$1.b" || { echo "reproducible: two builds of $1 differ"; exit 1; }
  echo "reproducible: $(sha256sum <"$dir/$1.a" | cut -c1-16)… $1"
  rm "$dir/$1.a" "$dir/$1.b"
  n=$((n + 1))
}
export GOARCH
GOARCH=arm64; same lambda-trigger-arm64 -a -tags lambda.norpc ./cmd/trigger
GOARCH=arm64; same lambda-presignup-arm64 "" -tags lambda.norpc ./cmd/presignup
GOARCH=amd64; same worker-amd64 "" ./cmd/worker
if [ "${FULL:-}" = 1 ]; then
  GOARCH=arm64; same lambda-worker-arm64 "" -tags lambda.norpc ./cmd/worker
  GOARCH=amd64; same postconfirm-amd64 "" ./cmd/postconfirm
  for tree in "$dir/a" "$dir/some/other/depth/b"; do env -u GOARCH make --no-print-directory -C "$tree" GO="${GO:-go}" zips >/dev/null; done
  for name in trigger presignup worker; do cmp "$dir"/{a,some/other/depth/b}/bin/lambda-$name.zip; done
  echo "reproducible: three zips: $(cd "$dir/a/bin" && du -bc lambda-*.zip | tail -1 | cut -f1) bytes"
fi

# A seeded fault: without -trimpath the directory is in the bytes, so the comparison is one that can fail.
GOARCH=amd64
for tree in a some/other/depth/b; do
  (cd "$dir/$tree" && GOOS=linux CGO_ENABLED=0 "${GO:-go}" build -buildvcs=false -o "$dir/${tree##*/}.path" ./deploy/bom)
done
if cmp -s "$dir/a.path" "$dir/b.path"; then echo "reproducible: two builds without -trimpath are the same, so the comparison sees nothing"; exit 1; fi
echo "reproducible: $n programs, the same bytes from two directories"
