"""The nearest stations, exactly and by an index, wherever on earth one stands.

Every station is a point on a sphere of radius one. Seen from far above one of the six faces of a cube around that
sphere, two points never look farther apart than the straight line (the chord) between them is. So, in the face above
the place asked for:

1. the k stations that look nearest come from the index; the longest chord among them is the reach: the k that truly
   are nearest all lie within it;
2. whatever looks no farther away than the reach comes from the same index, and is put in its true order.

The face shows one half of the sphere; the half behind it is searched as well when the reach is long enough to get
there. No pole and no antimeridian is special. docs/adr/nearby-search.md has the reasoning and the measurements.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

from stations.geo import Place, on_unit_sphere
from stations.states import StationStatus

# Per axis that points at the place asked for: the two coordinates that are seen along it.
_SEEN = {"x": ("y", "z"), "y": ("x", "z"), "z": ("x", "y")}

_FACING = {True: "{axis} >= 0", False: "{axis} < 0"}

_CHORD_SQUARED = (
    "((station.x - %(x)s) * (station.x - %(x)s) + (station.y - %(y)s) * (station.y - %(y)s)"
    " + (station.z - %(z)s) * (station.z - %(z)s))"
)
# The chord to the opposite place: with it, half the angle is exact for neighbours and for antipodes (see geo).
_OPPOSITE_SQUARED = _CHORD_SQUARED.replace(" - %", " + %")

# Rounding of coordinates and squares, some micrometres on earth: the reach may be too long, never too short.
_REACH = """
    WITH apparent AS MATERIALIZED (
        SELECT {chord_squared} AS chord_squared
        FROM stations_station station
        WHERE {facing} AND {wanted}
        ORDER BY point(station.{u}, station.{v}) <-> point(%({u})s, %({v})s)
        LIMIT %(limit)s
    ), reach AS MATERIALIZED (
        SELECT CASE WHEN count(*) < %(limit)s THEN 2.0 ELSE sqrt(max(chord_squared)) END * (1 + 1e-12) + 1e-12 AS chord
        FROM apparent
    )
"""

_CANDIDATES = """
    SELECT station.id, atan2(sqrt({chord_squared}), sqrt({opposite_squared})) AS half_angle
    FROM stations_station station
    WHERE {facing} AND {wanted}
        AND point(station.{u}, station.{v}) <@ circle(point(%({u})s, %({v})s), (SELECT chord FROM reach))
        AND {chord_squared} <= (SELECT chord * chord FROM reach)
"""

_BEHIND_TOO = """
        AND (SELECT chord FROM reach) >= abs(%({axis})s)
    ORDER BY half_angle, id
    LIMIT %(limit)s
"""

Parameters = dict[str, float | int | bool | list[str]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which stations count: those that have slots for the class, of one network or of all, with all these amenities."""

    pack_class_id: int
    network_id: int | None = None
    is_staffed: bool | None = None
    amenities: tuple[str, ...] = ()
    statuses: tuple[str, ...] = (StationStatus.OPEN.value,)


def nearest_ids(*, at: Place, wanted: Wanted, limit: int) -> list[int]:
    """Ids of the nearest stations in order of great-circle distance; equal places in order of id."""
    sql, parameters = statement(at=at, wanted=wanted, limit=limit)
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return [station_id for station_id, _half_angle in cursor.fetchall()]


def statement(*, at: Place, wanted: Wanted, limit: int) -> tuple[str, Parameters]:
    """The one statement that finds them. Only names from this module are written into it; values are parameters."""
    here = dict(zip("xyz", on_unit_sphere(at), strict=True))
    axis = max(here, key=lambda name: abs(here[name]))
    u, v = _SEEN[axis]
    conditions, parameters = _conditions(wanted)
    parts = {
        "u": u,
        "v": v,
        "wanted": conditions,
        "chord_squared": _CHORD_SQUARED,
        "opposite_squared": _OPPOSITE_SQUARED,
    }
    near, far = ("station." + _FACING[side].format(axis=axis) for side in (here[axis] >= 0, here[axis] < 0))
    sql = "".join(
        (
            _REACH.format(**parts, facing=near),
            _CANDIDATES.format(**parts, facing=near),
            "UNION ALL",
            _CANDIDATES.format(**parts, facing=far),
            _BEHIND_TOO.format(axis=axis),
        )
    )
    return sql, {**here, **parameters, "limit": limit}


def _conditions(wanted: Wanted) -> tuple[str, Parameters]:
    conditions = ["station.status = ANY(%(statuses)s)"]
    parameters: Parameters = {"statuses": list(wanted.statuses), "pack_class": wanted.pack_class_id}
    if wanted.network_id is not None:
        conditions.append("station.network_id = %(network)s")
        parameters["network"] = wanted.network_id
    if wanted.is_staffed is not None:
        conditions.append("station.is_staffed = %(is_staffed)s")
        parameters["is_staffed"] = wanted.is_staffed
    if wanted.amenities:
        conditions.append("station.amenities @> to_jsonb(%(amenities)s::text[])")
        parameters["amenities"] = list(wanted.amenities)
    conditions.append(
        "EXISTS (SELECT FROM stations_slot slot"
        " WHERE slot.station_id = station.id AND slot.pack_class_id = %(pack_class)s)"
    )
    return " AND ".join(conditions), parameters
