#!/usr/bin/env bash
# `--dist loadgroup` of pytest-xdist 3.8.0 does not keep tests of one `xdist_group` on one worker under pytest 9.2.0, and says nothing: the id of a
# test is a structure of its own there, and xdist writes the group into an attribute that is not read any more. Under pytest 9.1.1 it keeps them.
#
# Needs Python 3.10 or later and pip. Installs into a temporary folder and removes it. Exit code 0: behaves as described; 1: behaves otherwise by now.
# Reported to the project as its issue 1386.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > test_group.py <<'PYTHON'
"""Eight tests of one group; each notes its worker, and is long enough for another worker to take the next one."""

import os
import time

import pytest


@pytest.mark.xdist_group("one server")
@pytest.mark.parametrize("number", range(8))
def test_of_the_group(number):
    time.sleep(0.2)
    with open(os.environ["NOTES"], "a") as notes:
        print(os.environ["PYTEST_XDIST_WORKER"], file=notes)
PYTHON

python3 -m venv venv
workers() { # of a version of pytest: how many workers ran the group
    venv/bin/pip install --quiet --disable-pip-version-check "pytest==$1" 'pytest-xdist==3.8.0'
    NOTES="$folder/$1" venv/bin/python -m pytest -q -n 2 --dist loadgroup -p no:cacheprovider test_group.py > "$1.out" ||
        { cat "$1.out"; return 1; }
    sort -u "$1" | wc -l
}
before=$(workers 9.1.1)
now=$(workers 9.2.0)
venv/bin/python --version
echo "pytest-xdist 3.8.0, 8 tests of one xdist_group, 2 workers:"
echo "pytest 9.1.1: the group ran on $before worker(s)"
echo "pytest 9.2.0: the group ran on $now worker(s)"
[ "$before" = 1 ] && [ "$now" = 2 ]
