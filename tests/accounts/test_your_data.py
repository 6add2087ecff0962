"""Every table that leads to a person has a fate there: told or not, gone with the person or kept for a reason."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import IntegrityError, transaction
from django.test import Client, RequestFactory
from django.urls import reverse
from rest_framework.authtoken.models import Token

from accounts import deletion, devices, export, keeping, language, membership, people
from accounts.keeping import Fate
from accounts.models import AccessChange, Deletion, Role, User
from booking.models import Booking
from booking.views.account import rooms
from tests.booking.driving import heading, signed_in, text
from tests.factories.accounts import OperatorFactory, UserFactory, WorkerFactory

pytestmark = pytest.mark.django_db


def columns_that_name_a_person() -> dict[str, str]:
    """Columns that lead to a person at once or by one of their bookings, and how a query asks for the person's."""
    ways: dict[Any, str] = {User: "", Booking: "__driver"}
    return {
        f"{model._meta.label}.{column.name}": f"{column.name}{ways[column.related_model]}"
        for model in apps.get_models()
        for column in model._meta.concrete_fields
        if column.is_relation and column.related_model in ways and not model._meta.proxy
    }


# --- Complete -------------------------------------------------------------------------------------------------------


def test_every_column_that_names_a_person_has_a_fate() -> None:
    without = set(columns_that_name_a_person()) - set(keeping.fates())

    assert without == set(), "give these a Fate in the `personal` module of their app"


def test_every_fate_is_of_a_column_that_exists() -> None:
    assert set(keeping.fates()) - set(columns_that_name_a_person()) == set()


def test_every_section_that_a_fate_names_is_in_the_export() -> None:
    sections = {name for name, _rows in export.sections(UserFactory())}

    assert {fate.told for fate in keeping.fates().values() if fate.told} - sections == set()


@pytest.mark.parametrize("both", [{}, {"told": "devices", "untold": "a secret"}])
def test_a_fate_tells_in_a_section_or_says_why_not(both: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="says why not"):
        Fate(**both)


def rows_of(person: User) -> dict[str, int]:
    """How many rows each column still has that name the person."""
    return {
        label: apps.get_model(label.rpartition(".")[0])._base_manager.filter(**{way: person}).count()
        for label, way in columns_that_name_a_person().items()
    }


def test_what_is_said_to_go_has_gone() -> None:
    asha: User = UserFactory(name="Asha")
    signed_in(asha).get("/account/devices/")
    Token.objects.create(user=asha)
    assert rows_of(asha)["accounts.Device.user"] == 1

    deletion.delete(person=asha)

    left = {column for column, count in rows_of(asha).items() if count}
    assert {column for column in left if not keeping.fates()[column].stays} == set()


# --- Leaving --------------------------------------------------------------------------------------------------------


def test_a_deleted_person_is_nobody() -> None:
    asha: User = UserFactory(name="Asha", language="pt", email="asha@swapline.test")

    deletion.delete(person=asha)

    row = User.objects.get(pk=asha.pk)
    assert (row.name, row.phone, row.email, row.language, row.last_login) == ("", None, None, "", None)
    assert not row.is_active
    assert not row.has_usable_password()
    assert Deletion.objects.get().person == row


def test_the_same_phone_number_makes_a_new_person() -> None:
    asha: User = UserFactory(phone="+351912345678")
    deletion.delete(person=asha)

    again = people.known_or_new(phone="+351912345678")

    assert again.pk != asha.pk


def test_the_database_refuses_a_deleted_person_with_a_name() -> None:
    asha: User = UserFactory()
    deletion.delete(person=asha)

    with pytest.raises(IntegrityError, match="deleted_person_is_nobody"), transaction.atomic():
        User.objects.filter(pk=asha.pk).update(name="Asha")


def test_nobody_is_deleted_twice_or_let_in_again() -> None:
    asha: User = UserFactory()
    deletion.delete(person=asha)

    with pytest.raises(people.PersonDeleted):
        deletion.delete(person=asha)
    with pytest.raises(people.PersonDeleted):
        people.unblock(user=asha, by=None, reason="asked")


@pytest.mark.parametrize(
    ("page", "sent", "to"),
    [
        (rooms.rename, {"name": "Asha R."}, "/sign-in/"),
        (language.choose, {"language": "en", "next": "/rules/"}, "/rules/"),
    ],
)
def test_what_is_changed_in_another_tab_while_leaving_ends_calmly(
    rf: RequestFactory, page: Any, sent: dict[str, str], to: str
) -> None:
    asha: User = UserFactory()
    request = rf.post("/", sent)
    request.user = User.objects.get(pk=asha.pk)
    deletion.delete(person=asha)

    answer = page(request)

    assert (answer.status_code, answer["Location"]) == (302, to)
    left = User.objects.get(pk=asha.pk)
    assert (left.name, left.language) == ("", "")


def test_nobody_who_has_left_gets_a_number_again() -> None:
    asha: User = UserFactory()
    before = User.objects.get(pk=asha.pk)
    deletion.delete(person=asha)

    with pytest.raises(people.PersonDeleted):
        people.take_contact(user=before, phone="+351912345678")


def test_a_role_stands_in_the_way_until_it_is_ended() -> None:
    duarte: User = WorkerFactory()
    held = membership.grant(user=duarte, organisation=OperatorFactory(), role=Role.STAFF, by=None)

    with pytest.raises(deletion.CannotDeleteYet, match="Ask them to end that role"):
        deletion.delete(person=duarte)
    membership.end(membership=held, by=None)
    deletion.delete(person=duarte)

    assert AccessChange.objects.filter(user=duarte).count() == 2


def test_who_is_blocked_does_not_escape_by_leaving() -> None:
    asha: User = UserFactory()
    people.block(user=asha, by=None, reason="fraud")

    with pytest.raises(deletion.CannotDeleteYet, match="blocked"):
        deletion.delete(person=User.objects.get(pk=asha.pk))


# --- The pages ------------------------------------------------------------------------------------------------------


def test_a_person_leaves_by_typing_the_word_and_is_signed_out_everywhere() -> None:
    asha: User = UserFactory()
    phone, laptop = signed_in(asha), signed_in(asha)
    laptop.get(reverse("devices"))

    answer = phone.post(reverse("delete_account"), {"typed": " delete "}, follow=True)

    assert heading(answer) == "Your account is deleted"
    assert laptop.get(reverse("devices")).status_code == 302
    assert User.objects.get(pk=asha.pk).deleted_at is not None


@pytest.mark.parametrize("typed", ["", "yes", "\0", "DELETE" * 20])
def test_without_the_word_nothing_is_deleted(typed: str) -> None:
    asha: User = UserFactory()

    answer = signed_in(asha).post(reverse("delete_account"), {"typed": typed})

    assert answer.status_code == 400
    assert User.objects.get(pk=asha.pk).deleted_at is None


def stale(client: Client) -> Client:
    """As if the sign-in were an hour old."""
    session = client.session
    session[devices.SIGNED_IN_AT] -= 3_600
    session.save()
    return client


@pytest.mark.parametrize(("method", "name"), [("get", "delete_account"), ("post", "export_data")])
def test_an_old_sign_in_is_not_enough_for_all_of_a_persons_data(method: str, name: str) -> None:
    client = stale(signed_in(UserFactory()))

    answer = getattr(client, method)(reverse(name))

    assert answer.status_code == 403
    assert heading(answer) == "Sign in once more"


def test_an_old_sign_in_deletes_nobody() -> None:
    asha: User = UserFactory()

    stale(signed_in(asha)).post(reverse("delete_account"), {"typed": "DELETE"})

    assert User.objects.get(pk=asha.pk).deleted_at is None


def test_signing_in_again_leads_back_to_the_data() -> None:
    client = stale(signed_in(UserFactory()))
    page = client.get(reverse("delete_account"))

    left = client.post(reverse("account_logout"), {"next": page.context["sign_in_again"]})

    assert left["Location"] == f"{reverse('account_request_login_code')}?next={reverse('delete_account')}"


def test_the_file_is_taken_five_times_an_hour_and_no_more() -> None:
    client = signed_in(UserFactory())

    answers = [client.post(reverse("export_data")) for _time in range(6)]

    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert "Try again in an hour" in text(answers[-1])


# --- On behalf ------------------------------------------------------------------------------------------------------


def test_an_operator_forgets_a_person_only_after_saying_yes(capsys: Any) -> None:
    asha: User = UserFactory(phone="+351912345678")
    call_command("forget_person", phone="+351912345678", reason="letter 12")
    assert User.objects.get(pk=asha.pk).deleted_at is None

    call_command("forget_person", phone="+351912345678", reason="letter 12", yes=True)

    assert Deletion.objects.get(person=asha).reason == "letter 12"
    assert "Asha" not in capsys.readouterr().out


def test_an_operator_cannot_forget_whom_a_rule_keeps() -> None:
    asha: User = UserFactory()
    people.block(user=asha, by=None, reason="fraud")

    with pytest.raises(CommandError, match="blocked"):
        call_command("forget_person", id=asha.pk, reason="letter 12", yes=True)
    with pytest.raises(CommandError, match="Nobody has this"):
        call_command("forget_person", phone="+351900000000", reason="letter 13", yes=True)


def test_the_back_office_shows_deletions_and_changes_nothing_about_them() -> None:
    chief: User = WorkerFactory(is_staff=True, is_superuser=True)
    asha: User = UserFactory()
    row = deletion.delete(person=asha, by=chief, reason="letter 12")
    client = signed_in(chief)

    assert "letter 12" in client.get("/admin/accounts/deletion/").content.decode()
    assert client.post(f"/admin/accounts/deletion/{row.pk}/change/", {"reason": "no"}).status_code == 403
    assert 'name="_save"' not in client.get(f"/admin/accounts/user/{asha.pk}/change/").content.decode()
