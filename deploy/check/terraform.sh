#!/usr/bin/env bash
# Checks deploy/terraform with Terraform itself: format, validate, and the tests of the module and its examples, with a provider
# that has the schema of the AWS provider and nothing else (deploy/check/terraform). Needs no account and no download from
# Terraform's registry. The schema comes from npm: the provider's bindings, which were generated from it; of 37 MB only the
# types that the module uses are read. What can't be had here is said as NOT RUN; the Go tests of deploy/terraform run anyway.
set -euo pipefail

bindings=21.22.1 # of AWS provider 6.25.0, the last that was published
digest=d1446ab6ac6526c6fab4b28a5ebefdd90c0ce56203949925d35a4d286c05cbbf
tools=$PWD/bin/tools/terraform
not_run() { echo "terraform: NOT RUN: $1"; exit 0; }

command -v terraform >/dev/null || not_run "terraform fmt, validate and test: there is no terraform here (1.11 or newer is wanted)"
version=$(CHECKPOINT_DISABLE=1 TF_CLI_CONFIG_FILE=/dev/null terraform version | sed -n '1s/^Terraform v//p')
[ "$(printf '%s\n' 1.11.0 "$version" | sort -V | head -1)" = 1.11.0 ] || not_run "terraform fmt, validate and test: terraform $version is older than 1.11"

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cp -r deploy/terraform "$dir/module" # Terraform writes beside what it reads
export CHECKPOINT_DISABLE=1 TF_IN_AUTOMATION=1 TF_CLI_CONFIG_FILE=$dir/terraformrc
printf 'provider_installation {\n  dev_overrides { "hashicorp/aws" = "%s" }\n}\n' "$tools/provider" >"$TF_CLI_CONFIG_FILE"
terraform -chdir="$dir/module" fmt -check -diff -recursive || { echo "terraform: not formatted"; exit 1; }

mkdir -p "$tools/provider"
package=$tools/cdktf-provider-aws-$bindings.tgz
known() { echo "$digest  $package" | sha256sum --check --status 2>/dev/null; }
if ! known; then
  echo "terraform: getting @cdktf/provider-aws $bindings with npm, for the schema in it"
  npm pack --silent --pack-destination "$tools" "@cdktf/provider-aws@$bindings" >/dev/null || not_run "terraform validate and test: npm does not give @cdktf/provider-aws $bindings"
  known || { echo "terraform: $package is not what it was"; exit 1; }
fi
(cd deploy/check/terraform && "${GO:-go}" mod download) || not_run "terraform validate and test: the modules of the stand-in provider can't be had"
(cd deploy/check/terraform && CGO_ENABLED=0 "${GO:-go}" build -trimpath -o "$tools/" ./derive ./standin && CGO_ENABLED=0 "${GO:-go}" test -timeout 120s ./...)
mv "$tools/standin" "$tools/provider/terraform-provider-aws"
"$tools/derive" "$package" "$tools/provider/schema.json" "$dir/module" "$dir"/module/examples/*

quiet() { "$@" >"$dir/out" 2>&1 || { cat "$dir/out"; return 1; }; }
for folder in module module/examples/existing-pool module/examples/new-pool; do
  quiet terraform -chdir="$dir/$folder" get
  quiet terraform -chdir="$dir/$folder" validate -no-color
  quiet terraform -chdir="$dir/$folder" test -no-color
  echo "terraform: $folder is valid; $(tail -1 "$dir/out")"
done

# Each of these must be refused, or the checks above say nothing.
refused() { # WHAT FILE SED
  rm -rf "$dir/broken"; cp -r "$dir/module" "$dir/broken"
  sed -i -E "$3" "$dir/broken/$2"
  ! cmp -s "$dir/module/$2" "$dir/broken/$2" || { echo "terraform: the seeded mistake changes nothing: $1"; exit 1; }
  ! terraform -chdir="$dir/broken" validate -no-color >/dev/null 2>&1 || { echo "terraform: not noticed: $1"; exit 1; }
}
refused "an argument that does not exist" worker.tf 's/function_response_types/function_response_type/'
refused "a block that does not exist" worker.tf 's/scaling_config/scaling_configuration/'
refused "a required argument that is missing" ledger.tf '/^  name /d'
refused "a list where a text belongs" trigger.tf 's/handler += "bootstrap"/handler = ["bootstrap"]/'
refused "a reference to nothing" queues.tf 's/aws_sqs_queue\.dead_letters\.url/aws_sqs_queue.dead.url/'
refused "a type that does not exist" alarms.tf 's/"aws_cloudwatch_metric_alarm"/"aws_cloudwatch_alarm"/'
refused "a block that is there twice" ledger.tf 's/^  ttl \{/  ttl {\n    attribute_name = "expires"\n  }\n  ttl {/'
failed() { # WHAT FILE SED: what is valid, and wrong
  rm -rf "$dir/broken"; cp -r "$dir/module" "$dir/broken"
  sed -i -E "$3" "$dir/broken/$2"
  ! cmp -s "$dir/module/$2" "$dir/broken/$2" || { echo "terraform: the seeded mistake changes nothing: $1"; exit 1; }
  ! terraform -chdir="$dir/broken" test -no-color -filter=tests/names.tftest.hcl >/dev/null 2>&1 || { echo "terraform: no test fails: $1"; exit 1; }
}
failed "the partial answer is dropped" worker.tf 's/\["ReportBatchItemFailures"\]/[]/'
failed "a visibility that is too short" queues.tf 's/6 \* var\.worker_timeout/var.worker_timeout/'
failed "the alias is not at the newest version" trigger.tf 's/function_version = .*/function_version = "1"/'
echo "terraform: $version, AWS provider's schema 6.25.0, ten seeded mistakes noticed"
