"""What every back-office page keeps to: own networks only, and writers do the writing."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from unfold.admin import ModelAdmin

from accounts import access
from accounts.models import Role, User
from accounts.refusals import Refusal


class SuperuserAdmin(ModelAdmin):  # type: ignore[misc]  # unfold ships no types
    """Rows that concern all networks: for superusers alone. Nothing is deleted: history hangs on it."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self._may(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._may(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self._may(request)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._may(request)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """A writer's refusal is shown as its sentence; nothing of the form is saved."""
        try:
            response: HttpResponse = super().changeform_view(request, *args, **kwargs)
        except Refusal as refusal:
            self.message_user(request, refusal.sentence, messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())
        return response

    def _may(self, request: HttpRequest) -> bool:
        user = request.user
        return isinstance(user, User) and user.is_active and user.is_staff and self._may_as(user)

    def _may_as(self, user: User) -> bool:
        return user.is_superuser


class OperatorAdmin(SuperuserAdmin):
    """Rows of one network: for its operators, who see no other network's. `network_path` leads to the network."""

    network_path = "network"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Model]:
        rows: QuerySet[Model] = super().get_queryset(request)
        if isinstance(request.user, User) and request.user.is_superuser:
            return rows
        return rows.filter(**{f"{self.network_path}__in": access.networks_for_operator(request.user)})

    def _may_as(self, user: User) -> bool:
        return user.is_superuser or access.has_role(user, Role.OPERATOR)


class ReadOnly:
    """Mixed in before an admin whose rows writers alone change."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
