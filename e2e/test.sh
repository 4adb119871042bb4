#!/usr/bin/env bash
# Runs every test. One PostgreSQL cluster serves all packages; it is started here by
# an ordinary user and stopped at the end.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
chmod 755 "$work"
bin=$(dirname "$(compgen -G '/usr/lib/postgresql/*/bin/initdb' | tail -n 1)")
as=()
if [ "$(id -u)" = 0 ]; then
  as=(runuser -u postgres --)
  chown postgres "$work"
fi
port=0
for try in $(seq 54300 54399); do
  if ! (exec 3<>"/dev/tcp/127.0.0.1/$try") 2>/dev/null; then port=$try; break; fi
done
(cd "$work" && "${as[@]}" "$bin/initdb" -D "$work/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 -N >/dev/null)
(cd "$work" && "${as[@]}" "$bin/pg_ctl" -D "$work/data" -w -l "$work/log" -o "-p $port -h 127.0.0.1 -k $work -c fsync=off -c max_connections=400" start >/dev/null)
trap 'cd /; "${as[@]}" "$bin/pg_ctl" -D "$work/data" -m immediate stop >/dev/null 2>&1; rm -rf "$work"' EXIT
export PRASAN_TEST_POSTGRES="postgres://postgres@127.0.0.1:$port"
failed=0
go test -timeout 18m "$@" ./... || failed=1
go vet ./... || failed=1
unformatted=$(gofmt -l $(git ls-files '*.go'))
test -z "$unformatted" || { echo "not gofmt-ed:"; echo "$unformatted"; failed=1; }
exit $failed
