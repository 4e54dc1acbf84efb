"""Drops the index of keys that the log was not told of: whoever asks for such a key by its name tells it, nobody lists them, every new one pays."""

from __future__ import annotations

from django.db import migrations


class Migration(migrations.Migration):
    """Safe on a large table: dropping an index needs its lock for a moment only."""

    dependencies = [("keys", "0002_no_pattern_index_on_subjects")]

    operations = [
        migrations.RemoveIndex("datakey", "keys_datakey_mint_untold"),
    ]
