"""One page behind each guard, beside the real addresses."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from accounts import guards
from accounts.models import Role
from config.urls import urlpatterns as real_addresses


def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse("let in")


GUARDS = {
    "driver": guards.sign_in_required,
    "staff": guards.role_required(Role.STAFF),
    "finance": guards.finance_required,
    "operator": guards.role_required(Role.OPERATOR),
    "owner": guards.role_required(Role.OWNER),
    "fleet_manager": guards.role_required(Role.FLEET_MANAGER),
    "staff-or-operator": guards.role_required(Role.STAFF, Role.OPERATOR),
}

urlpatterns = [*(path(f"for/{name}/", guard(page)) for name, guard in GUARDS.items()), *real_addresses]
