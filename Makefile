# Guildmark. `make help` lists what a person types; README says what one sees.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

BIN   := build/bin
TOOLS := build/tools
NET   ?= build/net

# The chaincode's hash names the code that partners approve: no paths, no revision, no C compiler in it.
GOBUILD   := CGO_ENABLED=0 go build -trimpath -buildvcs=false
# Everything else says with --version which commit it is.
GOVERSION := CGO_ENABLED=0 go build -trimpath -buildvcs=auto
PROGRAMS   = $(addprefix ./,$(patsubst %/,%,$(sort $(dir $(filter-out chaincode/cmd/chaincode/%,$(wildcard */cmd/*/main.go))))))

.PHONY: help deps tools build demo bench up down status test lint fuzz clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# --- deps: what Debian provides -------------------------------------------------------------------------------------------------

deps: ## install by apt what is missing (as root; otherwise prints the command)
	@network/tools/deps.sh

# --- tools: foreign programs, built from network/tools/go.mod and network/tools/ca/go.mod -------------------------------------------

TOOLS_PINS := network/tools/go.mod network/tools/go.sum network/tools/ca/go.mod network/tools/ca/go.sum network/tools/build.sh

tools: $(TOOLS)/.stamp ## build Fabric, Fabric CA and btcd (about 3 minutes the first time, then nothing)

$(TOOLS)/.stamp: $(TOOLS_PINS) | deps
	@network/tools/build.sh $(TOOLS)
	@touch $@

# --- build: the product ---------------------------------------------------------------------------------------------------------------

build: ## build the product's programs into build/bin
	@mkdir -p $(BIN)
	@printf '%6s  %s\n' build "programs into $(BIN) (about 2 minutes the first time)"
	@$(GOBUILD) -o $(BIN)/ ./chaincode/cmd/chaincode
	@$(GOVERSION) -o $(BIN)/ $(PROGRAMS) ./tests/demo

# --- demo: the whole story ------------------------------------------------------------------------------------------------------------------

demo: tools build ## everything from nothing: sell, pay, make it offline, attack, audit (KEEP=1 leaves it running, BREAK=<step> must fail)
	@$(BIN)/demo --root . --dir build/demo $(if $(KEEP),--keep) $(if $(BREAK),--break $(BREAK))

bench: tools build ## the table of ratios, build/bench/report.json
	@go run ./tests/bench --root . --out build/bench/report.json

# --- up, down, status: a network to play with --------------------------------------------------------------------------------------------

# btcd starts regtest's chain anew when no node is left that has it, and an old ledger would not fit the new chain: each `make up` starts over.
up: tools build ## bring a new network of four partners up, with oracles, custodians, registrar and gateway
	@$(BIN)/network up --fresh --dir $(NET)
	@$(BIN)/network services --dir $(NET) --programs $(BIN)

down: ## stop it; nothing is left running
	@if [ -x $(BIN)/network ]; then $(BIN)/network down --dir $(NET); fi

status: ## tell how it is
	@$(BIN)/network status --dir $(NET)

# --- test, lint ---------------------------------------------------------------------------------------------------------------------------

test: tools build lint ## linters and all tests, with one shared network for those that want one
	@printf '%6s  %s\n' test "all packages, beside one network of four partners (about 6 minutes)"
	@network/tools/with-network.sh go test -timeout 20m ./...

lint: ## gofmt, vet and the list in .golangci.yml
	@printf '%6s  %s\n' lint "gofmt, vet, golangci-lint (it is built the first time: about 4 minutes, then 1)"
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo "not formatted:"; gofmt -l $$(git ls-files '*.go'); exit 1; }
	@go vet ./...
	@go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0 run --allow-parallel-runners

fuzz: ## run every fuzz target, MINUTES=10 in all; inputs that reach new code are kept in testdata/fuzz
	@go run ./tests/fuzz --minutes $(or $(MINUTES),10)

# --- clean ----------------------------------------------------------------------------------------------------------------------------------

clean: down ## stop the network and remove what was built, but for the foreign programs
	@rm -rf $(BIN) $(NET) build/test build/demo build/bench
