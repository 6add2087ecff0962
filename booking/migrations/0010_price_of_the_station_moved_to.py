import django.db.models.deletion
from django.db import migrations, models

# What the other station's own price was then is not known any more where it was not the lower one. Taking the price that
# counted for it, nothing is owed for the moves of the past.
KNOWN_PRICE = "UPDATE booking_moveoffer SET station_tariff_id = tariff_id"


class Migration(migrations.Migration):
    dependencies = [
        ("booking", "0009_move_to_another_station"),
    ]

    operations = [
        migrations.AddField(
            model_name="moveoffer",
            name="station_tariff",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="booking.tariff",
            ),
        ),
        migrations.RunSQL(KNOWN_PRICE, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name="moveoffer",
            name="station_tariff",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="booking.tariff",
            ),
        ),
    ]
