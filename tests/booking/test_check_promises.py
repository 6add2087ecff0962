"""The command that proves promises: what it prints, and how it ends when one is broken."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from stations.models import Pack
from stations.states import PackState
from tests.factories.booking import Town


@pytest.mark.django_db(transaction=True)
def test_it_says_what_it_examined_and_that_all_holds() -> None:
    town = Town(packs=2)
    town.swaps(town.arrives(town.books(town.driver("Asha"))))
    town.books(town.driver("Bala"))
    told = StringIO()

    call_command("check_promises", stdout=told, no_color=True)

    lines = told.getvalue().splitlines()
    assert {line[:2] for line in lines[:-1]} == {"P1", "P2", "P4", "P6"}
    assert "P1  holds          1 rows  No pack has two live promises." in lines
    assert lines[-1].startswith("All ")


@pytest.mark.django_db(transaction=True)
def test_it_names_the_row_and_fails_when_a_promise_is_broken() -> None:
    town = Town(packs=1)
    town.books(town.driver("Asha"))
    Pack.objects.filter(pk=town.packs[0].pk).update(state=PackState.STORED, kept_until=None)
    told = StringIO()

    with pytest.raises(CommandError, match="broken promise"):
        call_command("check_promises", stdout=told, no_color=True)

    assert town.packs[0].serial in told.getvalue()
