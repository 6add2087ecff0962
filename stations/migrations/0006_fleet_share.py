from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("stations", "0005_charge_that_fell")]

    operations = [
        migrations.AddField(
            model_name="station",
            name="fleet_share_percent",
            field=models.PositiveSmallIntegerField(
                db_default=60,
                default=60,
                help_text=(
                    "Of the packs of a class, what one fleet holds at most within an hour (rule 10); 100: no limit."
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="station",
            constraint=models.CheckConstraint(
                condition=models.Q(("fleet_share_percent__gte", 1), ("fleet_share_percent__lte", 100)),
                name="fleet_share_is_a_percentage",
                violation_error_message="A fleet’s share is between 1 and 100 percent.",
            ),
        ),
    ]
