"""Facts about people that other apps may want to hear. They are announced inside the transaction."""

from django.dispatch import Signal

# Arguments: user, and session_key when only that session ended (a sign-out), else None: every socket of the person
# must look again at what it may show.
access_changed = Signal()
