"""Settings are safe on a laptop and in production, and refuse what is known not to work."""

import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.test import Client

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


@pytest.mark.parametrize("kind", ["DEMO", "DEBUG"])
def test_a_laptop_needs_no_variables(kind: str) -> None:
    assert manage("check", **{kind: "1"}).returncode == 0


def test_pages_may_load_only_our_own_scripts(client: Client) -> None:
    policy = client.get("/no-such-page")["Content-Security-Policy"]

    assert "unsafe" not in policy
    assert "script-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy


def test_no_message_of_a_sweep_outlives_two_seconds() -> None:
    assert all(entry["options"]["expires"] <= 2 for entry in settings.CELERY_BEAT_SCHEDULE.values())


@pytest.mark.parametrize("kind", ["DEMO", "LAPTOP"])
def test_every_sweep_is_a_task_that_workers_know(kind: str) -> None:
    unknown = (
        "from config import celery_app; celery_app.loader.import_default_modules();"
        "print(sorted(set(celery_app.conf.beat_schedule) - set(celery_app.tasks)))"
    )

    answer = manage("shell", "--no-imports", "--command", unknown, **{kind: "1"})

    assert answer.stdout.strip() == "[]", answer.stderr
