"""What a passkey is called at first: the device it was made on, in the person's words."""

from __future__ import annotations

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import user_agents

# What a system is called where it stands for the device; an iPad calls itself a Mac, and nothing tells them apart.
DEVICES = {"ChromeOS": "Chromebook", "Android": _("Android phone"), "Linux": _("Computer"), "": _("This device")}


def device_name(user_agent: str, *, elsewhere: bool = False) -> str:
    """`elsewhere`: the passkey lies on a security key or on another phone, not in the device that asked for it."""
    if elsewhere:
        return gettext("Security key or another phone")
    system = user_agents.read(user_agent).system
    return str(DEVICES.get(system, system))
