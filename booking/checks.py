"""Proves on the database what promises P1, P2, P4 and P6 need of bookings. Composed by `check_promises`."""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper

from accounts.evidence import CheckResult

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
_KEPT_NOT_PROMISED = """
    SELECT 'pack ' || pack.serial FROM stations_pack pack
    WHERE pack.state = 'kept'
      AND NOT EXISTS (SELECT FROM booking_promise p WHERE p.pack_id = pack.id AND p.ended_at IS NULL)
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
_OUT_OF_ORDER = """
    SELECT 'line ' || line_id || ': sequence ' || sequence
    FROM (SELECT line_id, sequence, joined_at, lag(joined_at) OVER (PARTITION BY line_id ORDER BY sequence) AS before
          FROM booking_booking) numbered
    WHERE joined_at < before
"""
_GRANTS = "SELECT count(*) FROM booking_bookingstep WHERE step IN ('promise', 'promise_here')"
# At each promise: whoever joined the line earlier and was waiting at that step. Steps of one line are numbered under
# its lock, so their ids stand in the order in which they were taken.
_OVERTOOK = """
    SELECT 'booking ' || booking.id || ' overtook booking ' || earlier.id || ' at ' || step.at
    FROM booking_bookingstep step
    JOIN booking_booking booking ON booking.id = step.booking_id
    JOIN booking_booking earlier ON earlier.line_id = booking.line_id AND earlier.sequence < booking.sequence
         AND (earlier.ended_at IS NULL OR earlier.ended_at >= step.at)
    WHERE step.step IN ('promise', 'promise_here') AND step.exception = ''
      AND 'waiting' = (SELECT last.to_state FROM booking_bookingstep last
                       WHERE last.booking_id = earlier.id AND last.id < step.id ORDER BY last.id DESC LIMIT 1)
"""
_EXCEPTIONS = "SELECT count(*) FROM booking_bookingstep WHERE exception <> ''"
_UNKNOWN_EXCEPTION = """
    SELECT 'step ' || id || ': ' || exception FROM booking_bookingstep
    WHERE exception NOT IN ('', 'rule_1', 'rule_2', 'rule_6', 'override')
"""
_OVERRIDE_WITHOUT_REASON = """
    SELECT 'step ' || step.id FROM booking_bookingstep step
    WHERE step.exception = 'override' AND step.step IN ('go_first', 'start', 'pass_over') AND step.reason = ''
    UNION ALL
    SELECT 'step ' || step.id FROM booking_bookingstep step
    WHERE step.exception = 'override' AND step.step IN ('promise', 'promise_here')
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

# The promise, what must be true, how many rows that concerns, and those for which it is not.
_CHECKS = (
    ("P1", "No pack has two live promises.", _LIVE_PROMISES, _PROMISED_TWICE),
    ("P1", "Every live promise is for a pack kept at its station, of its class.", _LIVE_PROMISES, _PROMISED_NOT_KEPT),
    (
        "P1",
        "Every kept pack has a live promise.",
        "SELECT count(*) FROM stations_pack WHERE state = 'kept'",
        _KEPT_NOT_PROMISED,
    ),
    ("P1", "Bookings hold all of their packs or none.", _BOOKINGS, _WRONG_NUMBER_OF_PACKS),
    ("P2", "Places in line were given in the order of joining.", _BOOKINGS, _OUT_OF_ORDER),
    ("P2", "Nobody was promised while somebody earlier waited, without a rule that allows it.", _GRANTS, _OVERTOOK),
    ("P2", "Every exception is one of the published rules or an override.", _EXCEPTIONS, _UNKNOWN_EXCEPTION),
    ("P2", "Every override has its written reason.", _EXCEPTIONS, _OVERRIDE_WITHOUT_REASON),
    ("P2", "Every booking is in the state that its history ends with.", _BOOKINGS, _HISTORY_ENDS_ELSEWHERE),
    ("P4", "Every finished swap has its sale, at its price.", _COMPLETED, _SWAPPED_WITHOUT_SALE),
    ("P4", "No sale stands for a swap that did not happen.", _SALES, _SALE_WITHOUT_SWAP),
    ("P4", "Money of a booking that ended without a swap is let go, or on its way.", _ENDED, _KEPT_FOR_NOTHING),
    ("P6", "Every promise has its end in its row.", _LIVE_PROMISES, _PROMISE_WITHOUT_END),
    ("P6", "Every live booking's money is certain, or asked for in a row.", _LIVE_BOOKINGS, _NOBODY_ASKS_FOR_MONEY),
)


def run(connection: BaseDatabaseWrapper) -> list[CheckResult]:
    """All checks within the transaction that the connection is in, so that they see one moment."""
    results = []
    with connection.cursor() as cursor:
        for promise, sentence, concerned, violating in _CHECKS:
            cursor.execute(concerned)
            (examined,) = cursor.fetchone()
            cursor.execute(violating)
            results.append(CheckResult(promise, sentence, examined, tuple(row for (row,) in cursor.fetchall())))
    return results
