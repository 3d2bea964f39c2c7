# To be sourced: a local cloud with a queue of one's own, and what a worker on it must do. It wants $dir, a folder that goes
# when the caller ends, $started, the list of what the caller ends, and wrong, which says what is wrong and exits.

# cloud POSTCONFIRM: starts the cloud and sets endpoint, confirmed and dlq. There is one message, which is none of ours: a
# worker that works makes a dead letter of it at once.
cloud() {
  mkdir -p "$dir/etc/secrets"
  cat >"$dir/etc/pipeline.yaml" <<'YAML'
version: 1
pools: [eu-west-1_Ab12cd34E]
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
  COMPANY_API_KEY=check-only "$1" local --pipeline "$dir/etc/pipeline.yaml" --listen 127.0.0.1:0 --json >"$dir/where" 2>"$dir/cloud.log" &
  started+=($!)
  local where; read -r -t 20 where <"$dir/where" || wrong "the local cloud did not start"
  endpoint=$(sed 's/.*"endpoint":"\([^"]*\)".*/\1/' <<<"$where")
  confirmed=$(queue confirmed-here); dlq=$(queue confirmed-here-dlq)
  sqs SendMessage "{\"QueueUrl\":\"$confirmed\",\"MessageBody\":\"no message of ours\"}" >/dev/null
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
}

# worker_env PIPELINE SECRETS_DIR LEDGER: the worker's variables, one in a line.
worker_env() {
  printf '%s\n' AWS_ENDPOINT_URL="$endpoint" AWS_REGION=eu-west-1 AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local \
    POSTCONFIRM_PIPELINE="$1" POSTCONFIRM_SECRETS_DIR="$2" POSTCONFIRM_LEDGER="$3" \
    POSTCONFIRM_QUEUE_URL="$confirmed" POSTCONFIRM_DLQ_URL="$dlq" POSTCONFIRM_METRICS="127.0.0.1:$port"
}

sqs() { # ACTION JSON
  curl -sf "$endpoint/" -H 'Content-Type: application/x-amz-json-1.0' -H "X-Amz-Target: AmazonSQS.$1" -d "$2" \
    -H 'Authorization: AWS4-HMAC-SHA256 Credential=local/20260101/eu-west-1/sqs/aws4_request, SignedHeaders=host, Signature=00'
}

queue() { # NAME: makes it, and prints its URL
  sqs CreateQueue "{\"QueueName\":\"$1\",\"Attributes\":{\"MessageRetentionPeriod\":\"1209600\"}}" | sed 's/.*"QueueUrl":"\([^"]*\)".*/\1/'
}

asked() { # PATH: the status that the worker answers with
  curl -s -o "$dir/answer" -w '%{http_code}' "http://127.0.0.1:$port$1" || true
}

works() { # PID: waits until the worker, whose job that is, is ready and has done something
  for _ in $(seq 300); do
    [ "$(asked /readyz)" = 200 ] && break
    kill -0 "$1" 2>/dev/null || wrong "the worker ended"
    sleep 0.1
  done
  [ "$(asked /readyz)" = 200 ] || wrong "the worker is not ready after 30 s: $(cat "$dir/answer")"
  [ "$(asked /healthz)" = 200 ] || wrong "/healthz does not answer"
  { [ "$(asked /metrics)" = 200 ] && grep -q '^postconfirm_' "$dir/answer"; } || wrong "/metrics has no metrics"
  sqs ReceiveMessage "{\"QueueUrl\":\"$dlq\",\"WaitTimeSeconds\":10}" | grep -q 'no message of ours' || wrong "the worker made no dead letter of what is no message"
}

stops() { # PID JOB LOG: SIGTERM to the process; the job must end in order, within the worker's grace. Sets took, in ms.
  local began code=0; began=$(date +%s%N)
  $sudo kill -TERM "$1"
  wait "$2" || code=$?
  took=$((($(date +%s%N) - began) / 1000000))
  [ $code = 0 ] || wrong "after SIGTERM the worker ended with $code"
  grep -q '"worker: stopped"' "$3" || wrong "the worker did not stop in order"
  [ $took -le 26000 ] || wrong "the worker took $took ms to stop: its grace is 25 s"
}
