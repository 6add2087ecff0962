"""People and parties. `UserFactory(name="Asha")` is a driver with a verified phone number."""

from __future__ import annotations

import factory
from factory.django import DjangoModelFactory, Password

from accounts.models import Membership, Network, Organisation, Role, User


class NetworkFactory(DjangoModelFactory):
    class Meta:
        model = Network

    code = factory.Sequence("network-{}".format)
    name = factory.LazyAttribute(lambda network: network.code.replace("-", " ").title())
    country = "PT"
    currency = "EUR"
    time_zone = "Europe/Lisbon"


class OrganisationFactory(DjangoModelFactory):
    class Meta:
        model = Organisation

    network = factory.SubFactory(NetworkFactory)
    code = factory.Sequence("organisation-{}".format)
    name = factory.LazyAttribute(lambda organisation: organisation.code.replace("-", " ").title())


class OperatorFactory(OrganisationFactory):
    """The network's own operating company, of which there is one."""

    code = "operator"
    is_operator = True


class UserFactory(DjangoModelFactory):
    """A driver."""

    class Meta:
        model = User

    name = factory.Sequence("Person {}".format)
    phone = factory.Sequence("+3519{:08d}".format)
    phone_verified = True
    # Drivers have none; an empty one would count as one.
    password = Password(None)


class WorkerFactory(DjangoModelFactory):
    """Somebody who signs in with an e-mail address and a password."""

    class Meta:
        model = User

    name = factory.Sequence("Worker {}".format)
    email = factory.Sequence("worker-{}@swapline.test".format)
    password = Password("correct horse battery")


class MembershipFactory(DjangoModelFactory):
    class Meta:
        model = Membership

    user = factory.SubFactory(WorkerFactory)
    organisation = factory.SubFactory(OrganisationFactory)
    role = Role.STAFF
