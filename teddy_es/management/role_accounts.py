"""The quickstart's accounts, one for each role: what they may do is their role's, and nothing besides."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import Group, User

from audit.access import MUST_END
from audit.models import Standing
from audit.roles import Role
from eventstore.clock import SystemClock
from teddy_es.demo.staff import ACCOUNTS

# Many rounds protect what somebody has thought of. This is drawn at random, and is hashed as others are when it is first used.
_ROUNDS: Final = 1_000
_FOR_A_TIME: Final = timedelta(days=30)


def renew_role_account(name: str, password: str) -> bool:
    """Make it, or make it what it was, with this password; whoever was logged in with it is logged out. Whether it was made."""
    role = Role(ACCOUNTS[name])
    user, made = User.objects.get_or_create(username=name)
    user.is_active = user.is_staff = True
    user.is_superuser = False
    hasher = PBKDF2PasswordHasher()
    user.password = hasher.encode(password, hasher.salt(), _ROUNDS)
    user.save()
    user.groups.set([Group.objects.get(name=role.value)])
    if role in MUST_END:
        ends_at = SystemClock().now() + _FOR_A_TIME
        Standing.objects.update_or_create(user=user, defaults={"ends_at": ends_at})
    return made
