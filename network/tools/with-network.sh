#!/usr/bin/env bash
# Runs a command beside one shared test network, which packages find by GUILDMARK_TEST_NETWORK; stops the network however the command ends.
set -euo pipefail

net=build/test/net
export GUILDMARK_TEST_NETWORK=$PWD/$net/connection.json

down() { build/bin/network down --dir "$net"; }
trap down EXIT
trap 'exit 130' INT TERM
build/bin/network down --dir "$net" >/dev/null # one that an earlier run lost
build/bin/network up --fresh --dir "$net"
"$@"
