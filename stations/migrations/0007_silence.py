import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("stations", "0006_fleet_share")]

    operations = [
        migrations.AddField(
            model_name="station",
            name="is_silent",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="Its silence has stopped it, and nobody has changed its status since.",
            ),
        ),
        migrations.AddField(
            model_name="station",
            name="reports_every_seconds",
            field=models.PositiveIntegerField(
                blank=True,
                help_text=(
                    "How often it reports by itself; when it falls silent it counts as down."
                    " Empty: it does not report by itself."
                ),
                null=True,
            ),
        ),
        migrations.AddConstraint(
            model_name="station",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("reports_every_seconds", None),
                    models.Q(("reports_every_seconds__gte", 1), ("reports_every_seconds__lte", 86400)),
                    _connector="OR",
                ),
                name="station_reports_at_least_once_a_day",
                violation_error_message="A station reports every 1 to 86400 seconds, or not by itself.",
            ),
        ),
        migrations.AddConstraint(
            model_name="station",
            constraint=models.CheckConstraint(
                condition=models.Q(("is_silent", False), ("status", "down"), _connector="OR"),
                name="silence_stops_a_station",
            ),
        ),
        migrations.CreateModel(
            name="SelfReport",
            fields=[
                (
                    "station",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="self_report",
                        serialize=False,
                        to="stations.station",
                    ),
                ),
                ("reported_at", models.DateTimeField()),
                ("since_at", models.DateTimeField(help_text="The first report after the last silence.")),
            ],
        ),
        migrations.CreateModel(
            name="Watch",
            fields=[
                ("only", models.BooleanField(default=True, primary_key=True, serialize=False)),
                ("since_at", models.DateTimeField()),
                ("looked_at", models.DateTimeField()),
            ],
            options={
                "constraints": [models.CheckConstraint(condition=models.Q(("only", True)), name="one_watch")],
            },
        ),
    ]
