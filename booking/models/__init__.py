"""Promises as rows: vehicles, tariffs, lines, bookings with their history, packs and swaps, and what drivers say."""

from booking.models.blocks import ENTRY_STATES, Block, BlockEntry, BlockEntryQuerySet
from booking.models.bookings import (
    STATES,
    Booking,
    BookingQuerySet,
    BookingStep,
    CodeAttempt,
    DisputedNoShow,
    Override,
    PlacingKey,
    Source,
)
from booking.models.forecasts import CalibrationDay, Learned, Told
from booking.models.heartbeat import Heartbeat
from booking.models.lines import BayQueue, Line
from booking.models.moves import Cause, MoveOffer, MoveOfferQuerySet, Standstill
from booking.models.notices import DELIVERY_UNDER_WAY, Delivery, DeliveryQuerySet, DeliveryState, Notice
from booking.models.opinions import Rating, Report, ReportKind, ReportQuerySet
from booking.models.places import Favourite, Gazetteer, PlaceName
from booking.models.promises import Offer, OfferedPack, OfferQuerySet, Promise
from booking.models.swaps import Direction, SwapPack
from booking.models.tariffs import Tariff
from booking.models.vehicles import Assignment, Vehicle

__all__ = [
    "DELIVERY_UNDER_WAY",
    "ENTRY_STATES",
    "STATES",
    "Assignment",
    "BayQueue",
    "Block",
    "BlockEntry",
    "BlockEntryQuerySet",
    "Booking",
    "BookingQuerySet",
    "BookingStep",
    "CalibrationDay",
    "Cause",
    "CodeAttempt",
    "Delivery",
    "DeliveryQuerySet",
    "DeliveryState",
    "Direction",
    "DisputedNoShow",
    "Favourite",
    "Gazetteer",
    "Heartbeat",
    "Learned",
    "Line",
    "MoveOffer",
    "MoveOfferQuerySet",
    "Notice",
    "Offer",
    "OfferQuerySet",
    "OfferedPack",
    "Override",
    "PlaceName",
    "PlacingKey",
    "Promise",
    "Rating",
    "Report",
    "ReportKind",
    "ReportQuerySet",
    "Source",
    "Standstill",
    "SwapPack",
    "Tariff",
    "Told",
    "Vehicle",
]
