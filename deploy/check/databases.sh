#!/usr/bin/env bash
# Holds the sql connector against PostgreSQL and MariaDB from Debian: private data directories under a temporary folder,
# free ports of 127.0.0.1, certificates of their own, no system service, no root. Both end with this.
set -euo pipefail

postgres=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1 || true)
if [ -z "$postgres" ] || ! command -v mariadbd >/dev/null; then
  echo "databases: installing postgresql and mariadb-server with apt-get, without starting them"
  sudo=""; [ "$(id -u)" = 0 ] || sudo=sudo
  policy=/usr/sbin/policy-rc.d # Debian asks this before it starts a service
  [ -e $policy ] || { printf '#!/bin/sh\nexit 101\n' | $sudo tee $policy >/dev/null; $sudo chmod +x $policy; trap "$sudo rm -f $policy" EXIT; }
  $sudo apt-get update -qq
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends postgresql mariadb-server openssl >/dev/null
  postgres=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1)
fi

dir=$(mktemp -d /tmp/databases.XXXXXX) # short: the path of a socket has at most 107 bytes
servers=()
end() {
  for pid in "${servers[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait || true
  rm -rf "$dir"
  [ -z "${policy:-}" ] || ${sudo:-} rm -f "$policy"
}
trap end EXIT
as=()
if [ "$(id -u)" = 0 ]; then as=(setpriv --reuid=nobody --regid=nogroup --clear-groups); fi # neither server runs as root
cd "$dir"
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext "subjectAltName=DNS:localhost,IP:127.0.0.1" \
  -keyout key.pem -out cert.pem 2>/dev/null
printf 'check-only' >password
[ ${#as[@]} = 0 ] || chown -R nobody:nogroup "$dir"
chmod 755 "$dir"; chmod 600 key.pem; chmod 644 cert.pem
free() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

"${as[@]}" "$postgres/initdb" -D pg -U postconfirm -A scram-sha-256 --pwfile=password -E UTF8 --no-sync >initdb.log
pgport=$(free)
"${as[@]}" "$postgres/postgres" -D pg -p "$pgport" -c listen_addresses=127.0.0.1 -c unix_socket_directories="$dir" -c fsync=off \
  -c ssl=on -c ssl_cert_file="$dir/cert.pem" -c ssl_key_file="$dir/key.pem" -c deadlock_timeout=100ms >pg.log 2>&1 &
servers+=($!)

"${as[@]}" mariadb-install-db --no-defaults --datadir="$dir/maria" --skip-test-db --auth-root-authentication-method=normal >maria-install.log 2>&1
cat >init.sql <<SQL
CREATE DATABASE shop CHARACTER SET utf8mb4;
CREATE USER postconfirm@'%' IDENTIFIED BY 'check-only';
GRANT ALL ON *.* TO postconfirm@'%' WITH GRANT OPTION;
SQL
[ ${#as[@]} = 0 ] || chown nobody:nogroup init.sql
myport=$(free)
"${as[@]}" mariadbd --no-defaults --datadir="$dir/maria" --port="$myport" --bind-address=127.0.0.1 --socket="$dir/maria.sock" --skip-name-resolve --pid-file="$dir/maria.pid" \
  --ssl-cert="$dir/cert.pem" --ssl-key="$dir/key.pem" --ssl-ca="$dir/cert.pem" --init-file="$dir/init.sql" --innodb-flush-log-at-trx-commit=0 >maria.log 2>&1 &
servers+=($!)

ready() { # NAME LOG COMMAND...
  for _ in $(seq 150); do
    if "${@:3}" >/dev/null 2>&1; then return; fi
    sleep 0.1
  done
  echo "databases: $1 did not start:"; tail -20 "$2"; exit 1
}
ready PostgreSQL pg.log "$postgres/pg_isready" -q -h 127.0.0.1 -p "$pgport"
ready MariaDB maria.log mariadb --no-defaults --protocol=tcp -h 127.0.0.1 -P "$myport" -u postconfirm -pcheck-only -e 'SELECT 1' shop
PGPASSWORD=check-only psql -q -h 127.0.0.1 -p "$pgport" -U postconfirm -d postgres -c 'CREATE DATABASE shop'

cd "$OLDPWD"
export POSTCONFIRM_TEST_POSTGRES="postgres://postconfirm:check-only@127.0.0.1:$pgport/shop?sslrootcert=$dir/cert.pem"
export POSTCONFIRM_TEST_MYSQL="mysql://postconfirm:check-only@127.0.0.1:$myport/shop?sslrootcert=$dir/cert.pem"
"${GO:-go}" test -count=1 -timeout 120s "$@" ./enrich/connect/sql
echo "databases: the sql connector keeps its promises on $("$postgres/postgres" --version | cut -d' ' -f1-3) and $(mariadbd --version | sed 's/.*Ver \([^ ]*\).*/MariaDB \1/')"
