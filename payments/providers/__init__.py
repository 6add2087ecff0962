"""The ways to pay that are installed, by their code."""

from __future__ import annotations

from django.utils.translation import gettext as _

from accounts.refusals import Refusal
from payments.providers.account import AccountProvider
from payments.providers.base import Provider
from payments.providers.cash import CashProvider
from payments.providers.wallet import WalletProvider


class MethodNotOffered(Refusal):
    """Nobody can pay this way here."""

    code = "method_not_offered"


INSTALLED: dict[str, Provider] = {
    provider.code: provider for provider in (WalletProvider(), AccountProvider(), CashProvider())
}


def provider_for(method: str) -> Provider:
    try:
        return INSTALLED[method]
    except KeyError:
        raise MethodNotOffered(_("This way to pay is not offered here.")) from None
