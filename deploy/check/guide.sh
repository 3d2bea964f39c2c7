#!/usr/bin/env bash
# Holds the commands of the pages under deploy/ against what they call, then follows deploy/README.md on a local cloud: the
# blocks that it marks, from a pipeline file to a user who is enriched and a pool that is let go, in a pool that was
# attached by the page's own words. deploy/check/guide.sh PATH-OF-POSTCONFIRM
set -euo pipefail

export PYTHONDONTWRITEBYTECODE=1
program=$(realpath "$1")
guide=$(realpath "$(dirname "$0")/guide")
/usr/bin/python3 "$guide/pages.py"

dir=$(mktemp -d)
started=()
end() {
  for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait || true
  rm -rf "$dir"
}
trap end EXIT
wrong() { echo "guide: $*"; tail -20 "$dir"/*.log 2>/dev/null; exit 1; }

/usr/bin/python3 "$guide/pages.py" --followed >"$dir/page.sh"
cd "$dir"
printf 'version: 1\npools: [eu-west-1_Ab12cd34E]\nattributes:\n  custom:company: ${{ user.email_domain }}\n' >box.yaml
mkfifo where
"$program" local --pipeline box.yaml --ledger "$dir/ledger.db" --listen 127.0.0.1:0 --json >where 2>cloud.log &
started+=($!)
read -r -t 20 said <where || wrong "the local cloud did not start"
of() { /usr/bin/python3 -c 'import json, sys; print(json.loads(sys.argv[1])[sys.argv[2]])' "$said" "$1"; }
export AWS_ENDPOINT_URL; AWS_ENDPOINT_URL=$(of endpoint)
export AWS_REGION=eu-west-1 AWS_DEFAULT_REGION=eu-west-1 AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local

# What stands before a line of the page: a pool that nobody attached yet, and its client.
aws() { /usr/bin/python3 "$guide/aws.py" "$@"; }
postconfirm() { # attach and detach ask, and here is nobody
  case $1 in attach | detach) "$program" "$@" --yes ;; *) "$program" "$@" ;; esac
}
trigger() { aws cognito-idp describe-user-pool --user-pool-id "$POOL" --query UserPool.LambdaConfig.PostConfirmation --output text; }
export TRIGGER_ARN; TRIGGER_ARN=$(of trigger)
POOL=$(aws cognito-idp create-user-pool --pool-name members --auto-verified-attributes email --query UserPool.Id --output text)
CLIENT=$(aws cognito-idp create-user-pool-client --user-pool-id "$POOL" --client-name web --query UserPoolClient.ClientId --output text)
PASSWORD=Correct-Horse-7 WHY=OPS-1
export POSTCONFIRM_LEDGER=sqlite:$dir/ledger.db POSTCONFIRM_PIPELINE=pipeline.yaml
export POSTCONFIRM_QUEUE_URL POSTCONFIRM_DLQ_URL; POSTCONFIRM_QUEUE_URL=$(of queue) POSTCONFIRM_DLQ_URL=$(of dlq)
[ "$(trigger)" = None ] || wrong "the pool has a trigger before the page gave it one"

enriched=""
while read -r line; do
  [ -n "$line" ] || continue
  echo "+ $line" >>page.log
  out=$(eval "$line" 2>>page.log) || wrong "the page can't be followed: $line"
  echo "$out" >>page.log
  case $line in
  *admin-get-user*)
    for _ in $(seq 100); do [ -n "$out" ] && break; sleep 0.1; out=$(eval "$line"); done
    [ "$out" = example.com ] || wrong "the user was not enriched: ${out:-nothing}"; enriched=yes ;;
  *"attach "*) [ "$(trigger)" = "$TRIGGER_ARN" ] || wrong "the pool does not call the trigger after: $line" ;;
  *"runs list --since"*) grep -q done <<<"$out" || wrong "the run is not done: $out" ;;
  esac
done <page.sh
[ -n "$enriched" ] || wrong "the page does not look at its user"
[ "$(trigger)" = None ] || wrong "the pool still calls the trigger"
echo "guide: $(grep -c '^+' page.log) commands of the page followed on a local cloud: a user was enriched in a pool that was attached, and let go"
