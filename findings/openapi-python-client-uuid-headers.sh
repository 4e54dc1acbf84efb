#!/usr/bin/env bash
# openapi-python-client makes of a header parameter with `format: uuid` an argument of the type UUID and puts it into the
# request's headers as it is. httpx takes text and bytes alone there, so every call that gives the header raises TypeError. (In a
# query or a path the same client writes `str(…)`.)
#
# Needs Python 3.11 or later and pip. Installs into a temporary folder and removes it. Exit code 0: behaves as described;
# 1: behaves otherwise by now.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'openapi-python-client==0.29.1'

cat > schema.json <<'JSON'
{"openapi": "3.1.1", "info": {"title": "letters", "version": "1"},
 "paths": {"/letters": {"post": {"operationId": "send",
   "parameters": [{"name": "Idempotency-Key", "in": "header", "required": true, "schema": {"type": "string", "format": "uuid"}}],
   "responses": {"204": {"description": "sent"}}}}}}
JSON
venv/bin/openapi-python-client generate --path schema.json --meta none --output-path letters > said.txt

cat > show.py <<'PYTHON'
import platform
import sys
from importlib.metadata import version
from uuid import UUID

import httpx

from letters import Client
from letters.api.default import send


def main():
    print(f"Python {platform.python_version()}, openapi-python-client {version('openapi-python-client')}, httpx {version('httpx')}")
    answered = httpx.MockTransport(lambda request: httpx.Response(204))
    client = Client(base_url="http://letters", httpx_args={"transport": answered})
    raised = None
    try:
        send.sync_detailed(client=client, idempotency_key=UUID(int=1))
    except Exception as error:  # whichever it is by now
        raised = error
    print("the call raised:", type(raised).__name__, raised)
    as_described = isinstance(raised, TypeError) and "UUID" in str(raised)
    print("as described" if as_described else "BEHAVES OTHERWISE BY NOW")
    return 0 if as_described else 1


sys.exit(main())
PYTHON
venv/bin/python show.py
