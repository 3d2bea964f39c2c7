#!/usr/bin/env bash
# Builds the image of deploy/container/Dockerfile for both architectures with buildah, then starts its worker as the image
# says, on a local cloud: it must be uid 65532 without any capability, be ready, keep its ledger on the volume, and stop in
# order on SIGTERM. No network: the bases are stand-ins (busybox and this machine's Go; certificates), so what the real
# bases hold is not seen here. deploy/check/container.sh PATH-OF-POSTCONFIRM
set -euo pipefail

postconfirm=$(realpath "$1")
sudo=""; [ "$(id -u)" = 0 ] || sudo=sudo
need=()
command -v buildah >/dev/null || need+=(buildah)
[ -x /bin/busybox ] && ! ldd /bin/busybox >/dev/null 2>&1 || need+=(busybox-static)
command -v curl >/dev/null || need+=(curl)
if [ ${#need[@]} -gt 0 ]; then
  echo "container: installing ${need[*]} with apt-get"
  $sudo apt-get update -qq
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "${need[@]}" >/dev/null
fi

dir=$(mktemp -d)
started=()
end() {
  for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait || true
  $sudo rm -rf "$dir"
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
for arch in amd64 arm64; do # the compiler's runs here under both names: this buildah looks for it under the target's
  scratch "go-$arch" $arch "$dir/go" --env PATH=/usr/local/go/bin:/bin --env GOPATH=/go --env GOCACHE=/cache --env GOPROXY=off \
    --env GOTOOLCHAIN=local --env HOME=/tmp
  scratch "base-$arch" $arch "$dir/base" --user 65532
done

# What git has or would take, as a clone would be.
mkdir "$dir/context"
git ls-files --cached --others --exclude-standard -z | tar --null -T - -c | tar -x -C "$dir/context"
go mod download
machine() { od -An -tx1 -j18 -N1 "$1" | tr -d ' '; } # of an ELF file: 3e is amd64, b7 arm64
for arch in amd64 arm64; do
  began=$SECONDS
  alone=(unshare --net)
  b bud --isolation chroot --pull-never --platform "linux/$arch" --timestamp 0 -q \
    -v "$(go env GOROOT):/usr/local/go:ro" -v "$(go env GOMODCACHE):/go/pkg/mod" -v "$(go env GOCACHE):/cache" \
    --build-arg GO_IMAGE=localhost/go-$arch --build-arg "BASE_IMAGE=localhost/base-$arch" \
    -f "$dir/context/deploy/container/Dockerfile" -t "localhost/postconfirm-$arch" "$dir/context" >"$dir/build-$arch.log" 2>&1 || wrong "the image for $arch was not built"
  alone=()
  c=$(b from --pull-never "localhost/postconfirm-$arch")
  root=$(b mount "$c")
  want=3e; [ $arch = amd64 ] || want=b7
  for program in postconfirm-worker postconfirm; do
    [ "$(machine "$root/usr/local/bin/$program")" = $want ] || wrong "$program of the image for $arch is for another machine"
  done
  [ "$(b inspect -t image -f '{{.OCIv1.Architecture}} {{.OCIv1.Config.User}}' "localhost/postconfirm-$arch")" = "$arch 65532:65532" ] || wrong "the image for $arch says another architecture or user"
  say "built for $arch in $((SECONDS - began)) s: $(stat -c %s "$root/usr/local/bin/postconfirm-worker") bytes of worker, $(stat -c %s "$root/usr/local/bin/postconfirm") of postconfirm"
  [ "$arch" = "$(go env GOHOSTARCH)" ] && image=$c
done

# The cloud, and a queue of the container's own on it.
mkdir -p "$dir/etc/secrets"
sed 's/POOL/eu-west-1_Ab12cd34E/' >"$dir/etc/pipeline.yaml" <<'YAML'
version: 1
pools: [POOL]
steps:
  - id: company
    uses: http
    with: { url: "https://api.example.com/find", bearer: "${{ secrets.COMPANY_API_KEY }}" }
attributes:
  custom:source: website
YAML
printf 'check-only\n' >"$dir/etc/secrets/COMPANY_API_KEY"
chmod -R a+rX "$dir/etc"; chmod 711 "$dir"
mkfifo "$dir/where"
COMPANY_API_KEY=check-only "$postconfirm" local --pipeline "$dir/etc/pipeline.yaml" --listen 127.0.0.1:0 --json >"$dir/where" 2>"$dir/cloud.log" &
started+=($!)
read -r -t 20 where <"$dir/where" || wrong "the local cloud did not start"
endpoint=$(sed 's/.*"endpoint":"\([^"]*\)".*/\1/' <<<"$where")
sqs() { # ACTION JSON
  curl -sf "$endpoint/" -H 'Content-Type: application/x-amz-json-1.0' -H "X-Amz-Target: AmazonSQS.$1" -d "$2" \
    -H 'Authorization: AWS4-HMAC-SHA256 Credential=local/20260101/eu-west-1/sqs/aws4_request, SignedHeaders=host, Signature=00'
}
queue() { # NAME: makes it, and prints its URL
  sqs CreateQueue "{\"QueueName\":\"$1\",\"Attributes\":{\"MessageRetentionPeriod\":\"1209600\"}}" | sed 's/.*"QueueUrl":"\([^"]*\)".*/\1/'
}
confirmed=$(queue container); dlq=$(queue container-dlq)
sqs SendMessage "{\"QueueUrl\":\"$confirmed\",\"MessageBody\":\"no message of ours\"}" >/dev/null # a dead letter, once the worker works

# The container, as its image says: its user, its entrypoint, its variables; the network is the host's.
read -r -a entrypoint <<<"$(b inspect -t image -f '{{range .OCIv1.Config.Entrypoint}}{{.}} {{end}}' "localhost/postconfirm-$(go env GOHOSTARCH)")"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
b run --isolation chroot -v "$dir/etc:/etc/postconfirm:ro" \
  --env AWS_ENDPOINT_URL="$endpoint" --env AWS_REGION=eu-west-1 --env AWS_ACCESS_KEY_ID=local --env AWS_SECRET_ACCESS_KEY=local \
  --env POSTCONFIRM_PIPELINE=/etc/postconfirm/pipeline.yaml --env POSTCONFIRM_SECRETS_DIR=/etc/postconfirm/secrets \
  --env POSTCONFIRM_QUEUE_URL="$confirmed" --env POSTCONFIRM_DLQ_URL="$dlq" \
  --env POSTCONFIRM_LEDGER=sqlite:/var/lib/postconfirm/ledger.db --env POSTCONFIRM_METRICS="127.0.0.1:$port" \
  "$image" -- "${entrypoint[@]}" >"$dir/worker.log" 2>&1 &
container=$!
asked() { # PATH: the status that the worker answers with
  curl -s -o "$dir/answer" -w '%{http_code}' "http://127.0.0.1:$port$1" || true
}
for _ in $(seq 300); do
  [ "$(asked /readyz)" = 200 ] && break
  kill -0 $container 2>/dev/null || wrong "the worker ended"
  sleep 0.1
done
[ "$(asked /readyz)" = 200 ] || wrong "the worker is not ready after 30 s: $(cat "$dir/answer")"
[ "$(asked /healthz)" = 200 ] || wrong "/healthz does not answer"
[ "$(asked /metrics)" = 200 ] && grep -q '^postconfirm_' "$dir/answer" || wrong "/metrics has no metrics"

letter() { sqs ReceiveMessage "{\"QueueUrl\":\"$dlq\",\"WaitTimeSeconds\":10}" | grep -q 'no message of ours'; }
letter || wrong "the worker made no dead letter of what is no message"

# The process itself: the youngest child of buildah's.
pid=$container
while child=$(cat /proc/"$pid"/task/*/children 2>/dev/null | tr -d '\n' | awk '{print $1}'); [ -n "$child" ]; do pid=$child; done
[ "$(readlink /proc/"$pid"/exe | xargs basename)" = postconfirm-worker ] || wrong "the last child is $(readlink /proc/"$pid"/exe), not the worker"
[ "$(awk '/^Uid:/{print $2, $3, $4, $5}' /proc/"$pid"/status)" = "65532 65532 65532 65532" ] || wrong "the worker runs as $(grep ^Uid /proc/"$pid"/status)"
[ "$(awk '/^Cap(Prm|Eff):/{print $2}' /proc/"$pid"/status | sort -u)" = 0000000000000000 ] || wrong "the worker has capabilities: $(grep ^Cap /proc/"$pid"/status)"
ledger=$(b mount "$image")/var/lib/postconfirm/ledger.db
[ "$(stat -c %u "$ledger")" = 65532 ] || wrong "the ledger is not the worker's"
[ -z "$(find "$(b mount "$image")" -newer "$dir/where" -user 65532 ! -path '*/var/lib/postconfirm*' -print -quit)" ] || wrong "the worker wrote outside of its volume"

began=$(date +%s%N)
$sudo kill -TERM "$pid"
code=0; wait $container || code=$?
took=$((($(date +%s%N) - began) / 1000000))
[ $code = 0 ] || wrong "after SIGTERM the worker ended with $code"
grep -q '"worker: stopped"' "$dir/worker.log" || wrong "the worker did not stop in order"
[ $took -le 26000 ] || wrong "the worker took $took ms to stop: its grace is 25 s"
say "ready as uid 65532 without capabilities; stopped in order $took ms after SIGTERM"
