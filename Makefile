# make        this help
# make test   all Go tests, with nothing but Go
# make check  everything: what apt and npm give as well
SHELL := /bin/bash
.DEFAULT_GOAL := help
GO ?= go
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
# A count, not a time: with a time, go test -fuzz itself sometimes fails at the end with "context deadline exceeded".
FUZZTIME ?= 5000x
GORELEASER := github.com/goreleaser/goreleaser/v2@v2.12.5
BIN := bin

.PHONY: help
help: ## print this help
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## watch users sign up and be enriched
	$(GO) run ./cmd/postconfirm demo

.PHONY: build
build: ## build all programs into bin/
	CGO_ENABLED=0 $(GO) build -trimpath -o $(BIN)/ ./cmd/...

# The flags of a Lambda function, each for its cold start: no cgo (a static program; init is a fifth shorter), lambda.norpc
# (without the Go library's old RPC mode: a third fewer instructions before the first event), -s -w and -trimpath (no symbols,
# no debug information: half of the zip). A profile (PGO) was tried and changed nothing that could be measured.
.PHONY: lambda
lambda: ## build the trigger Lambda (arm64) as bin/bootstrap
	GOOS=linux GOARCH=arm64 CGO_ENABLED=0 $(GO) build -tags lambda.norpc -trimpath -ldflags "-s -w" -o $(BIN)/bootstrap ./cmd/trigger

.PHONY: lambda-presignup
lambda-presignup: ## build the pre sign-up Lambda (arm64) into bin/lambda-presignup/bootstrap
	GOOS=linux GOARCH=arm64 CGO_ENABLED=0 $(GO) build -tags lambda.norpc -trimpath -ldflags "-s -w" -o $(BIN)/lambda-presignup/bootstrap ./cmd/presignup

.PHONY: lambda-worker
lambda-worker: ## build the worker Lambda (arm64) into bin/lambda-worker/bootstrap
	GOOS=linux GOARCH=arm64 CGO_ENABLED=0 $(GO) build -tags lambda.norpc -trimpath -ldflags "-s -w" -o $(BIN)/lambda-worker/bootstrap ./cmd/worker

# The same bytes from any folder: -buildvcs=false leaves the commit out, which a copy of the tree does not know.
.PHONY: zips
zips: ## build bin/lambda-{trigger,presignup,worker}.zip (arm64), the same bytes every time
	@set -e; for name in trigger presignup worker; do \
	  GOOS=linux GOARCH=arm64 CGO_ENABLED=0 $(GO) build -tags lambda.norpc -trimpath -buildvcs=false -ldflags "-s -w" -o $(BIN)/lambda/$$name/bootstrap ./cmd/$$name; \
	  $(GO) run ./deploy/zips -o $(BIN)/lambda-$$name.zip $(BIN)/lambda/$$name/bootstrap; \
	  echo "$(BIN)/lambda-$$name.zip"; \
	done

.PHONY: test
test: ## all Go tests; needs nothing but Go
	CGO_ENABLED=0 $(GO) test -timeout 20m ./...
	@test -n "$$POSTCONFIRM_TEST_DYNAMODB" || echo "test: NOT RUN: the DynamoDB ledger against a server; make check-dynalite does"
	@test -n "$$POSTCONFIRM_TEST_POSTGRES" || echo "test: NOT RUN: the sql connector against PostgreSQL; make check-databases does"
	@test -n "$$POSTCONFIRM_TEST_MYSQL" || echo "test: NOT RUN: the sql connector against MySQL or MariaDB; make check-databases does"

.PHONY: check
check: check-tools check-format check-vet check-tidy check-race check-fuzz check-demo check-outside check-fauxqs check-dynalite check-databases check-contributing check-reliability ## everything that must be green before a change lands
	@echo "check: all green"

.PHONY: check-tools
check-tools: ## install what the checks need beyond Go: gcc, node
	@deploy/check/install.sh

.PHONY: check-format
check-format: ## gofmt
	@unformatted=$$(gofmt -l cmd deploy enrich trigger worker); test -z "$$unformatted" || { echo "not formatted: $$unformatted"; exit 1; }

.PHONY: check-vet
check-vet: ## go vet and staticcheck
	$(GO) vet ./...
	$(GO) vet -tags failpoints ./cmd/worker
	$(GO) run $(STATICCHECK) ./...

.PHONY: check-tidy
check-tidy: ## go.mod and go.sum say what is used
	$(GO) mod tidy -diff
	$(GO) mod verify

# The race detector looks at how things are done: what a proof repeats with other luck is repeated less often under it.
# make test has all of it.
.PHONY: check-race
check-race: ## all Go tests under the race detector, the long proofs with fewer rounds
	CGO_ENABLED=1 POSTCONFIRM_BACKLOG=4000 $(GO) test -race -short -timeout 20m ./...

.PHONY: check-fuzz
check-fuzz: ## every fuzz target for FUZZTIME (5000x); the seeds run with the tests
	@deploy/check/fuzz.sh $(FUZZTIME)

.PHONY: check-demo
check-demo: build ## the demo as a user runs it: at full health, and each scene with a vendor down
	$(BIN)/postconfirm demo --once --json > /dev/null
	$(BIN)/postconfirm demo --once --users 20 --outage company --json > /dev/null
	$(BIN)/postconfirm demo --once --users 20 --scene crm-sync --outage hubspot --json > /dev/null
	$(BIN)/postconfirm demo --once --users 20 --scene welcome --outage mail --json > /dev/null

.PHONY: check-outside
check-outside: build ## the local cloud and the main job, held against the AWS SDK for JavaScript
	@deploy/check/outside.sh $(CURDIR)/$(BIN)/postconfirm

.PHONY: check-fauxqs
check-fauxqs: ## the worker's queue, held against fauxqs, an SQS that we did not write
	@deploy/check/fauxqs.sh

.PHONY: check-dynalite
check-dynalite: ## the DynamoDB ledger, held against dynalite
	@GO=$(GO) deploy/check/dynalite.sh

.PHONY: check-databases
check-databases: ## the sql connector, held against PostgreSQL and MariaDB from Debian
	@GO=$(GO) deploy/check/databases.sh

.PHONY: check-contributing
check-contributing: ## the page about adding a connector, followed to the letter in a copy
	@deploy/check/contributing.sh

.PHONY: check-deploy
check-deploy: check-deploy-cfn check-deploy-terraform check-deploy-helm check-deploy-systemd check-deploy-container check-deploy-reproducible check-deploy-guide ## all that is under deploy/, with tools that it brings itself; about two minutes, five the first time
	@echo "check-deploy: all green"

.PHONY: check-deploy-full
check-deploy-full: ## the same, with the image for both architectures, and all programs and zips built twice
	FULL=1 $(MAKE) --no-print-directory check-deploy

.PHONY: check-deploy-cfn
check-deploy-cfn: check-tools ## the CloudFormation templates, and the rights derived from the code
	@GO=$(GO) deploy/check/cloudformation.sh

.PHONY: check-deploy-terraform
check-deploy-terraform: ## the Terraform module: format, validate, tests, with the AWS provider's schema
	@GO=$(GO) deploy/check/terraform.sh

.PHONY: check-deploy-helm
check-deploy-helm: check-tools ## the Helm chart against Helm's linter, the types and rules of Kubernetes, models of KEDA's objects
	@GO=$(GO) deploy/check/helm.sh

.PHONY: check-deploy-systemd
check-deploy-systemd: build ## the systemd unit against systemd's checks, and the worker under its filters
	@deploy/check/systemd.sh $(BIN)/postconfirm $(BIN)/worker

.PHONY: check-deploy-container
check-deploy-container: build ## build the image with buildah, start it as it says, stop it in order
	@deploy/check/container.sh $(BIN)/postconfirm

.PHONY: check-deploy-reproducible
check-deploy-reproducible: ## build what ships twice, from two directories: the same bytes
	@GO=$(GO) deploy/check/reproducible.sh

.PHONY: check-deploy-guide
check-deploy-guide: check-tools build ## the commands of deploy's pages: AWS's with its own models, ours on a local cloud
	@deploy/check/guide.sh $(BIN)/postconfirm

.PHONY: release-snapshot
release-snapshot: ## build all that a release ships into bin/dist, publish nothing; the first time goreleaser too, which takes minutes
	@test -x $(BIN)/tools/goreleaser || echo "release: building $(GORELEASER) into $(BIN)/tools"
	@test -x $(BIN)/tools/goreleaser || GOBIN=$(CURDIR)/$(BIN)/tools CGO_ENABLED=0 $(GO) install -trimpath -ldflags "-s -w" $(GORELEASER)
	CGO_ENABLED=0 $(GO) build -trimpath -o $(BIN)/tools/bom ./deploy/bom
	PATH=$(CURDIR)/$(BIN)/tools:$$PATH goreleaser release --config deploy/goreleaser.yaml --snapshot --clean --skip=publish

.PHONY: check-reliability
check-reliability: ## kill the real worker 300 times and stop it 20 times; about a minute
	CGO_ENABLED=0 $(GO) run ./deploy/reliability --go $(GO) --size check --report $(BIN)/reliability-check.md

.PHONY: reliability
reliability: ## the whole proof: 10,000 kills, 200 stops, power losses, flipped bits, simulation; writes bin/reliability.md
	CGO_ENABLED=0 $(GO) run ./deploy/reliability --go $(GO) --size full --report $(BIN)/reliability.md

.PHONY: reference
reference: ## write the reference pages of the connectors and their index
	$(GO) test ./enrich/connect/all -run 'Reference|Index' -count=1 -update

.PHONY: weights
weights: ## measure what each connector adds to the worker, then write the pages anew
	$(GO) run ./deploy/bench/weights -go $(GO)
	$(MAKE) reference

.PHONY: bench
bench: ## benchmarks
	$(GO) test -run '^$$' -bench . -benchmem ./...

.PHONY: bench-ledger
bench-ledger: ## what an operator waits for in a SQLite ledger of a million runs: lists and groups; some minutes, 3 GB of disk
	CGO_ENABLED=0 $(GO) test -run '^$$' -bench AMillion -benchtime 5x -timeout 30m ./worker/sqlite

.PHONY: bench-worker
bench-worker: ## what the worker costs beside a tight loop on the same SDK clients; about a minute
	CGO_ENABLED=0 $(GO) build -trimpath -o $(BIN)/bench-worker ./deploy/bench/worker
	$(BIN)/bench-worker

.PHONY: bench-trigger
bench-trigger: check-tools ## the trigger's cold starts and warm invocations beside Go, Node.js and Python; a few minutes
	@deploy/bench/trigger/rivals/node/build.sh $(CURDIR)/$(BIN)/bench/node/index.mjs
	CGO_ENABLED=0 $(GO) build -trimpath -o $(BIN)/bench-trigger ./deploy/bench/trigger
	PATH=$(CURDIR)/$(BIN)/tools/node_modules/.bin:$$PATH $(BIN)/bench-trigger -node $(CURDIR)/$(BIN)/bench/node/index.mjs -svg $(BIN)/bench-trigger.svg -markdown $(BIN)/bench-trigger.md
