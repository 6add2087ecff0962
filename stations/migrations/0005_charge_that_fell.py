from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("stations", "0004_contact_phone")]

    operations = [
        migrations.AddField(
            model_name="pack",
            name="soc_fell_at",
            field=models.DateTimeField(
                blank=True, help_text="When it last read clearly less than before, in its slot.", null=True
            ),
        ),
    ]
