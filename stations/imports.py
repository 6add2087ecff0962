"""Brings stations from files into a network: new ones are created, known ones corrected, a second time changes nothing.

A station is known by its code within the network. What a file does not name is left as it is; status, hours, slots
and packs are never touched. Bad rows are reported, and the good ones go in, in one transaction.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from accounts import phones
from accounts.models import Network, Organisation
from accounts.refusals import Refusal
from stations import geo
from stations.models import Station
from stations.station_files import BadRow, Row

REQUIRED = ("code", "latitude", "longitude")
TEXTS = ("name", "address", "city", "country", "time_zone", "currency")
PHONE = "contact_phone"
AMENITIES = "amenities"
FIELDS = (*REQUIRED, *TEXTS, PHONE, AMENITIES)
BATCH = 500

# Codes as people list them: "toilet; coffee", "toilet,coffee", or the brackets and quotes of a GeoJSON list.
_CODE = re.compile(r"""[^\s;,|\[\]"']+""")
_NUMBER = re.compile(r"[+-]?\d{1,20}(\.\d{1,30})?([eE][+-]?\d{1,3})?", re.ASCII)


class BadValue(Refusal):
    """A row that cannot be a station."""

    code = "bad_row"


@dataclass(frozen=True, slots=True)
class Plan:
    """How to read the columns, and what new stations get that the file does not say."""

    network: Network
    owner: Organisation
    columns: Mapping[str, str]  # field -> column
    datum: str = "wgs84"
    status: str = "planned"
    defaults: Mapping[str, str] = field(default_factory=dict)

    def column(self, name: str) -> str:
        return self.columns.get(name, name)

    def wanted_columns(self) -> set[str]:
        """Without these a file is of no use: what every station needs, and what was named."""
        return {self.column(name) for name in REQUIRED} | set(self.columns.values())


@dataclass(frozen=True, slots=True)
class Reading:
    """A station as a row describes it, not saved, and the fields that stand in the row itself."""

    station: Station
    read: frozenset[str]


@dataclass(slots=True)
class Report:
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: list[BadRow] = field(default_factory=list)


@transaction.atomic
def import_stations(*, rows: Iterable[Row | BadRow], plan: Plan) -> Report:
    """Locks the network's row, so that two imports into one network follow each other."""
    Network.objects.select_for_update(no_key=True).get(pk=plan.network.pk)
    report, seen, batch = Report(), dict[str, int](), list[Reading]()
    for row in rows:
        try:
            batch.append(_reading(row, plan, seen))
        except BadValue as refusal:
            report.refused.append(BadRow(row.number, refusal.sentence))
        if len(batch) == BATCH:
            _write(batch, plan, report)
            batch = []
    _write(batch, plan, report)
    return report


def _reading(row: Row | BadRow, plan: Plan, seen: dict[str, int]) -> Reading:
    """What a row describes, or the reason why it describes no station."""
    if isinstance(row, BadRow):
        raise BadValue(row.reason)
    code = slugify(re.sub(r"[\s/:.]+", "-", _value(row, plan, "code")))
    if not code:
        raise BadValue(_("has no code of Latin letters or digits"))
    if code in seen:
        raise BadValue(_("repeats the code %(code)s of row %(number)s") % {"code": code, "number": seen[code]})
    read = {name: text for name in TEXTS if (text := _value(row, plan, name))}
    texts = {"name": code, **plan.defaults, **read}
    if phone := _phone(row, plan, texts.get("country", "")):
        texts[PHONE] = read[PHONE] = phone
    amenities = _CODE.findall(_value(row, plan, AMENITIES).casefold())
    place = _place(row, plan, texts.get("country", ""))
    station = Station(
        network=plan.network,
        owner=plan.owner,
        code=code,
        latitude=place.latitude,
        longitude=place.longitude,
        source_datum=plan.datum,
        status=plan.status,
        amenities=sorted(set(amenities)),
        **texts,
    )
    try:
        station.clean_fields(exclude=["network", "owner"])
    except ValidationError as error:
        raise BadValue(_explain(error)) from error
    seen[code] = row.number
    return Reading(station, frozenset({*read, AMENITIES} if amenities else read))


def _phone(row: Row, plan: Plan, country: str) -> str:
    """Whom drivers call, however it is written; without a country code a number of the station's country."""
    typed = _value(row, plan, PHONE)
    try:
        return phones.e164(typed, country=country) if typed else ""
    except phones.NotAPhoneNumber as refusal:
        raise BadValue(f"{PHONE}: {refusal.sentence}") from refusal


def _place(row: Row, plan: Plan, country: str) -> geo.Place:
    latitude, longitude = (_number(row, plan, name) for name in ("latitude", "longitude"))
    try:
        place = geo.place(latitude=latitude, longitude=longitude)
    except geo.BadCoordinates as refusal:
        raise BadValue(refusal.sentence) from refusal
    if place == (0.0, 0.0):
        raise BadValue(_("lies at 0, 0, which is how a missing position is often written"))
    if plan.datum == "wgs84":
        return place
    if not geo.is_drawn_in_gcj02(country):
        raise BadValue(_("is said to be in GCJ-02, which only maps of mainland China (CN) use"))
    return geo.place(**geo.gcj02_to_wgs84(place)._asdict())


def _number(row: Row, plan: Plan, name: str) -> float:
    text = _value(row, plan, name)
    if not _NUMBER.fullmatch(text):
        raise BadValue(_("has no number as its %(name)s: %(text)s") % {"name": name, "text": repr(text[:40])})
    return float(text)


def _value(row: Row, plan: Plan, name: str) -> str:
    return row.values.get(plan.column(name), "").strip()


def _explain(error: ValidationError) -> str:
    return "; ".join(f"{name}: {' '.join(sentences)}" for name, sentences in error.message_dict.items())


def _write(batch: list[Reading], plan: Plan, report: Report) -> None:
    codes = [reading.station.code for reading in batch]
    known = {station.code: station for station in Station.objects.filter(network=plan.network, code__in=codes)}
    fresh = [reading.station for reading in batch if reading.station.code not in known]
    Station.objects.bulk_create(fresh)
    report.created += len(fresh)
    for reading in batch:
        if reading.station.code in known:
            _correct(known[reading.station.code], reading, report)


def _correct(known: Station, reading: Reading, report: Report) -> None:
    """Take over what the row says; what it leaves empty, or does not have, stays as it was."""
    fields = sorted({"latitude", "longitude", "source_datum"} | reading.read)
    changed = [name for name in fields if getattr(known, name) != getattr(reading.station, name)]
    for name in changed:
        setattr(known, name, getattr(reading.station, name))
    if changed:
        known.save(update_fields=changed)
        report.changed += 1
    else:
        report.unchanged += 1
