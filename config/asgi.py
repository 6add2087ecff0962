"""One port for everything: sockets through Channels, pages and API through the WSGI handler (docs/adr says why)."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from a2wsgi import WSGIMiddleware  # noqa: E402 - the settings are named first

from config.wsgi import application as pages  # noqa: E402 - readies Django

application = WSGIMiddleware(pages)
