"""Properties are tried on the same examples in every run, so that no run fails by chance; `search` looks for others.

`--hypothesis-profile search` tries many, new ones each time: for whoever changes what a property is about. What it finds becomes
an `@example`. An example may take as long as it takes: on a busy machine 200 ms pass at a collection of rubbish alone.
"""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile(
    "gate",
    derandomize=True,
    deadline=None,
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "search", settings.get_profile("gate"), derandomize=False, max_examples=5_000
)
settings.load_profile("gate")
