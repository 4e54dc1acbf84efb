#!/usr/bin/env bash
# A GET that django-rest-knox authenticates writes: with one valid token it deletes every other token of that account that
# is past its end. So the same GET, with the same valid token, raises an OperationalError where the database is read-only
# (a replica), and it does so only once some other token of the account has expired.
#
# Needs Python 3.10 or later and pip. Installs into a temporary folder and removes it. Exit code 0: behaves as described;
# 1: behaves otherwise by now.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'django==5.2.19' 'djangorestframework==3.18.3' 'django-rest-knox==5.1.0'

cat > show.py <<'PYTHON'
import platform
import sys
from datetime import timedelta
from importlib.metadata import version

import django
from django.conf import settings

settings.configure(
    SECRET_KEY="k" * 50,
    USE_TZ=True,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "d.sqlite3"}},
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "rest_framework", "knox"],
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["*"],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
)
django.setup()

from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import OperationalError, connection
from django.urls import path
from knox.auth import TokenAuthentication
from knox.models import AuthToken
from rest_framework.decorators import api_view, authentication_classes, permission_classes
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.test import APIClient


@api_view(["GET"])
@authentication_classes([TokenAuthentication])
@permission_classes([IsAuthenticated])
def hello(request):
    return Response("hello")


urlpatterns = [path("hello", hello)]


def get(token):
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {token}")
    return client.get("/hello").status_code


def main():
    for name in ("django", "djangorestframework", "django-rest-knox"):
        print(name, version(name))
    print("Python", platform.python_version())
    call_command("migrate", verbosity=0)
    user = User.objects.create(username="service")
    _, valid = AuthToken.objects.create(user)

    AuthToken.objects.create(user, expiry=timedelta(seconds=-1))
    before = AuthToken.objects.count()
    status, after = get(valid), AuthToken.objects.count()
    print(f"a GET with the valid token: {status}; tokens of the account before: {before}, after: {after}")

    with connection.cursor() as cursor:
        cursor.execute("PRAGMA query_only = on")
    alone = get(valid)
    print(f"read-only database, no other token is past its end: {alone}")
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA query_only = off")
    AuthToken.objects.create(user, expiry=timedelta(seconds=-1))
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA query_only = on")
    raised = None
    try:
        get(valid)
    except OperationalError as error:
        raised = error
    print("read-only database, another token is past its end:", repr(raised))

    as_described = (before, after, status, alone) == (2, 1, 200, 200) and raised is not None
    print("as described" if as_described else "BEHAVES OTHERWISE BY NOW")
    return 0 if as_described else 1


sys.exit(main())
PYTHON
venv/bin/python show.py
