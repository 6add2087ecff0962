"""Settings are safe on a laptop and in production, and refuse what is known not to work."""

import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.test import Client

from accounts import push_keys
from config import embedded

PRODUCTION = {
    "SECRET_KEY": "Xq3-v9_LkTz7Rm2pYw8NbHs5Jd4GfCa6Ue1Io0Vt-QxZyWvUtSrPoNm",
    "ALLOWED_HOSTS": "swap.example.com",
    "CSRF_TRUSTED_ORIGINS": "https://swap.example.com",
    "TRUSTED_PROXIES": "1",
    "EMAIL_URL": "smtp+tls://swapline:word@mail.example.com:587",
    "SMS_PROVIDER": "accounts.sms.HttpSms",
    "SMS_HTTP_URL": "https://sms.example.com/send",
    "SMS_HTTP_TOKEN": "word",
    "VAPID_PRIVATE_KEY": push_keys.new_secret(),
    "VAPID_SUBJECT": "mailto:operator@swap.example.com",
}


def manage(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command of Django in a process whose settings come from these variables and the tests' services."""
    kept = {name: os.environ[name] for name in ("PATH", "DATABASE_URL", "REDIS_URL")}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=embedded.CHECKOUT,
        env=kept | variables,
        capture_output=True,
        text=True,
        check=False,
    )


def test_production_settings_pass_the_deployment_check_without_a_warning() -> None:
    answer = manage("check", "--deploy", "--fail-level", "WARNING", **PRODUCTION)

    assert answer.returncode == 0, answer.stderr
    assert "no issues" in answer.stdout


def test_production_without_a_secret_key_is_refused() -> None:
    answer = manage("check", **PRODUCTION | {"SECRET_KEY": ""})

    assert answer.returncode == 1
    assert "SECRET_KEY is not set" in answer.stderr


def test_a_router_is_one_that_we_speak_with_and_positions_travel_encrypted() -> None:
    unknown = manage("check", **PRODUCTION | {"ROUTING": "https://router.example"})
    servers = {"ROUTING": "osrm+http://router.example", "GEOCODER_URL": "http://names.example"}
    in_the_clear = manage("check", "--deploy", **PRODUCTION | servers)

    assert "swapline.E004" in unknown.stderr
    assert in_the_clear.stderr.count("swapline.W002") == 2


@pytest.mark.parametrize("kind", ["DEMO", "DEBUG"])
def test_a_laptop_needs_no_variables(kind: str) -> None:
    assert manage("check", **{kind: "1"}).returncode == 0


def test_pages_may_load_only_our_own_scripts(client: Client) -> None:
    policy = client.get("/no-such-page")["Content-Security-Policy"]

    assert "unsafe" not in policy
    assert "script-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy


def test_no_message_of_a_sweep_outlives_the_next_but_one() -> None:
    every = {task: settings.CELERY_BEAT_SCHEDULE[task] for task in settings.SWEEPS}

    assert all(entry["options"]["expires"] <= 2 * entry["schedule"].total_seconds() for entry in every.values())


def test_what_beat_sends_beside_the_sweeps_is_of_once_a_day_and_gone_within_the_hour() -> None:
    others = [settings.CELERY_BEAT_SCHEDULE[task] for task in set(settings.CELERY_BEAT_SCHEDULE) - set(settings.SWEEPS)]

    assert all(len(entry["schedule"].hour) == len(entry["schedule"].minute) == 1 for entry in others)
    assert all(entry["options"]["expires"] <= 3_600 for entry in others)


@pytest.mark.parametrize("kind", ["DEMO", "LAPTOP"])
def test_every_sweep_is_a_task_that_workers_know(kind: str) -> None:
    unknown = (
        "from config import celery_app; celery_app.loader.import_default_modules();"
        "print(sorted(set(celery_app.conf.beat_schedule) - set(celery_app.tasks)))"
    )

    answer = manage("shell", "--no-imports", "--command", unknown, **{kind: "1"})

    assert answer.stdout.strip() == "[]", answer.stderr
