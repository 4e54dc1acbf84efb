"""What gunicorn serves."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

from teddy_es.startup import refuse_unsafe_start

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "teddy_es.settings")  # noqa: TID251

application = get_wsgi_application()
refuse_unsafe_start()
