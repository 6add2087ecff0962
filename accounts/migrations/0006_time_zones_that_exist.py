from django.db import migrations, models

import accounts.time_zones


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_passkey_offered_once")]

    operations = [
        migrations.AlterField(
            model_name="network",
            name="time_zone",
            field=models.CharField(max_length=40, validators=[accounts.time_zones.validate_time_zone]),
        ),
    ]
