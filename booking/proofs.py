"""Proves on the database what promises P1, P2, P4 and P6 need of bookings. Composed by `check_promises`."""

from __future__ import annotations

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from accounts.evidence import CheckResult
from booking import pricing
from payments.money import EXPONENTS

_LIVE_PROMISES = "SELECT count(*) FROM booking_promise WHERE ended_at IS NULL"
_LIVE = "state IN ('waiting', 'promised', 'arrived', 'swapping')"

_PROMISED_TWICE = """
    SELECT 'pack ' || pack_id || ': bookings ' || string_agg(booking_id::text, ', ' ORDER BY booking_id)
    FROM booking_promise WHERE ended_at IS NULL GROUP BY pack_id HAVING count(*) > 1
"""
_PROMISED_NOT_KEPT = """
    SELECT 'booking ' || booking.id || ': pack ' || pack.serial
    FROM booking_promise promise
    JOIN booking_booking booking ON booking.id = promise.booking_id
    JOIN booking_line line ON line.id = booking.line_id
    JOIN stations_pack pack ON pack.id = promise.pack_id
    WHERE promise.ended_at IS NULL
      AND (pack.state, pack.station_id, pack.pack_class_id)
          IS DISTINCT FROM ('kept', booking.station_id, line.pack_class_id)
"""
_KEPT_FOR_NOBODY = """
    SELECT 'pack ' || pack.serial FROM stations_pack pack
    WHERE pack.state = 'kept'
      AND NOT EXISTS (SELECT FROM booking_promise p WHERE p.pack_id = pack.id AND p.ended_at IS NULL)
      AND NOT EXISTS (SELECT FROM booking_offeredpack o WHERE o.pack_id = pack.id AND o.ended_at IS NULL)
"""
_LIVE_OFFERS = "SELECT count(*) FROM booking_offeredpack WHERE ended_at IS NULL"
_OFFERED_AND_PROMISED = """
    SELECT 'pack ' || pack_id || ': ' || count(*) || ' times'
    FROM (SELECT pack_id FROM booking_promise WHERE ended_at IS NULL
          UNION ALL SELECT pack_id FROM booking_offeredpack WHERE ended_at IS NULL) held
    GROUP BY pack_id HAVING count(*) > 1
"""
_OFFERED_NOT_KEPT = """
    SELECT 'booking ' || booking.id || ' (' || booking.state || '): pack ' || pack.serial
    FROM booking_offeredpack offered
    JOIN booking_offer offer ON offer.id = offered.offer_id
    JOIN booking_booking booking ON booking.id = offer.booking_id
    JOIN booking_line line ON line.id = booking.line_id
    JOIN stations_pack pack ON pack.id = offered.pack_id
    WHERE offered.ended_at IS NULL
      AND (pack.state, pack.station_id, pack.pack_class_id, booking.state, offer.ended_at IS NULL)
          IS DISTINCT FROM ('kept', booking.station_id, line.pack_class_id, 'waiting', true)
"""
# A promised or arrived booking has all its packs; at the bay some of them may have gone out, or have failed and not
# been replaced yet; any other has none.
_WRONG_NUMBER_OF_PACKS = f"""
    SELECT 'booking ' || booking.id || ' (' || booking.state || '): ' || held.packs || ' of ' || booking.packs_wanted
    FROM booking_booking booking
    CROSS JOIN LATERAL (
        SELECT (SELECT count(*) FROM booking_promise p WHERE p.booking_id = booking.id AND p.ended_at IS NULL)
             + CASE WHEN booking.state = 'swapping' THEN (
                   SELECT count(*) FROM booking_swappack s
                   WHERE s.booking_id = booking.id AND s.direction = 'out' AND s.undone_at IS NULL) ELSE 0 END AS packs
    ) held
    WHERE held.packs
          <> CASE WHEN booking.state IN ('promised', 'arrived', 'swapping') THEN booking.packs_wanted ELSE 0 END
      AND ({_LIVE} OR held.packs > 0)
      AND NOT (booking.state = 'swapping' AND held.packs < booking.packs_wanted
               AND EXISTS (SELECT FROM booking_promise failed
                           WHERE failed.booking_id = booking.id AND failed.end_reason = 'pack_failed'))
"""  # noqa: S608  # a constant of this module
# Whoever moved to a line was numbered there when they came. Their place is by joining, which was never after it.
_OUT_OF_ORDER = """
    SELECT 'line ' || line_id || ': sequence ' || sequence
    FROM (SELECT line_id, sequence, came_at, lag(came_at) OVER (PARTITION BY line_id ORDER BY sequence) AS before
          FROM (SELECT booking.line_id, booking.sequence, coalesce(moved.at, booking.joined_at) AS came_at
                FROM booking_booking booking
                LEFT JOIN (SELECT booking_id, max(at) AS at FROM booking_bookingstep WHERE step = 'move'
                           GROUP BY booking_id) moved ON moved.booking_id = booking.id) came) numbered
    WHERE came_at < before
"""
_MOVES = "SELECT count(*) FROM booking_bookingstep WHERE step = 'move'"
_MOVED_UP = """
    SELECT 'booking ' || booking.id || ': joined at ' || booking.joined_at || ', or at ' || joined.at
    FROM booking_booking booking
    JOIN booking_bookingstep joined ON joined.booking_id = booking.id AND joined.step = 'join'
    WHERE joined.at <> booking.joined_at
      AND EXISTS (SELECT FROM booking_bookingstep moved WHERE moved.booking_id = booking.id AND moved.step = 'move')
"""
# Each move has the offer that was taken in that instant; and everybody who waited there and had joined later reads why.
_MOVED_WITHOUT_OFFER = """
    SELECT 'step ' || step.id FROM booking_bookingstep step
    WHERE step.step = 'move'
      AND NOT EXISTS (SELECT FROM booking_moveoffer offer JOIN booking_line line ON line.id = step.line_id
                      WHERE offer.booking_id = step.booking_id AND offer.to_station_id = line.station_id
                        AND offer.end_reason = 'moved' AND offer.ended_at = step.at)
"""
_PASSED_WITHOUT_WORD = """
    SELECT 'booking ' || moved.id || ' passed booking ' || later.id || ' at ' || step.at
    FROM booking_bookingstep step
    JOIN booking_booking moved ON moved.id = step.booking_id
    JOIN booking_booking later ON later.joined_at > moved.joined_at AND later.joined_at < step.at
         AND (later.ended_at IS NULL OR later.ended_at >= step.at)
    WHERE step.step = 'move'
      AND ('waiting', step.line_id) = (
          SELECT last.to_state, last.line_id FROM booking_bookingstep last
          WHERE last.booking_id = later.id AND last.id < step.id ORDER BY last.id DESC LIMIT 1)
      AND NOT EXISTS (SELECT FROM booking_bookingstep told
                      WHERE told.booking_id = later.id AND told.step = 'pass_over' AND told.exception = 'rule_7'
                        AND told.at = step.at)
"""
_GRANTS = "SELECT count(*) FROM booking_bookingstep WHERE step IN ('promise', 'promise_here', 'offer')"
# At each promise and offer: whoever joined earlier and was waiting in the same line at that step, wherever both are
# now. Steps of one line are numbered under its lock, so their ids stand in the order in which they were taken.
_OVERTOOK = """
    WITH granted AS (
        SELECT step.id, step.at, booking.id AS booking_id, coalesce(step.line_id, booking.line_id) AS line_id,
               booking.joined_at, step.line_sequence AS sequence
        FROM booking_bookingstep step JOIN booking_booking booking ON booking.id = step.booking_id
        WHERE step.step IN ('promise', 'promise_here', 'offer') AND step.exception = ''
    ), there AS (
        SELECT id, line_id, joined_at, sequence, ended_at FROM booking_booking
        UNION ALL
        SELECT DISTINCT booking.id, step.line_id, booking.joined_at, step.line_sequence, booking.ended_at
        FROM booking_bookingstep moved
        JOIN booking_booking booking ON booking.id = moved.booking_id
        JOIN booking_bookingstep step ON step.booking_id = booking.id AND step.line_id <> booking.line_id
        WHERE moved.step = 'move'
    )
    SELECT 'booking ' || granted.booking_id || ' overtook booking ' || earlier.id || ' at ' || granted.at
    FROM granted
    JOIN there earlier ON earlier.line_id = granted.line_id
         AND (earlier.joined_at, earlier.sequence) < (granted.joined_at, granted.sequence)
         AND (earlier.ended_at IS NULL OR earlier.ended_at >= granted.at)
    WHERE ('waiting', granted.line_id) = (
        SELECT last.to_state, coalesce(last.line_id, earlier.line_id) FROM booking_bookingstep last
        WHERE last.booking_id = earlier.id AND last.id < granted.id ORDER BY last.id DESC LIMIT 1)
"""
_EXCEPTIONS = "SELECT count(*) FROM booking_bookingstep WHERE exception <> ''"
_UNKNOWN_EXCEPTION = """
    SELECT 'step ' || id || ': ' || exception FROM booking_bookingstep
    WHERE exception NOT IN ('', 'rule_1', 'rule_2', 'rule_6', 'rule_7', 'rule_10', 'rule_11', 'override')
"""
# A promise by rule 11 is an offer that was taken in that instant, and an offer by rule 11 comes after somebody else's.
_NOT_OFFERED_FIRST = """
    SELECT 'step ' || step.id || ': ' || step.step FROM booking_bookingstep step
    WHERE step.exception = 'rule_11'
      AND CASE WHEN step.step IN ('promise', 'promise_here') THEN NOT EXISTS (
              SELECT FROM booking_bookingstep taken
              WHERE taken.booking_id = step.booking_id AND taken.step = 'take_offer'
                AND taken.at = step.at AND taken.id < step.id)
          WHEN step.step = 'offer' THEN NOT EXISTS (
              SELECT FROM booking_bookingstep before
              WHERE before.line_id = step.line_id AND before.booking_id <> step.booking_id
                AND before.step = 'offer' AND before.id < step.id)
          ELSE false END
"""
# A promise by rule 10 has, in the same instant, the row of somebody who joined earlier and stood back for it.
_NOBODY_STOOD_BACK = """
    SELECT 'step ' || step.id || ': ' || step.step FROM booking_bookingstep step
    JOIN booking_booking booking ON booking.id = step.booking_id
    WHERE step.exception = 'rule_10' AND step.step IN ('promise', 'promise_here')
      AND NOT EXISTS (
          SELECT FROM booking_bookingstep back
          JOIN booking_booking other ON other.id = back.booking_id
          WHERE back.line_id = step.line_id AND other.joined_at < booking.joined_at
            AND back.step = 'pass_over' AND back.exception = 'rule_10' AND back.at = step.at AND back.id < step.id)
"""
_OVERRIDE_WITHOUT_REASON = """
    SELECT 'step ' || step.id FROM booking_bookingstep step
    WHERE step.exception = 'override' AND step.step IN ('go_first', 'start', 'pass_over') AND step.reason = ''
    UNION ALL
    SELECT 'step ' || step.id FROM booking_bookingstep step
    WHERE step.exception = 'override' AND step.step IN ('promise', 'promise_here', 'offer')
      AND NOT EXISTS (SELECT FROM booking_bookingstep why WHERE why.booking_id = step.booking_id
                      AND why.step = 'go_first' AND why.reason <> '' AND why.id < step.id)
"""
_HISTORY_ENDS_ELSEWHERE = """
    SELECT 'booking ' || booking.id || ' is ' || booking.state || ', history ' || coalesce(last.to_state, 'nothing')
    FROM booking_booking booking
    LEFT JOIN LATERAL (SELECT to_state FROM booking_bookingstep step WHERE step.booking_id = booking.id
                       ORDER BY id DESC LIMIT 1) last ON true
    WHERE last.to_state IS DISTINCT FROM booking.state
"""
_BOOKINGS = "SELECT count(*) FROM booking_booking"
_COMPLETED = "SELECT count(*) FROM booking_booking WHERE state = 'completed'"
_SWAPPED_WITHOUT_SALE = """
    SELECT 'booking ' || booking.id FROM booking_booking booking
    LEFT JOIN payments_sale sale ON sale.reference = booking.public_id
    WHERE booking.state = 'completed' AND (sale.id IS NULL OR sale.gross_minor <> booking.price_minor)
"""
_SALES = "SELECT count(*) FROM payments_sale"
_SALE_WITHOUT_SWAP = """
    SELECT 'sale ' || sale.id FROM payments_sale sale
    LEFT JOIN booking_booking booking ON booking.public_id = sale.reference
    WHERE booking.state IS DISTINCT FROM 'completed'
"""
_ENDED = "SELECT count(*) FROM booking_booking WHERE state IN ('expired', 'cancelled')"
# Money of a booking that ended without a swap is let go, or on its way: an operation under way stands in a row (P6).
_KEPT_FOR_NOTHING = """
    SELECT 'booking ' || booking.id || ': payment ' || payment.id || ' is ' || payment.state
    FROM booking_booking booking JOIN payments_payment payment ON payment.id = booking.payment_id
    WHERE booking.state IN ('expired', 'cancelled')
      AND payment.state NOT IN ('released', 'refused')
      AND payment.captured_minor >= payment.refunded_minor
      AND NOT EXISTS (SELECT FROM payments_paymentoperation operation
                      WHERE operation.payment_id = payment.id AND operation.ended_at IS NULL)
"""
_LIVE_BOOKINGS = f"SELECT count(*) FROM booking_booking WHERE {_LIVE}"  # noqa: S608  # a constant of this module
# A live booking without certain money has the question for it in a row, or was let in by staff with a reason.
_NOBODY_ASKS_FOR_MONEY = """
    SELECT 'booking ' || booking.id FROM booking_booking booking
    LEFT JOIN payments_payment payment ON payment.id = booking.payment_id
    WHERE booking.state IN ('waiting', 'promised') AND booking.authorised_at IS NULL AND booking.here_at IS NULL
      AND NOT EXISTS (SELECT FROM payments_paymentoperation operation
                      WHERE operation.payment_id = payment.id AND operation.kind = 'authorise'
                        AND operation.ended_at IS NULL)
"""
_PROMISE_WITHOUT_END = """
    SELECT 'booking ' || id FROM booking_booking
    WHERE state = 'promised' AND (lapses_at IS NULL OR promise_ends_at IS NULL)
"""
_DELIVERIES = "SELECT count(*) FROM booking_delivery"
# Later than this, workers have not looked for a quarter of an hour: what people were to be told is stuck.
_OVERDUE_DELIVERY = """
    SELECT 'delivery ' || id || ' (' || way || '): due since ' || next_try_at FROM booking_delivery
    WHERE state IN ('planned', 'sending') AND next_try_at < now() - interval '15 minutes'
"""
# Steps that a driver must hear of, since the first notice was written. What they saw in the moment of joining or of
# taking an offer is not told again, and a walk-in has nobody to tell.
_TOLD = """
    FROM booking_bookingstep step
    JOIN booking_booking booking ON booking.id = step.booking_id AND booking.driver_id IS NOT NULL
    JOIN (VALUES ('promise', 'promised'), ('offer', 'offered'), ('call', 'called'),
                 ('finish', 'completed'), ('lapse', 'ended'), ('nobody_confirmed', 'moved_back'),
                 ('give_up', 'ended'), ('abandon', 'ended'), ('offer_move', 'may_move'),
                 ('refuse_payment', 'payment_refused'))
         told (step, kind) ON told.step = step.step
    WHERE step.at >= (SELECT min(at) FROM booking_notice) AND (step.step NOT IN ('promise', 'offer')
        OR (step.at <> booking.joined_at AND step.at IS DISTINCT FROM booking.took_below_target_at))
"""
_STEPS_TOLD = f"SELECT count(*) {_TOLD}"
_STEP_NOT_TOLD = f"""
    SELECT 'step ' || step.id || ' (' || step.step || ') of booking ' || booking.id {_TOLD}
      AND NOT EXISTS (SELECT FROM booking_notice notice WHERE notice.booking_id = booking.id
                      AND (notice.kind = told.kind OR (told.step = 'lapse' AND notice.kind = 'payment_refused')))
"""  # noqa: S608  # a constant of this module

# The promise, what must be true, how many rows that concerns, and those for which it is not.
_CHECKS = (
    ("P1", "No pack has two live promises.", _LIVE_PROMISES, _PROMISED_TWICE),
    ("P1", "Every live promise is for a pack kept at its station, of its class.", _LIVE_PROMISES, _PROMISED_NOT_KEPT),
    (
        "P1",
        "Every kept pack is promised or offered to somebody.",
        "SELECT count(*) FROM stations_pack WHERE state = 'kept'",
        _KEPT_FOR_NOBODY,
    ),
    ("P1", "No pack is kept for two, promised or offered.", _LIVE_OFFERS, _OFFERED_AND_PROMISED),
    ("P1", "Every live offer is of a kept pack, to somebody who waits for its class.", _LIVE_OFFERS, _OFFERED_NOT_KEPT),
    ("P1", "Bookings hold all of their packs or none.", _BOOKINGS, _WRONG_NUMBER_OF_PACKS),
    ("P2", "Numbers in line were given in the order of coming to it.", _BOOKINGS, _OUT_OF_ORDER),
    ("P2", "Whoever moved to another line has the place of joining.", _MOVES, _MOVED_UP),
    ("P2", "Whoever moved was offered that station, and took the offer.", _MOVES, _MOVED_WITHOUT_OFFER),
    ("P2", "Whoever was passed by somebody who moved reads why.", _MOVES, _PASSED_WITHOUT_WORD),
    (
        "P2",
        "Nobody was promised or offered a pack while somebody earlier waited, without a rule that allows it.",
        _GRANTS,
        _OVERTOOK,
    ),
    ("P2", "Every exception is one of the published rules or an override.", _EXCEPTIONS, _UNKNOWN_EXCEPTION),
    ("P2", "Whoever went ahead by rule 11 took an offer that went down the line.", _EXCEPTIONS, _NOT_OFFERED_FIRST),
    ("P2", "Whoever went ahead by rule 10 did so of somebody who stood back by it.", _EXCEPTIONS, _NOBODY_STOOD_BACK),
    ("P2", "Every override has its written reason.", _EXCEPTIONS, _OVERRIDE_WITHOUT_REASON),
    ("P2", "Every booking is in the state that its history ends with.", _BOOKINGS, _HISTORY_ENDS_ELSEWHERE),
    ("P4", "Every finished swap has its sale, at its price.", _COMPLETED, _SWAPPED_WITHOUT_SALE),
    ("P4", "No sale stands for a swap that did not happen.", _SALES, _SALE_WITHOUT_SWAP),
    ("P4", "Money of a booking that ended without a swap is let go, or on its way.", _ENDED, _KEPT_FOR_NOTHING),
    ("P6", "Every promise has its end in its row.", _LIVE_PROMISES, _PROMISE_WITHOUT_END),
    ("P6", "Every live booking's money is certain, or asked for in a row.", _LIVE_BOOKINGS, _NOBODY_ASKS_FOR_MONEY),
    ("P6", "Every step that its driver must hear of has its notice.", _STEPS_TOLD, _STEP_NOT_TOLD),
    ("P6", "No notice waits for a quarter of an hour to be sent.", _DELIVERIES, _OVERDUE_DELIVERY),
)
# A completed swap of a driver who had moved, with the tariff of the station that served; and whatever has a difference.
_AFTER_A_MOVE = """
    SELECT booking.id, booking.energy_wh, booking.price_minor - booking.tax_minor, there.currency, there.price_per_kwh,
           there.service_fee_minor, there.tax_rate_bp, coalesce(difference.amount_minor, 0)
    FROM booking_booking booking
    LEFT JOIN LATERAL (
        SELECT id, station_tariff_id FROM booking_moveoffer
        WHERE booking_id = booking.id AND end_reason = 'moved' ORDER BY ended_at DESC, id DESC LIMIT 1
    ) taken ON true
    LEFT JOIN booking_tariff there ON there.id = taken.station_tariff_id
    LEFT JOIN payments_sale sale ON sale.reference = booking.public_id
    LEFT JOIN payments_difference difference ON difference.sale_id = sale.id
    WHERE booking.state = 'completed' AND (taken.id IS NOT NULL OR difference.id IS NOT NULL)
    ORDER BY booking.id
"""


def run(connection: BaseDatabaseWrapper) -> list[CheckResult]:
    """All checks within the transaction that the connection is in, so that they see one moment."""
    results = []
    with connection.cursor() as cursor:
        for promise, sentence, concerned, violating in _CHECKS:
            cursor.execute(concerned)
            (examined,) = cursor.fetchone()
            cursor.execute(violating)
            results.append(CheckResult(promise, sentence, examined, tuple(row for (row,) in cursor.fetchall())))
        results.append(_every_difference_is_written_down(cursor))
    return results


def _every_difference_is_written_down(cursor: Any) -> CheckResult:
    """Counts again what the parties of a swap have less because its driver moved there at a lower price (rule 7)."""
    cursor.execute(_AFTER_A_MOVE)
    examined, violations = 0, []
    for booking_id, energy_wh, net_minor, currency, per_kwh, fee_minor, tax_rate_bp, written_minor in cursor:
        examined += 1
        short_minor = 0
        if currency is not None:
            rate = pricing.Rate(per_kwh, fee_minor, tax_rate_bp, EXPONENTS[currency])
            short_minor = max(0, pricing.price(energy_wh=energy_wh, rate=rate).net_minor - net_minor)
        if short_minor != written_minor:
            violations.append(f"booking {booking_id}: short of {short_minor}, and {written_minor} is written down")
    sentence = "What a station's parties have less because another failed is written down to be made up."
    return CheckResult("P4", sentence, examined, tuple(violations))
