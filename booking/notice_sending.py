"""Sends what is due: takes one delivery, asks whether it is still true, says it, writes down what came of it.

Nothing is sent inside a transaction. Why each way does what it does when a worker dies: docs/adr/notices.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from hashlib import sha256
from smtplib import SMTPException

from django.conf import settings
from django.core import signing
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.utils import translation

from accounts import push, sms, web_push
from accounts.models import PushSubscription, User
from booking import clock, deliveries, notice_words, notices
from booking.models import Delivery, Notice
from booking.notice_kinds import KINDS, Kind, Way
from booking.notice_words import Said

_UNSUBSCRIBE_SALT = "notices.unsubscribe"


def send(*, delivery_id: int) -> None:
    delivery = deliveries.claim(delivery_id=delivery_id)
    if delivery is None:
        return
    now = clock.database_now()
    if reason := why_not(delivery, now=now):
        deliveries.drop(delivery=delivery, reason=reason)
        return
    with translation.override(language_of(delivery.notice.driver)):
        _BY[Way(delivery.way)](delivery, notice_words.of(delivery.notice), now)


def why_not(delivery: Delivery, *, now: datetime) -> str:
    """Why it is not worth saying any more; empty when it is."""
    notice, driver = delivery.notice, delivery.notice.driver
    if not driver.is_active:
        return "blocked"
    if now >= notice.good_until:
        return "too_old"
    if not notices.is_true(notice, now=now):
        return "not_true_any_more"
    if delivery.phone is not None and delivery.phone.ended_at is not None:
        return "phone_gone"
    if delivery.way not in deliveries.ways_of(driver, has_phones=delivery.phone is not None):
        return "no_address"
    if deliveries.is_refused(delivery):
        return "refused_meanwhile"
    return "texted_already" if deliveries.is_texted(delivery, now=now) else ""


def language_of(driver: User) -> str:
    return driver.language if driver.language in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE


def unsubscribe_token(driver: User) -> str:
    return signing.dumps(driver.pk, salt=_UNSUBSCRIBE_SALT)


def driver_of_token(token: str) -> User | None:
    """Who says by the link of a mail that they want no more; None for a forged one, and for who has left."""
    try:
        return User.objects.filter(pk=signing.loads(token, salt=_UNSUBSCRIBE_SALT), deleted_at=None).first()
    except signing.BadSignature:
        return None


def _push(delivery: Delivery, said: Said, now: datetime) -> None:
    notice, phone = delivery.notice, delivery.phone
    assert phone is not None
    result = web_push.send(to=phone, message=_message(notice, said, now), now=now)
    match result.answer:
        case web_push.Answer.SENT:
            deliveries.sent(delivery=delivery)
            push.told(subscription=phone, at=now)
        case web_push.Answer.LATER:
            deliveries.put_off(delivery=delivery, reason=result.why, seconds=result.retry_after)
        case web_push.Answer.REFUSED:
            deliveries.fail(delivery=delivery, reason=result.why)
        case web_push.Answer.GONE:
            push.gone(subscription=phone, why=PushSubscription.End.GONE)
            deliveries.fail(delivery=delivery, reason=result.why)
        case web_push.Answer.ADDRESS_REFUSED:
            push.gone(subscription=phone, why=PushSubscription.End.REFUSED)
            deliveries.fail(delivery=delivery, reason=result.why)


def _message(notice: Notice, said: Said, now: datetime) -> web_push.Message:
    """One booking has one place on the phone: what is newer, or sent a second time, replaces what was said before."""
    about = notice.booking.public_id.bytes if notice.booking is not None else str(notice.entry_id or "test").encode()
    topic = sha256(about).hexdigest()[:32]
    payload = {
        "title": said.title,
        "body": said.body,
        "url": said.url,
        "tag": topic,
        "id": str(notice.pk),
        "lang": translation.get_language() or settings.LANGUAGE_CODE,
        "icon": static("icons/app-192.png"),
    }
    urgency = web_push.Urgency.HIGH if KINDS[Kind(notice.kind)].urgent else web_push.Urgency.NORMAL
    left = int((notice.good_until - now).total_seconds())
    return web_push.Message(payload=payload, topic=topic, ttl_seconds=max(1, left), urgency=urgency)


def _email(delivery: Delivery, said: Said, now: datetime) -> None:
    """The number of the notice is in the message's own, so that a second copy is known as one."""
    notice, driver = delivery.notice, delivery.notice.driver
    off = settings.SITE_URL + reverse("booking:notices_off", args=[unsubscribe_token(driver)])
    context = {"said": said, "link": settings.SITE_URL + said.url, "off": off}
    host = settings.SITE_URL.partition("://")[2].partition(":")[0]
    message = EmailMessage(
        subject=" ".join(said.title.split()),  # a line break in a station's name is none in a header
        body=render_to_string("booking/mail/notice.txt", context),
        to=[str(driver.email)],
        headers={
            "Message-ID": f"<notice-{notice.pk}@{host}>",
            "List-Unsubscribe": f"<{off}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "Auto-Submitted": "auto-generated",
        },
    )
    try:
        message.send()
    except (SMTPException, OSError) as failure:
        deliveries.put_off(delivery=delivery, reason=type(failure).__name__)
    else:
        deliveries.sent(delivery=delivery)


def _sms(delivery: Delivery, said: Said, now: datetime) -> None:
    text = f"Swapline: {said.title}. {said.body} {settings.SITE_URL}{reverse('booking:current')}"
    try:
        sms.send(to=str(delivery.notice.driver.phone), text=text)
    except sms.PerhapsSent:
        deliveries.fail(delivery=delivery, reason=deliveries.PERHAPS_SENT)
    except sms.MessageNotSent as refusal:
        deliveries.put_off(delivery=delivery, reason=refusal.code)
    else:
        deliveries.sent(delivery=delivery)


_BY: Mapping[Way, Callable[[Delivery, Said, datetime], None]] = {Way.PUSH: _push, Way.EMAIL: _email, Way.SMS: _sms}
