"""One port for everything: sockets through Channels, pages and API through the WSGI handler (docs/adr says why)."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from typing import cast

from a2wsgi import WSGIMiddleware
from a2wsgi.wsgi_typing import WSGIApp
from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator

from config.origins import ReadableOrigin
from config.wsgi import application as pages

# The routes import models, which can be imported once config.wsgi has readied Django.
from booking.routing import websocket_urlpatterns  # isort: skip

application = ProtocolTypeRouter(
    {
        "http": WSGIMiddleware(cast("WSGIApp", pages)),
        # A page of somebody else's site may not open a socket with our driver's cookie.
        "websocket": ReadableOrigin(AllowedHostsOriginValidator(AuthMiddlewareStack(URLRouter(websocket_urlpatterns)))),
    }
)
