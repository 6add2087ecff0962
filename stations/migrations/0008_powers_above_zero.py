import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("stations", "0007_silence")]

    operations = [
        migrations.AlterField(
            model_name="packclass",
            name="nominal_wh",
            field=models.PositiveIntegerField(
                help_text="Energy of a new, full pack, in watt-hours.",
                validators=[django.core.validators.MinValueValidator(1)],
            ),
        ),
        migrations.AlterField(
            model_name="packclass",
            name="charge_power_w",
            field=models.PositiveIntegerField(
                help_text="Highest power that a pack of this class accepts.",
                validators=[django.core.validators.MinValueValidator(1)],
            ),
        ),
        migrations.AlterField(
            model_name="slot",
            name="power_w",
            field=models.PositiveIntegerField(validators=[django.core.validators.MinValueValidator(1)]),
        ),
    ]
