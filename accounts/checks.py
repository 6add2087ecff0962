"""What must be true of sign-in before Swapline serves strangers."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as Caution

from accounts import push_keys

CONSOLE = "accounts.sms.ConsoleSms"


@register(Tags.security, deploy=True)
def codes_reach_people_and_only_them(
    *, app_configs: Sequence[AppConfig] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    problems: list[CheckMessage] = []
    if settings.DEMO:
        problems.append(
            Error(
                "DEMO is on: one-time codes are shown on the page, and anybody may sign in as the demo's people.",
                hint="Leave DEMO out of the environment.",
                id="swapline.E010",
            )
        )
    if settings.SMS_PROVIDER == CONSOLE:
        problems.append(
            Caution(
                "Text messages go to the console, so nobody can sign in by phone.",
                hint="Set SMS_PROVIDER=accounts.sms.HttpSms with SMS_HTTP_URL and SMS_HTTP_TOKEN, or a class of yours.",
                id="swapline.W010",
            )
        )
    elif settings.SMS_PROVIDER == "accounts.sms.HttpSms" and not settings.SMS_HTTP_URL.startswith("https://"):
        problems.append(
            Error("SMS_HTTP_URL must start with https://: codes are secrets.", id="swapline.E011"),
        )
    return problems


@register(Tags.security, deploy=True)
def phones_can_be_told(*, app_configs: Sequence[AppConfig] | None = None, **kwargs: Any) -> list[CheckMessage]:
    make = "Make a key once: manage.py make_vapid_key. It is a secret, and phones must ask again when it changes."
    if not settings.VAPID_PRIVATE_KEY:
        return [
            Caution(
                "VAPID_PRIVATE_KEY is not set, so no phone is told while its page is closed.", make, id="swapline.W020"
            )
        ]
    problems: list[CheckMessage] = []
    try:
        push_keys.keys()
    except push_keys.BadKey as wrong:
        problems.append(Error(str(wrong), make, id="swapline.E020"))
    if "@" not in settings.VAPID_SUBJECT:
        hint = "Push services write there when something is wrong: VAPID_SUBJECT=mailto:operations@example.com"
        problems.append(Error("VAPID_SUBJECT is not a mail address.", hint, id="swapline.E021"))
    return problems
