#!/usr/bin/env bash
# Builds the image of deploy/container/Dockerfile with buildah, for this machine's architecture (with FULL=1 for amd64 and
# arm64), then starts its worker as the image says, on a local cloud: it must be uid 65532 without any capability, be ready, keep its ledger on the volume, and stop in
# order on SIGTERM. No network: the bases are stand-ins (busybox and this machine's Go; certificates), so what the real
# bases hold is not seen here. deploy/check/container.sh PATH-OF-POSTCONFIRM
set -euo pipefail

. "$(dirname "$0")/oncloud.sh"
postconfirm=$(realpath "$1")
sudo=""; [ "$(id -u)" = 0 ] || sudo=sudo
go() { command "${GO:-go}" "$@"; }
if ! $sudo unshare --mount --net true 2>/dev/null; then
  echo "container: NOT RUN: nobody may make namespaces here, so buildah can't build"
  exit 0
fi
need=()
command -v buildah >/dev/null || need+=(buildah)
[ -x /bin/busybox ] && ! ldd /bin/busybox >/dev/null 2>&1 || need+=(busybox-static)
command -v curl >/dev/null || need+=(curl)
if [ ${#need[@]} -gt 0 ]; then
  echo "container: installing ${need[*]} with apt-get"
  $sudo apt-get update -qq
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "${need[@]}" >/dev/null
fi

own=$(go env GOHOSTARCH)
architectures=("$own")
if [ "${FULL:-}" = 1 ]; then architectures=(amd64 arm64); fi

dir=$(mktemp -d)
started=()
end() {
  for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait || true
  $sudo rm -rf "$dir"
  [ -z "$sudo" ] || $sudo chown -R "$(id -u):$(id -g)" "$(go env GOCACHE)" "$(go env GOMODCACHE)" # what the build wrote there as root
}
trap end EXIT
say() { echo "container: $*"; }
alone=() # or unshare --net: no network
wrong() { say "$*"; tail -20 "$dir"/*.log 2>/dev/null; exit 1; }
b() { $sudo "${alone[@]}" buildah --root "$dir/images" --runroot "$dir/run" --storage-driver vfs "$@"; }

# The stand-ins.
scratch() { # NAME ARCH FOLDER CONFIG...
  local c; c=$(b from --arch "$2" --pull-never scratch)
  b copy -q "$c" "$3" / >/dev/null
  b config "${@:4}" "$c"
  b commit -q --disable-compression "$c" "localhost/$1" >/dev/null
  b rm "$c" >/dev/null
}
mkdir -p "$dir/go/bin" "$dir/go/tmp" "$dir/go/usr/local/go" "$dir/go/go/pkg/mod" "$dir/go/cache" "$dir/base/etc/ssl/certs" "$dir/base/tmp"
cp /bin/busybox "$dir/go/bin/busybox"
for name in sh mkdir; do ln -s busybox "$dir/go/bin/$name"; done
cp /etc/ssl/certs/ca-certificates.crt "$dir/base/etc/ssl/certs/" 2>/dev/null || true
echo 'nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin' >"$dir/base/etc/passwd"
for arch in "${architectures[@]}"; do # the compiler's runs here under both names: this buildah looks for it under the target's
  scratch "go-$arch" $arch "$dir/go" --env PATH=/usr/local/go/bin:/bin --env GOPATH=/go --env GOCACHE=/cache --env GOPROXY=off \
    --env GOTOOLCHAIN=local --env HOME=/tmp
  scratch "base-$arch" $arch "$dir/base" --user 65532
done

# What git has or would take, as a clone would be.
mkdir "$dir/context"
git ls-files --cached --others --exclude-standard -z | tar --null -T - -c | tar -x -C "$dir/context"
go mod download; mkdir -p "$(go env GOCACHE)" # of a machine that never built
machine() { $sudo od -An -tx1 -j18 -N1 "$1" | tr -d ' '; } # of an ELF file: 3e is amd64, b7 arm64
for arch in "${architectures[@]}"; do
  began=$SECONDS
  alone=(unshare --net)
  b bud --isolation chroot --pull-never --platform "linux/$arch" --timestamp 0 -q \
    -v "$(go env GOROOT):/usr/local/go:ro" -v "$(go env GOMODCACHE):/go/pkg/mod" -v "$(go env GOCACHE):/cache" \
    --build-arg "GO_IMAGE=localhost/go-$arch" --build-arg "BASE_IMAGE=localhost/base-$arch" \
    -f "$dir/context/deploy/container/Dockerfile" -t "localhost/postconfirm-$arch" "$dir/context" >"$dir/build-$arch.log" 2>&1 || wrong "the image for $arch was not built"
  alone=()
  c=$(b from --pull-never "localhost/postconfirm-$arch")
  root=$(b mount "$c")
  want=3e; [ $arch = amd64 ] || want=b7
  for program in postconfirm-worker postconfirm; do
    [ "$(machine "$root/usr/local/bin/$program")" = $want ] || wrong "$program of the image for $arch is for another machine"
  done
  [ "$(b inspect -t image -f '{{.OCIv1.Architecture}} {{.OCIv1.Config.User}}' "localhost/postconfirm-$arch")" = "$arch 65532:65532" ] || wrong "the image for $arch says another architecture or user"
  say "built for $arch in $((SECONDS - began)) s: $($sudo stat -c %s "$root/usr/local/bin/postconfirm-worker") bytes of worker, $($sudo stat -c %s "$root/usr/local/bin/postconfirm") of postconfirm"
  if [ "$arch" = "$own" ]; then image=$c; fi
done

# The container, as its image says: its user, its entrypoint, its variables; the network is the host's.
cloud "$postconfirm"
read -r -a entrypoint <<<"$(b inspect -t image -f '{{range .OCIv1.Config.Entrypoint}}{{.}} {{end}}' "localhost/postconfirm-$own")"
variables=()
while read -r v; do variables+=(--env "$v"); done < <(worker_env /etc/postconfirm/pipeline.yaml /etc/postconfirm/secrets sqlite:/var/lib/postconfirm/ledger.db)
b run --isolation chroot -v "$dir/etc:/etc/postconfirm:ro" "${variables[@]}" "$image" -- "${entrypoint[@]}" >"$dir/worker.log" 2>&1 &
container=$!
works $container

# The process itself: the youngest child of buildah's.
pid=$container
while child=$(cat /proc/"$pid"/task/*/children 2>/dev/null | tr -d '\n' | awk '{print $1}'); [ -n "$child" ]; do pid=$child; done
[ "$($sudo readlink /proc/"$pid"/exe | xargs basename)" = postconfirm-worker ] || wrong "the last child is $(readlink /proc/"$pid"/exe), not the worker"
[ "$(awk '/^Uid:/{print $2, $3, $4, $5}' /proc/"$pid"/status)" = "65532 65532 65532 65532" ] || wrong "the worker runs as $(grep ^Uid /proc/"$pid"/status)"
[ "$(awk '/^Cap(Prm|Eff):/{print $2}' /proc/"$pid"/status | sort -u)" = 0000000000000000 ] || wrong "the worker has capabilities: $(grep ^Cap /proc/"$pid"/status)"
ledger=$(b mount "$image")/var/lib/postconfirm/ledger.db
[ "$($sudo stat -c %u "$ledger")" = 65532 ] || wrong "the ledger is not the worker's"
[ -z "$($sudo find "$(b mount "$image")" -newer "$dir/where" -user 65532 ! -path '*/var/lib/postconfirm*' -print -quit)" ] || wrong "the worker wrote outside of its volume"

stops "$pid" $container "$dir/worker.log"
say "ready as uid 65532 without capabilities; stopped in order $took ms after SIGTERM"
