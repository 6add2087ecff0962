"""Facts about money, announced inside the transaction that makes them true.

`payment_about_to_change` comes first, before any row of ours is locked: a listener takes the locks that stand before
payments in the lock order (lines, bay queue, booking). The others come when the payment has been written, with
`payment=`; a listener writes its own rows in the same transaction, and what the world must hear goes through on_commit.
"""

from django.dispatch import Signal

# reference: the booking's public id.
payment_about_to_change = Signal()

# operation_id: an intention has been committed and may be carried out. Sent after commit, a nudge and no more.
operation_planned = Signal()

payment_authorised = Signal()
payment_refused = Signal()
payment_captured = Signal()
# What a sale came to could not be had: it stands on the list of the owed.
payment_owed = Signal()
