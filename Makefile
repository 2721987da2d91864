# Guildmark. `make help` lists the targets that a person types; README.md describes them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

BIN   := build/bin
TOOLS := build/tools
NET   ?= build/net

# The hash of the chaincode is what partners approve: the build leaves out paths, revision and the C compiler.
GOBUILD   := CGO_ENABLED=0 go build -trimpath -buildvcs=false
# All other programs print their commit with --version.
GOVERSION := CGO_ENABLED=0 go build -trimpath -buildvcs=auto
PROGRAMS   = $(addprefix ./,$(patsubst %/,%,$(sort $(dir $(filter-out chaincode/cmd/chaincode/%,$(wildcard */cmd/*/main.go))))))

.PHONY: help deps tools build demo bench up down status test lint fuzz clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

deps: ## install missing Debian packages (as root; otherwise print the command)
	@network/tools/deps.sh

# Foreign programs, built from network/tools/go.mod and network/tools/ca/go.mod.

TOOLS_PINS := network/tools/go.mod network/tools/go.sum network/tools/ca/go.mod network/tools/ca/go.sum network/tools/build.sh

tools: $(TOOLS)/.stamp ## build Fabric, Fabric CA and btcd (about 3 minutes the first time, then nothing)

$(TOOLS)/.stamp: $(TOOLS_PINS) | deps
	@network/tools/build.sh $(TOOLS)
	@touch $@

build: ## build the product's programs into build/bin
	@mkdir -p $(BIN)
	@printf '%6s  %s\n' build "programs into $(BIN) (about 2 minutes the first time)"
	@$(GOBUILD) -o $(BIN)/ ./chaincode/cmd/chaincode
	@$(GOVERSION) -o $(BIN)/ $(PROGRAMS) ./tests/demo

demo: tools build ## the whole story from nothing (KEEP=1 leaves it running, BREAK=<step> must fail)
	@$(BIN)/demo --root . --dir build/demo $(if $(KEEP),--keep) $(if $(BREAK),--break $(BREAK))

bench: tools build ## measure the table of ratios, build/bench/report.json (about 9 minutes)
	@go run ./tests/bench --root . --out build/bench/report.json

# btcd forgets regtest's chain when no node is left that has it, and an old ledger does not fit a new chain.
# Each `make up` therefore removes the ledger from before.
up: tools build ## start a new network of four partners with all services; the ledger from before is removed
	@$(BIN)/network up --fresh --services --dir $(NET)

down: ## stop the network; nothing is left running
	@if [ -x $(BIN)/network ]; then $(BIN)/network down --dir $(NET); fi

status: ## show the network's processes, heights and certificates
	@$(BIN)/network status --dir $(NET)

test: tools build lint ## linters and all tests, beside one shared network (about 6 minutes)
	@printf '%6s  %s\n' test "all packages, beside one network of four partners (about 6 minutes)"
	@network/tools/with-network.sh go test -timeout 20m ./...

lint: ## gofmt, vet and the linters of .golangci.yml
	@printf '%6s  %s\n' lint "gofmt, vet, golangci-lint (it is built the first time: about 4 minutes, then 1)"
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo "not formatted:"; gofmt -l $$(git ls-files '*.go'); exit 1; }
	@go vet ./...
	@go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0 run --allow-parallel-runners

fuzz: ## run every fuzz target, MINUTES=10 in all; inputs that reach new code are kept in testdata/fuzz
	@go run ./tests/fuzz --minutes $(or $(MINUTES),10)

clean: down ## stop the network; remove everything that was built, except the foreign programs
	@rm -rf $(BIN) $(NET) build/test build/demo build/bench build/play
