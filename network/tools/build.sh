#!/usr/bin/env bash
# Builds the foreign programs that network/tools/go.mod and network/tools/ca/go.mod pin into the folder given. Modules come from the Go module proxy.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
out=$(cd "$1" && pwd)

step=0
build() { # module folder, package, what to expect
	step=$((step + 1))
	local name=${2##*/} began=$SECONDS
	printf '%6s  %s\n' "[$step/5]" "building $name ($3 the first time)"
	(cd "$1" && go build -trimpath -buildvcs=false -o "$out/$name" "$2")
	printf '%6s  %s\n' "" "$name built in $((SECONDS - began)) s"
}

build "$here" github.com/hyperledger/fabric/cmd/peer "about 1 minute"
build "$here" github.com/hyperledger/fabric/cmd/orderer "about 10 s"
build "$here" github.com/hyperledger/fabric/cmd/configtxgen "about 2 s"
build "$here/ca" github.com/hyperledger/fabric-ca/cmd/fabric-ca-server "about 1 minute, with gcc for its SQLite,"
build "$here" github.com/btcsuite/btcd "about 15 s"
