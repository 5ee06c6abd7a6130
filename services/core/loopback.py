"""Names of the machine itself: what is reached there needs no proxy and no TLS."""

import ipaddress


def is_loopback(host: str) -> bool:
    """Is it this machine, by the name alone?"""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
