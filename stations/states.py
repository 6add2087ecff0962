"""The states of metal, and the steps a pack may take. Plain values: nothing of Django here."""

from __future__ import annotations

from enum import StrEnum


class Choices(StrEnum):
    """A StrEnum that a model field can list."""

    @property
    def label(self) -> str:
        return self.value.replace("_", " ")

    @classmethod
    def choices(cls) -> list[tuple[str, str]]:
        return [(member.value, member.label) for member in cls]


class StationStatus(Choices):
    OPEN = "open"
    CLOSED = "closed"
    DOWN = "down"
    PLANNED = "planned"


class BayState(Choices):
    OPEN = "open"
    OUT_OF_SERVICE = "out_of_service"


class SlotState(Choices):
    WORKING = "working"
    OUT_OF_SERVICE = "out_of_service"


class PackState(Choices):
    """Where a pack is in its life.

    stored: in a slot, kept for nobody. kept: in a slot, promised. in_vehicle: with a driver.
    quarantined: at a station and not to be handed out. away: on the road, in a workshop, or not yet delivered.
    """

    STORED = "stored"
    KEPT = "kept"
    IN_VEHICLE = "in_vehicle"
    QUARANTINED = "quarantined"
    AWAY = "away"


class PackStep(Choices):
    PROMISE = "promise"
    EXTEND = "extend"
    RELEASE = "release"
    ISSUE = "issue"
    TAKE_BACK = "take_back"
    QUARANTINE = "quarantine"
    RESTORE = "restore"
    SEND_AWAY = "send_away"


STEPS: dict[tuple[PackState, PackStep], PackState] = {
    (PackState.STORED, PackStep.PROMISE): PackState.KEPT,
    (PackState.KEPT, PackStep.EXTEND): PackState.KEPT,
    (PackState.KEPT, PackStep.RELEASE): PackState.STORED,
    (PackState.KEPT, PackStep.ISSUE): PackState.IN_VEHICLE,
    (PackState.STORED, PackStep.ISSUE): PackState.IN_VEHICLE,
    (PackState.IN_VEHICLE, PackStep.TAKE_BACK): PackState.STORED,
    (PackState.AWAY, PackStep.TAKE_BACK): PackState.STORED,
    (PackState.STORED, PackStep.QUARANTINE): PackState.QUARANTINED,
    (PackState.KEPT, PackStep.QUARANTINE): PackState.QUARANTINED,
    (PackState.QUARANTINED, PackStep.RESTORE): PackState.STORED,
    (PackState.STORED, PackStep.SEND_AWAY): PackState.AWAY,
    (PackState.QUARANTINED, PackStep.SEND_AWAY): PackState.AWAY,
}
