"""services/trust.py: what the machine trusts is read once for each kind of client."""

from services.trust import trusted
from tests.kit.tls import identity


def test_each_kind_of_client_has_one_context_for_each_set_of_authorities() -> None:
    mine = trusted("github", identity().ca)
    assert trusted("github", identity().ca) is mine
    assert trusted("broker", identity().ca) is not mine, "a library may set in it what it speaks"
    assert trusted("github") is not mine
    assert trusted("github").check_hostname


def test_authorities_of_ones_own_come_beside_the_machines() -> None:
    names = {str(each["subject"]) for each in trusted("github", identity().ca).get_ca_certs()}
    assert len(names) == len({str(each["subject"]) for each in trusted("github").get_ca_certs()}) + 1
