"""Many processes, as compose.yaml says: two webs, two conductors, three workers on one PostgreSQL."""

from pathlib import Path

from services.sandbox.scenario import AppCredentials
from tests.kit import postgres
from tests.kit.crash.hosts import Host
from tests.kit.crash.tour import tour
from tests.kit.fleet import COMPOSE, Fleet, bots

KILLS = 6
SEED = 13
"""Its first strikes are of all three roles."""


async def test_any_process_is_killed_at_any_moment(tmp_path: Path) -> None:
    """Plans over three repositories, through all of them; whatever dies only delays. `benchmarks crash` kills more."""
    fleets: list[Fleet] = []
    with postgres.database() as url:

        def new_host(folder: Path, app: AppCredentials) -> Host:
            fleets.append(Fleet(folder, app, url, seed=SEED))
            return fleets[0]

        found = await tour(tmp_path, new_host, kills=KILLS, seed=SEED, say=print)
    assert [len(fleets[0].of(role)) for role in ("web", "conductor", "worker")] == [2, 2, 3]
    assert fleets[0].killed.keys() == {"web", "conductor", "worker"}
    assert fleets[0].killed.total() == sum(found.kills.values()) == KILLS
    assert found.tasks >= 12
    assert not (found.lost + found.doubled + found.repeated + found.out_of_order + found.unlike_github + found.errors)


def test_a_container_is_given_no_more_secrets_than_its_role_needs() -> None:
    services = bots(COMPOSE)
    assert {name: service["deploy"]["replicas"] for name, service in services.items()} == {
        "web": 2,
        "conductor": 2,
        "worker": 3,
    }
    holders = {name for name, service in services.items() if service.get("secrets")}
    assert holders == {name for name, service in services.items() if "LOCKSTEP_PRIVATE_KEY" in service["environment"]}
    assert holders == {"conductor", "worker"}
    hears = {name for name, service in services.items() if "LOCKSTEP_WEBHOOK_SECRET" in service["environment"]}
    assert hears == {"web"}
    assert "ports" not in services["conductor"]
