"""What drivers call their vehicles moves from the vehicle, which strangers may share, to their own assignment."""

from __future__ import annotations

from typing import Any

from django.db import migrations, models
from django.db.models import Exists, OuterRef, Subquery


def move(apps: Any, schema_editor: Any) -> None:
    """A name goes to the one driver of its vehicle. Of several nobody knows who wrote it, so it is no one's."""
    vehicles = apps.get_model("booking", "Vehicle").objects.filter(fleet=None).exclude(model="")
    live = apps.get_model("booking", "Assignment").objects.filter(ended_at=None)
    others = live.filter(vehicle=OuterRef("vehicle")).exclude(pk=OuterRef("pk"))
    name = vehicles.filter(pk=OuterRef("vehicle")).values("model")
    live.filter(~Exists(others), vehicle__in=vehicles).update(model=Subquery(name))
    vehicles.update(model="")


class Migration(migrations.Migration):
    dependencies = [("booking", "0005_after_the_swap")]

    operations = [
        migrations.AddField(
            model_name="assignment",
            name="model",
            field=models.CharField(blank=True, db_default="", default="", max_length=60),
        ),
        migrations.RunPython(move, migrations.RunPython.noop),
    ]
