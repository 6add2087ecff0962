"""`make run` starts where people keep their code, beside what else they run, and leaves nothing behind."""

import os
import pwd
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path

import psycopg
import pytest
from django.conf import settings

from config import embedded
from config.embedded import binaries
from tests.config.launch import Checkout, Launch, free_port, launched, wait_until

pytestmark = pytest.mark.start

MINUTE = 60


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """Code in a folder with spaces whose name is longer than a socket's may be."""
    folder = tmp_path_factory.mktemp("home") / "swap line" / ("a long way down " * 8).strip() / "checkout"
    assert len(os.fsencode(folder)) > 107
    folder.parent.mkdir(parents=True)
    checkout = Checkout(folder)
    yield checkout
    checkout.remove()


@pytest.fixture(scope="module")
def launch(checkout: Checkout) -> Iterator[Launch]:
    """A `make run` that the tests of this module share."""
    with launched(checkout) as launch:
        yield launch


def test_it_is_ready_in_a_folder_with_a_space_and_a_long_name(launch: Launch) -> None:
    assert launch.get("/healthz") == (200, "alive\n")
    assert launch.get("/readyz")[0] == 200


def test_a_fresh_checkout_offers_every_language(launch: Launch) -> None:
    page = launch.get("/sign-in/")[1]

    assert [code for code, _ in settings.WRITTEN_FOR if f'name="language" value="{code}"' not in page] == []


def test_a_second_terminal_works_on_the_running_database_without_the_owners_rights(launch: Launch) -> None:
    answer = launch.checkout.manage(
        "shell",
        "--no-imports",
        "--command",
        "from django.db import connection; connection.ensure_connection(); print(connection.connection.info.user)",
    )

    assert answer.stdout.split()[-1] == embedded.APP, answer.stderr


def test_a_second_run_of_the_same_checkout_says_that_the_first_runs(launch: Launch) -> None:
    second = Launch(launch.checkout, port=free_port())

    assert second.process.wait(MINUTE) == 1
    assert "already runs" in second.output
    assert launch.get("/healthz")[0] == 200


def test_a_test_session_of_the_same_checkout_has_services_of_its_own(launch: Launch) -> None:
    databases = launch.checkout.python(
        "from config import embedded\n"
        "import psycopg\n"
        "with embedded.services_for_tests() as mine:\n"
        "    with psycopg.connect(mine.owner_url) as session:\n"
        "        print(session.execute(\"SELECT count(*) FROM pg_tables WHERE schemaname = 'public'\").fetchone()[0])\n"
    )

    assert databases.strip() == "0", "the running network's tables are not there"
    assert launch.get("/readyz")[0] == 200


def test_a_taken_port_is_named_with_what_to_do(launch: Launch, tmp_path: Path) -> None:
    other = Checkout(tmp_path / "other")
    try:
        second = Launch(other, port=launch.port)

        assert second.process.wait(MINUTE) == 1
        assert f"make run PORT={launch.port + 1}" in second.output
        assert other.processes() == []
    finally:
        other.remove()


def test_two_checkouts_run_at_once_each_with_its_own_data(launch: Launch, tmp_path: Path) -> None:
    other = Checkout(tmp_path / "other")
    try:
        with launched(other) as second:
            assert second.get("/readyz")[0] == 200
            assert launch.get("/readyz")[0] == 200
        assert launch.get("/readyz")[0] == 200
        assert other.processes() == []
    finally:
        other.remove()


def test_pages_answer_and_workers_live_on_while_redis_is_away_for_five_seconds(launch: Launch) -> None:
    workers = launch.checkout.workers()
    [redis] = launch.checkout.services("valkey-server")
    assert len(workers) >= 2

    redis.suspend()
    try:
        until = time.monotonic() + 5
        while time.monotonic() < until:
            assert launch.get("/healthz")[0] == 200
            assert launch.get("/")[0] < 500
            time.sleep(0.5)
    finally:
        redis.resume()

    launch.wait_until_all_is_well()
    assert launch.checkout.workers() == workers


@pytest.mark.parametrize("victim", ["valkey-server", "postgres"])
def test_a_killed_service_comes_back(launch: Launch, victim: str) -> None:
    [old] = launch.checkout.services(victim)

    old.kill()

    wait_until(
        lambda: launch.checkout.services(victim) - {old}, seconds=30, otherwise=lambda: f"it did not:\n{launch.output}"
    )
    launch.wait_until_all_is_well()


def test_killed_workers_come_back_and_pages_do_not_notice(launch: Launch) -> None:
    old = launch.checkout.workers()
    assert len(old) >= 2

    for process in old:
        process.kill()

    assert launch.get("/healthz")[0] == 200
    wait_until(lambda: launch.checkout.workers() - old, seconds=30, otherwise=lambda: f"they did not:\n{launch.output}")
    launch.wait_until_all_is_well()


def test_after_kill_9_of_everything_it_starts_again(launch: Launch) -> None:
    # In this order the launcher cannot tidy up, and everything else is left for its successor or for init.
    launch.process.kill()
    launch.process.wait()
    for process in launch.checkout.processes():
        process.kill()

    with launched(launch.checkout) as again:
        assert again.get("/readyz")[0] == 200


def test_after_kill_9_of_the_launcher_alone_it_ends_the_orphans_and_leaves_nothing_at_control_c(
    launch: Launch,
) -> None:
    orphaned = Launch(launch.checkout, port=free_port())
    orphaned.wait_until_ready()
    orphaned.process.kill()
    orphaned.process.wait()
    assert launch.checkout.processes() != []

    again = Launch(launch.checkout, port=orphaned.port)
    again.wait_until_ready()
    status = again.press_control_c()

    assert status == 0
    assert launch.checkout.processes() == []
    with pytest.raises(ConnectionRefusedError), socket.socket() as attempt:
        attempt.connect(("127.0.0.1", again.port))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_after_root_an_ordinary_user_runs_services_on_the_same_machine(tmp_path: Path) -> None:
    with embedded.taken("test-as-root") as place, embedded.services_in(place, durable=False) as services:
        psycopg.connect(services.owner_url).close()
    embedded.forget("test-as-root")
    home = Path(tempfile.mkdtemp(prefix="home-", dir="/tmp"))
    games = pwd.getpwnam("games")
    os.chown(home, games.pw_uid, games.pw_gid)
    variables = {"SWAPLINE_STATE": str(home / "state"), "POSTGRES_BIN": str(binaries.postgres_folder())}

    try:
        # A forked child needs no Python of its own, which may lie where only root may read.
        child = get_context("fork").Process(target=_run_as, args=(games.pw_uid, games.pw_gid, variables))
        child.start()
        child.join(MINUTE)

        assert child.exitcode == 0
        assert (home / "state" / "test-as-user" / "postgresql-18-finished").exists()
    finally:
        shutil.rmtree(home)


def _run_as(uid: int, gid: int, variables: dict[str, str]) -> None:
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    os.environ.update(variables)
    with embedded.taken("test-as-user") as place, embedded.services_in(place, durable=False, redis=False) as services:
        psycopg.connect(services.owner_url).close()
