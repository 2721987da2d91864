#!/usr/bin/env bash
# Starts the market and plays whole demos many times in a row while other work loads the machine, counts the failures
# and keeps the logs of failed runs. Needs `make tools build`; nothing may be rebuilt while it runs.
#
# usage: tests/repeat.sh [--starts N] [--demos N] [--load N] [--limit SECONDS] [--dir FOLDER]
#   --starts  starts of the market: network up, services, network down (default 40)
#   --demos   whole demos (default 25)
#   --load    busy loops beside them (default 2)
#   --limit   the most that one start or demo may take, in seconds (default 900)
#   --dir     folder of its own for networks and logs (default build/repeat)
#
# Exit codes: 0 no run failed, 1 some did (their logs are in FOLDER/failed), 2 wrong usage, 130 interrupted.
set -euo pipefail
cd "$(dirname "$0")/.."

starts=40 demos=25 load=2 limit=900 dir=build/repeat
usage() { sed -n '2,12s/^# \{0,1\}//p' "$0" >&2; exit 2; }
while [ $# -gt 0 ]; do
	[ $# -ge 2 ] || usage
	case $1 in
	--starts) starts=$2 ;; --demos) demos=$2 ;; --load) load=$2 ;; --limit) limit=$2 ;; --dir) dir=$2 ;;
	*) usage ;;
	esac
	shift 2
done
for number in "$starts" "$demos" "$load" "$limit"; do [[ $number =~ ^[0-9]+$ ]] || usage; done
for program in network partner gateway auth demo machine guildmark chaincode; do
	[ -x "build/bin/$program" ] || { echo "repeat: build/bin/$program is missing: run \`make tools build\`" >&2; exit 2; }
done
mkdir -p "$dir/failed"

loops=()
running= # the run under way
end() { # nothing stays behind: the load ends by pid, the run by its own handling of SIGTERM
	trap '' INT TERM
	[ -z "$running" ] || { kill -TERM "$running" 2>/dev/null && wait "$running" || true; }
	[ ${#loops[@]} -eq 0 ] || kill "${loops[@]}" 2>/dev/null || true
	build/bin/network down --dir "$dir/market" >/dev/null 2>&1 || true
}
trap end EXIT
trap 'exit 130' INT TERM
for ((i = 0; i < load; i++)); do
	timeout $(((starts + demos) * limit + 60)) bash -c 'while :; do :; done' & # bounded, should this script be killed
	loops+=($!)
done

market() {
	build/bin/network up --fresh --dir "$dir/market" &&
		build/bin/network services --dir "$dir/market" --programs build/bin
}
export -f market
export dir

# once KIND NUMBER OF FOLDER COMMAND...: one run; FOLDER is where its processes log.
failures=0
once() {
	local kind=$1 number=$2 of=$3 folder=$4 began=$SECONDS status=0 kept
	shift 4
	timeout --kill-after=60 "$limit" "$@" >"$dir/output" 2>&1 &
	running=$!
	wait "$running" || status=$?
	running=
	if [ "$status" -eq 0 ]; then
		printf '%-6s %3d of %d  good    %4d s  load %s\n' "$kind" "$number" "$of" $((SECONDS - began)) "$(cut -d' ' -f1 /proc/loadavg)"
		return
	fi
	failures=$((failures + 1))
	kept=$dir/failed/$(date +%Y%m%d-%H%M%S)-$kind-$number
	mkdir -p "$kept"
	cp "$dir/output" "$kept/output"
	[ ! -d "$folder" ] || cp -r "$folder" "$kept/logs"
	printf '%-6s %3d of %d  FAILED  %4d s  load %s  exit %d: %s\n' "$kind" "$number" "$of" $((SECONDS - began)) \
		"$(cut -d' ' -f1 /proc/loadavg)" "$status" "$kept"
	tail -n 3 "$kept/output" | sed 's/^/         /'
}

for ((i = 1; i <= starts; i++)); do
	once start "$i" "$starts" "$dir/market/logs" bash -c market
	build/bin/network down --dir "$dir/market" >/dev/null 2>&1 || true
done
for ((i = 1; i <= demos; i++)); do
	once demo "$i" "$demos" "$dir/demo/net/logs" build/bin/demo --root . --dir "$dir/demo"
done
echo "$starts starts and $demos demos, $load busy loops beside them: $failures failed"
[ "$failures" -eq 0 ]
