"""Sole writer of PushSubscription: which phones of a person are told, since when, and why no more."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric import ec
from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts import push_address
from accounts.models import PushSubscription, User
from accounts.refusals import Refusal

# A session knows which phone it runs on, so that signing out there ends that phone and no other.
SESSION_KEY = "push_subscription"
MOST_PHONES = 8
AUTH_BYTES = 16
POINT_BYTES = 65
BASE64URL = re.compile(r"[A-Za-z0-9_-]{1,96}={0,2}")
End = PushSubscription.End


class NotASubscription(Refusal):
    """What came is not what a browser gives for a push service."""

    code = "not_a_subscription"


@transaction.atomic
def subscribe(*, user: User, endpoint: str, p256dh: str, auth: str, label: str = "") -> PushSubscription:
    """Tell this phone from now on. The same again changes nothing; a phone that changed hands tells its new owner.

    Locks the person. Raises NotASubscription.
    """
    _check(endpoint, p256dh, auth)
    if not User.objects.select_for_update(no_key=True).filter(pk=user.pk, deleted_at=None).exists():
        # They have left in another tab.
        raise NotASubscription(_("This phone did not give an address that we can use."))
    known = PushSubscription.objects.live().select_for_update(no_key=True).filter(endpoint=endpoint).first()
    if known is not None and known.user_id != user.pk:
        _end(known, End.SOMEBODY_ELSE)
        known = None
    if known is None:
        known = _add(user, endpoint=endpoint, label=label)
    known.p256dh, known.auth = p256dh, auth
    PushSubscription.objects.filter(pk=known.pk).update(p256dh=p256dh, auth=auth, used_at=Now())
    _keep_the_newest(user)
    return known


@transaction.atomic
def renew(*, old_endpoint: str, endpoint: str, p256dh: str, auth: str) -> PushSubscription | None:
    """The browser has changed a subscription by itself. Who knows the old address, which is secret, may replace it.

    None when the old one is not known (any more). Locks the subscription. Raises NotASubscription.
    """
    _check(endpoint, p256dh, auth)
    known = PushSubscription.objects.live().select_for_update(no_key=True).filter(endpoint=old_endpoint).first()
    if known is None:
        return None
    known.endpoint, known.p256dh, known.auth = endpoint, p256dh, auth
    try:
        with transaction.atomic():
            known.save(update_fields=["endpoint", "p256dh", "auth"])
    except IntegrityError:
        # The page has brought the new address itself, a moment earlier.
        return None
    return known


@transaction.atomic
def seen(*, user: User, endpoint: str) -> PushSubscription | None:
    """The phone is in use by this person. Where it was somebody else's, that person is told nothing there any more.

    None when it is not known, or was somebody else's. Locks the subscription.
    """
    known = PushSubscription.objects.live().select_for_update(no_key=True).filter(endpoint=endpoint).first()
    if known is None:
        return None
    if known.user_id != user.pk:
        _end(known, End.SOMEBODY_ELSE)
        return None
    PushSubscription.objects.filter(pk=known.pk).update(used_at=Now())
    return known


def remove(*, user: User, subscription_id: int) -> bool:
    """Their own phone, told no more. False when it is not theirs or told no more already."""
    return _end_all(user, End.REMOVED, pk=subscription_id)


def signed_out(*, user: User, subscription_id: int) -> None:
    """Whoever uses the phone next is told nothing of this person's."""
    _end_all(user, End.SIGNED_OUT, pk=subscription_id)


def signed_out_elsewhere(*, user: User, here: object) -> None:
    """Only the phone at hand is told on, if it is told at all; `here` is what its session knows."""
    others = PushSubscription.objects.live().of(user)
    if isinstance(here, int):
        others = others.exclude(pk=here)
    others.update(**_ended(End.SIGNED_OUT))


def blocked(*, user: User) -> None:
    _end_all(user, End.BLOCKED)


def forget_person(*, user: User) -> None:
    """Nothing of the person's phones is kept, ended ones included."""
    PushSubscription.objects.of(user).delete()


def gone(*, subscription: PushSubscription, why: str = End.GONE) -> None:
    """The push service does not know it any more, unless the browser has renewed it meanwhile."""
    PushSubscription.objects.live().filter(pk=subscription.pk, endpoint=subscription.endpoint).update(**_ended(why))


def told(*, subscription: PushSubscription, at: datetime) -> None:
    PushSubscription.objects.filter(pk=subscription.pk, used_at__lt=at).update(used_at=at)


def _add(user: User, *, endpoint: str, label: str) -> PushSubscription:
    try:
        with transaction.atomic():
            return PushSubscription.objects.create(user=user, endpoint=endpoint, label=label.replace("\0", "")[:60])
    except IntegrityError:
        # The phone is somebody else's by now: of two people at one address, the first had it.
        raise NotASubscription(_("This phone did not give an address that we can use.")) from None


def _keep_the_newest(user: User) -> None:
    for spare in PushSubscription.objects.live().of(user).order_by(F("used_at").desc(), "-pk")[MOST_PHONES:]:
        _end(spare, End.TOO_MANY)


def _end(subscription: PushSubscription, why: str) -> None:
    PushSubscription.objects.filter(pk=subscription.pk).update(**_ended(why))


def _end_all(user: User, why: str, **which: int) -> bool:
    return PushSubscription.objects.live().of(user).filter(**which).update(**_ended(why)) > 0


def _ended(why: str) -> dict[str, object]:
    return {"ended_at": Now(), "end_reason": why, "endpoint": "", "p256dh": "", "auth": ""}


def _check(endpoint: str, p256dh: str, auth: str) -> None:
    """Keys that encrypt nothing would fail at every notice; better once, here."""
    try:
        push_address.check(endpoint)
        point, secret = _decoded(p256dh), _decoded(auth)
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError as wrong:
        raise NotASubscription(_("This phone did not give an address that we can use.")) from wrong
    if len(point) != POINT_BYTES or len(secret) != AUTH_BYTES:
        raise NotASubscription(_("This phone did not give an address that we can use."))


def _decoded(text: str) -> bytes:
    if BASE64URL.fullmatch(text) is None:
        raise ValueError("not a key")
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
