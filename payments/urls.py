"""Addresses of the finance pages, under /finance/."""

from django.urls import path

from payments.views import sales, statements, waiting

app_name = "payments"

urlpatterns = [
    path("", statements.listing, name="statements"),
    path("open/", statements.open_period, name="open_period"),
    path("statements/<int:statement_id>/", statements.detail, name="statement"),
    path("statements/<int:statement_id>/export.csv", statements.export, name="statement_csv"),
    path("statements/<int:statement_id>/<slug:step>/", statements.act, name="statement_step"),
    path("suspense/", waiting.listing, name="suspense"),
    path("suspense/work-off/", waiting.work_off, name="work_off"),
    path("operations/<int:operation_id>/again/", waiting.try_again, name="try_again"),
    path("revenue/", statements.revenue, name="revenue"),
    path("swaps/<uuid:reference>/", sales.detail, name="sale"),
    path("swaps/<uuid:reference>/contract/", sales.assign, name="assign"),
    path("swaps/<uuid:reference>/refund/", sales.refund, name="refund"),
    path("swaps/<uuid:reference>/collect/", sales.collect, name="collect"),
    path("swaps/<uuid:reference>/write-off/", sales.write_off, name="write_off"),
]
