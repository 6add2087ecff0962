from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("booking", "0007_learned_and_told")]

    operations = [
        migrations.CreateModel(
            name="Override",
            fields=[],
            options={"proxy": True, "indexes": [], "constraints": [], "verbose_name": "override"},
            bases=("booking.bookingstep",),
        ),
    ]
