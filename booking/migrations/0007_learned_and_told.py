"""What the nights learn: figures by station and class, forecasts with what came of them, and how right each day was."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_passkey_offered_once"),
        ("booking", "0006_names_of_vehicles_are_their_drivers"),
        ("stations", "0004_contact_phone"),
    ]

    operations = [
        migrations.CreateModel(
            name="CalibrationDay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                ("cases", models.PositiveIntegerField()),
                ("coverage", models.FloatField(blank=True, null=True)),
                ("bay_coverage", models.FloatField(blank=True, null=True)),
                ("median_width", models.FloatField(blank=True, null=True)),
                ("mean_error", models.FloatField(blank=True, null=True)),
                ("brier", models.FloatField(blank=True, null=True)),
                ("by_part_of_day", models.JSONField(default=dict)),
                ("by_class", models.JSONField(default=dict)),
                ("by_occasion", models.JSONField(default=dict)),
                ("deciles", models.JSONField(default=list)),
                ("adjusted_by", models.PositiveIntegerField()),
                ("adjustment", models.JSONField()),
                ("bay_adjustment", models.JSONField()),
                ("chances", models.JSONField()),
                ("measured_at", models.DateTimeField()),
                (
                    "network",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.network",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("network", "day"), name="measured_once_per_network_and_day"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("cases", 0), ("coverage__isnull", True)),
                            models.Q(("cases__gt", 0), ("coverage__isnull", False)),
                            _connector="OR",
                        ),
                        name="no_figure_without_cases",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Learned",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("country", models.CharField(max_length=2)),
                ("until", models.DateTimeField()),
                ("cases", models.PositiveIntegerField()),
                ("counted", models.JSONField()),
                (
                    "network",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.network",
                    ),
                ),
                (
                    "pack_class",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="stations.packclass"
                    ),
                ),
                (
                    "station",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="stations.station",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("network", "station", "country", "pack_class"),
                        name="learned_once_per_scope",
                        nulls_distinct=False,
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Told",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("occasion", models.CharField(max_length=20)),
                ("changed_at", models.DateTimeField()),
                ("at", models.DateTimeField()),
                ("part_of_day", models.PositiveSmallIntegerField()),
                ("bay_low", models.FloatField()),
                ("bay_likely", models.FloatField()),
                ("bay_high", models.FloatField()),
                ("away_low", models.FloatField()),
                ("away_likely", models.FloatField()),
                ("away_high", models.FloatField()),
                ("ready_chance", models.FloatField()),
                ("shown_bay_low", models.FloatField()),
                ("shown_bay_likely", models.FloatField()),
                ("shown_bay_high", models.FloatField()),
                ("shown_away_low", models.FloatField()),
                ("shown_away_likely", models.FloatField()),
                ("shown_away_high", models.FloatField()),
                ("shown_ready_chance", models.FloatField()),
                ("until_bay", models.FloatField(blank=True, null=True)),
                ("until_away", models.FloatField(blank=True, null=True)),
                ("was_ready", models.BooleanField(blank=True, null=True)),
                (
                    "booking",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="told",
                        to="booking.booking",
                    ),
                ),
                (
                    "network",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.network",
                    ),
                ),
                (
                    "pack_class",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="stations.packclass"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["network", "at"], name="told_in_network"),
                    models.Index(
                        condition=models.Q(("until_away", None)), fields=["network", "at"], name="told_without_outcome"
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("booking", "changed_at"), name="told_once_per_change"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("until_away__isnull", True), ("until_bay__isnull", True), ("was_ready__isnull", True)
                            ),
                            models.Q(
                                ("until_away__isnull", False),
                                ("until_bay__isnull", False),
                                ("was_ready__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="outcome_is_known_as_a_whole",
                    ),
                ],
            },
        ),
    ]
