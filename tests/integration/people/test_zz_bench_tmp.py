"""Queue page at a million violations: server time."""
import time, statistics, sys
from datetime import UTC, datetime
import pytest
from django.db import connection
from tests.support.roles import client_as, client_of, somebody
FILL = """
    INSERT INTO people_violation (child_id, violation_id, category, severity, detector, state, levels, detected_at,
        detected_occurred_at, detected_position, claimed_by, decided_at, due_at, queue_at, next_level_at, period_s, version, act_version, began_at)
    SELECT 'c-' || n / 20, 'v-' || n, (ARRAY['other','bullying','hate','violence'])[n %% 4 + 1], (ARRAY['low','medium','high','critical'])[n %% 4 + 1], 'd-' || n %% 50,
           CASE WHEN n %% 10 > 0 THEN 'resolved' ELSE 'detected' END, '{}', t, t, n,
           CASE WHEN n %% 70 = 0 THEN 'officer-' || n %% 7 END, CASE WHEN n %% 10 > 0 THEN t END, t + interval '8 hours', t + interval '8 hours',
           CASE WHEN n %% 10 = 0 THEN t END, 28800, n, n, t
      FROM (SELECT n, '2026-01-01T00:00Z'::timestamptz + n * interval '28 seconds' t FROM generate_series(1, 1000000) n) made;
    ANALYZE people_violation;
"""
@pytest.mark.django_db
def test_bench(families):
    with connection.cursor() as c: c.execute(FILL, {})
    import os
    from eventstore.queries.keyset import Wanted
    from audit.violations import queries as q
    from audit.violations.queries import Among
    now = datetime(2026,11,30,tzinfo=UTC)
    client = client_as("compliance_officer")
    asks = {
      "open": lambda: q.queue(Wanted(), Among("officer-1", now)),
      "critical": lambda: q.queue(Wanted(), Among("officer-1", now, severity="critical")),
      "high": lambda: q.queue(Wanted(), Among("officer-1", now, severity="high")),
      "nobody": lambda: q.queue(Wanted(), Among("officer-1", now, claimed="nobody")),
      "closed": lambda: q.queue(Wanted(), Among("officer-1", now, tab="closed")),
      "counts": lambda: q.counts("officer-1", now),
      "behind": q.behind_since,
      "page queue": lambda: client.get("/admin/violations/"),
      "page record": lambda: client.get("/admin/violations/record/"),
      "page subscriptions": lambda: client.get("/admin/subscriptions/"),
    }
    for name, ask in asks.items():
        times=[]; cpu=[]
        for _ in range(40):
            b=time.perf_counter(); c0=time.process_time(); ask(); times.append((time.perf_counter()-b)*1000); cpu.append((time.process_time()-c0)*1000)
        times.sort(); cpu.sort()
        print(f"{name:20} min {times[0]:6.1f} median {times[20]:6.1f} p95 {times[37]:6.1f}  cpu median {cpu[20]:6.1f}")
    from django.test.utils import CaptureQueriesContext
    with CaptureQueriesContext(connection) as made: asks["counts"]()
    with connection.cursor() as c:
        c.execute("EXPLAIN (ANALYZE, BUFFERS) " + made.captured_queries[0]["sql"]); print("\n".join(r[0] for r in c.fetchall()))
