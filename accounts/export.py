"""Everything that we keep about a person as one JSON file, written while it is read: no app's rows wait in memory."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime

from django.core.serializers.json import DjangoJSONEncoder

from accounts import keeping
from accounts.keeping import Row
from accounts.models import User


def sections(person: User) -> Iterator[tuple[str, Iterable[Row]]]:
    """Accounts first, then each app's."""
    for keeper in reversed(keeping.keepers()):
        yield from keeper.tell(person)


def chunks(person: User, *, now: datetime) -> Iterator[str]:
    """The file in pieces, one row each."""
    yield f'{{"made_at": {_json(now)}'
    for name, rows in sections(person):
        yield f",\n{_json(name)}: ["
        separator = "\n  "
        for row in rows:
            yield f"{separator}{_json(row)}"
            separator = ",\n  "
        yield "\n]"
    yield "}\n"


def _json(value: object) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False)
