"""Statements through the API: for finance of the network, and for owners their own."""

from __future__ import annotations

from typing import Any, cast

from django.db.models import Q, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.permissions import IsAuthenticated

from accounts import access
from accounts.models import Role, User
from accounts.problems import PROBLEM, Pages
from payments.models import Statement, StatementLine


class StatementLineShape(serializers.ModelSerializer[StatementLine]):
    """One ledger row on a statement; positive amounts are owed to the party."""

    transfer = serializers.IntegerField(source="transfer_id")
    kind = serializers.CharField(source="transfer.kind")
    at = serializers.DateTimeField(source="transfer.created_at")

    class Meta:
        model = StatementLine
        fields = ("transfer", "kind", "at", "amount_minor")


class StatementShape(serializers.ModelSerializer[Statement]):
    """What one party is owed for one period and currency."""

    network = serializers.CharField(source="network.code")
    party = serializers.CharField(source="party.code")

    class Meta:
        model = Statement
        fields = (
            "id",
            "network",
            "party",
            "currency",
            "period_start",
            "period_end",
            "state",
            "total_minor",
            "proposed_at",
            "approved_at",
            "paid_at",
        )


class OneStatementShape(StatementShape):
    lines = StatementLineShape(many=True)

    class Meta:
        model = Statement
        fields = (*StatementShape.Meta.fields, "lines_sha256", "lines")


class NewestFirst(Pages):
    ordering = ("-period_end", "-id")


class Mine:
    """Finance sees its networks, an owner its own organisation; anything else does not exist (P5)."""

    request: Any

    def get_queryset(self) -> QuerySet[Statement]:
        person = cast(User, self.request.user)
        theirs = Q(network__in=access.networks_for_finance(person)) | Q(
            party__in=access.organisations_with_role(person, Role.OWNER)
        )
        return Statement.objects.filter(theirs).select_related("network", "party")


@extend_schema(responses={200: StatementShape(many=True), 401: PROBLEM})
class Statements(Mine, ListAPIView[Statement]):
    """Statements, the latest period first."""

    permission_classes = (IsAuthenticated,)
    serializer_class = StatementShape
    pagination_class = NewestFirst


@extend_schema(responses={200: OneStatementShape, 401: PROBLEM, 404: PROBLEM})
class OneStatement(Mine, RetrieveAPIView[Statement]):
    """One statement with its lines and, once it is frozen, the hash over them."""

    permission_classes = (IsAuthenticated,)
    serializer_class = OneStatementShape

    def get_queryset(self) -> QuerySet[Statement]:
        return super().get_queryset().prefetch_related("lines__transfer")
