#!/usr/bin/env bash
# Holds the systemd unit against systemd's own checks, then starts the worker with a ledger in a file under what the unit
# allows of system calls, sockets and executable memory: there is no systemd needed that runs.
# deploy/check/systemd.sh PATH-OF-POSTCONFIRM PATH-OF-WORKER
set -euo pipefail

. "$(dirname "$0")/oncloud.sh"
postconfirm=$(realpath "$1"); worker=$(realpath "$2")
home=$(realpath "$(dirname "$0")/../systemd"); confined=$(realpath "$(dirname "$0")/confined.py")
sudo=""; [ "$(id -u)" = 0 ] || sudo=sudo
need=()
command -v systemd-analyze >/dev/null || need+=(systemd)
/usr/bin/python3 -c 'import seccomp' 2>/dev/null || need+=(python3-seccomp)
command -v curl >/dev/null || need+=(curl)
command -v setpriv >/dev/null || need+=(util-linux)
if [ ${#need[@]} -gt 0 ]; then
  echo "systemd: installing ${need[*]} with apt-get"
  $sudo apt-get update -qq
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "${need[@]}" >/dev/null
fi

dir=$(mktemp -d)
started=()
end() {
  for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait || true
  $sudo rm -rf "$dir"
}
trap end EXIT
say() { echo "systemd: $*"; }
wrong() { say "$*"; tail -20 "$dir"/*.log 2>/dev/null; exit 1; }

# staged FOLDER [SED...]: the unit and its drop-in, changed, in a folder; the program is where it was built.
staged() {
  mkdir -p "$1/postconfirm-worker.service.d"
  sed "${@:2}" -e "s#^ExecStart=/usr/bin/postconfirm-worker#ExecStart=$worker#" "$home/postconfirm-worker.service" >"$1/postconfirm-worker.service"
  cp "$home/secrets.conf" "$1/postconfirm-worker.service.d/"
}

# verify and security say nothing when all is well; a typo is only printed by systemd-analyze, so any word is a failure.
verify() { SYSTEMD_UNIT_PATH="$1:" systemd-analyze verify postconfirm-worker.service 2>&1 || echo "verify: exit code $?"; }
security() { systemd-analyze security --no-pager --offline=true --threshold=20 "$1/postconfirm-worker.service" >"$1/exposure" 2>&1 || tail -1 "$1/exposure"; }

staged "$dir/unit" -e ''
for check in verify security; do
  words=$($check "$dir/unit")
  [ -z "$words" ] || wrong "$check: $words"
done
say "$(sed -n 's/.*Overall exposure level.*: \([0-9.]*\).*/exposure \1 of 10/p' "$dir/unit/exposure")"

# Each fault must be noticed by the check of that name.
n=0
fault() { # CHECK SED...
  n=$((n + 1)); staged "$dir/fault$n" "${@:2}"
  [ -n "$($1 "$dir/fault$n")" ] || wrong "$1 does not notice the seeded fault ${*:2}"
}
fault verify -e 's/^ProtectSystem=/ProtectSytem=/'
fault verify -e 's/^Type=exec/Type=exce/'
fault verify -e 's/^TimeoutStopSec=.*/TimeoutStopSec=soon/'
fault verify -e 's/^ExecStart=.*/ExecStart=postconfirm-worker-of-nowhere/'
fault security -e '/^CapabilityBoundingSet=/d'
fault security -e '/^SystemCallFilter=/d'
fault security -e '/^RestrictNamespaces=/d' -e '/^RestrictAddressFamilies=/d'
fault security -e '/^PrivateUsers=/d' -e '/^Protect/d'
drop() { # SED...: the same in the drop-in with the secrets
  n=$((n + 1)); staged "$dir/fault$n" -e ''
  sed -i "$@" "$dir/fault$n/postconfirm-worker.service.d/secrets.conf"
  [ -n "$(verify "$dir/fault$n")" ] || wrong "verify does not notice the seeded fault $*"
}
drop -e 's/^LoadCredential=/LoadCredentials=/'
drop -e 's/%d/%Q/'
say "$n seeded faults noticed"

# The worker as the unit has it: nobody's user, without capabilities, with the unit's filters.
cloud "$postconfirm"
mkdir -p "$dir/state" "$dir/bin"
cp "$worker" "$dir/bin/postconfirm-worker"; chmod 755 "$dir/bin" "$dir/bin/postconfirm-worker"
$sudo chown 61184:61184 "$dir/state"; $sudo chmod 700 "$dir/state"
mapfile -t variables < <(worker_env "$dir/etc/pipeline.yaml" "$dir/etc/secrets" "sqlite:$dir/state/ledger.db")
launch() { # LOG UNIT COMMAND...
  $sudo env -i PATH="$PATH" "${variables[@]}" setpriv --reuid=61184 --regid=61184 --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all \
    /usr/bin/python3 - "${@:2}" <"$confined" >"$1" 2>&1
}
launch "$dir/worker.log" "$dir/unit/postconfirm-worker.service" "$dir/bin/postconfirm-worker" &
job=$!
works $job
pid=$job
while child=$(cat /proc/"$pid"/task/*/children 2>/dev/null | tr -d '\n' | awk '{print $1}'); [ -n "$child" ]; do pid=$child; done
[ "$(awk '/^Seccomp:/{print $2}' /proc/"$pid"/status)" = 2 ] || wrong "the worker has no filter"
$sudo test -s "$dir/state/ledger.db" || wrong "the worker has no ledger"
stops "$pid" $job "$dir/worker.log"
say "the worker works under the unit's filters, and stopped in order $took ms after SIGTERM"

# The filters are real: memory that can be written and executed is refused, and with one call that Go can't do without taken away, it does not work.
staged "$dir/tight" -e 's/^SystemCallFilter=~@privileged.*/SystemCallFilter=~@privileged @resources pwrite64 pwritev fdatasync/'
if launch "$dir/tight.log" "$dir/tight/postconfirm-worker.service" "$dir/bin/postconfirm-worker"; then
  wrong "the worker wrote a ledger through a filter without writes"
fi
asks='import mmap
try: mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
except PermissionError: print("refused")'
launch "$dir/memory.log" "$dir/unit/postconfirm-worker.service" /usr/bin/python3 -c "$asks" && grep -qx refused "$dir/memory.log" || wrong "memory that can be written and executed is not refused"
