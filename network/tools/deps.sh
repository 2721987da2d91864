#!/usr/bin/env bash
# Installs by apt what the build and the demo need and the machine lacks. Touches nothing when nothing is missing.
set -euo pipefail

missing=()
need() { command -v "$1" >/dev/null 2>&1 || missing+=("$2"); }

need gcc gcc
[ -e /usr/include/stdlib.h ] || missing+=(libc6-dev)
need swtpm swtpm
need swtpm_setup swtpm-tools
need tpm2_nvread tpm2-tools

if [ ${#missing[@]} -eq 0 ]; then
	exit 0
fi
if [ "$(id -u)" -ne 0 ]; then
	echo "missing on this machine: ${missing[*]}" >&2
	echo "install them with:  sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing[*]}" >&2
	exit 1
fi
printf '%6s  %s\n' apt "installing ${missing[*]}"
apt-get update -q
DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"
