"""Apps in the sandbox: who they are, where they are installed, what their tokens may do, and what they were sent."""

import time
from datetime import timedelta
from typing import Any

import jwt
import pytest

from services.sandbox import events, installing
from services.sandbox.scenario import AppCredentials, Scenario
from services.sandbox.state import Installation
from tests.contract.hub import Answer, Hub, hub

__all__ = ["hub"]


class AppSide:
    """The App `lockstep` of a hub, or another one, speaking with its JWT."""

    def __init__(self, hub: Hub, slug: str = "second", permissions: dict[str, str] | None = None) -> None:
        self.hub = hub
        self.app: AppCredentials = hub.scenario.app(slug, permissions, webhook_url="http://127.0.0.1:1/hook")
        self.installation = hub.scenario.install(self.app, "acme")

    def sign(self, key: str = "", **claims: Any) -> str:
        now = int(self.hub.sandbox.now().timestamp())
        body = {"iat": now - 60, "exp": now + 540, "iss": str(self.app.app_id)} | claims
        return jwt.encode(body, key or self.app.private_key, algorithm="RS256")

    def api(self, method: str, path: str, body: Any = None, *, token: str = "") -> Answer:
        self.hub.tokens["jwt"] = token or self.sign()
        return self.hub.api(method, path, body, who="jwt")

    def token(self, **body: Any) -> Answer:
        return self.api("POST", f"/app/installations/{self.installation}/access_tokens", body)

    @property
    def record(self) -> Installation:
        return self.hub.sandbox.state.installations[self.installation]


@pytest.fixture
def side(hub: Hub) -> AppSide:
    return AppSide(hub)


def test_an_app_knows_itself_and_its_installations(side: AppSide) -> None:
    told = side.api("GET", "/app").json
    assert (told["slug"], told["installations_count"]) == ("second", 1)
    assert "sub_issues" in told["events"]
    rows = side.api("GET", "/app/installations").json
    assert [row["id"] for row in rows] == [side.installation]
    for path in ("/orgs/acme/installation", "/repos/acme/api/installation", f"/app/installations/{side.installation}"):
        assert side.api("GET", path).json["id"] == side.installation
    assert side.api("GET", "/users/acme/installation").json["account"]["login"] == "acme"
    assert side.api("GET", "/app/installation-requests").json == []
    assert side.api("GET", "/orgs/nobody/installation").status == 404


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"exp": int(time.time()) + 3_000}, "too far in the future"),
        ({"exp": 1}, "must be a numeric value representing the future"),
        ({"iat": int(time.time()) + 900}, "'Issued at' claim"),
        ({"iss": "77"}, "Integration not found"),
    ],
)
def test_a_jwt_is_refused_in_githubs_words(side: AppSide, claims: dict[str, Any], words: str) -> None:
    answer = side.api("GET", "/app", token=side.sign(**claims))
    assert answer.status == (404 if "iss" in claims else 401)
    assert words in answer.json["message"]


def test_a_jwt_of_another_key_and_a_token_in_its_place_are_refused(hub: Hub, side: AppSide) -> None:
    other = AppSide(hub, "third")
    forged = side.sign(other.app.private_key)
    assert side.api("GET", "/app", token=forged).json["message"] == "A JSON web token could not be decoded"
    with_token = hub.api("GET", "/app")
    assert (with_token.status, with_token.json["message"]) == (401, "A JSON web token could not be decoded")
    assert hub.api("GET", "/app/installations/1", who="ada").status == 401


def test_a_token_has_the_repositories_and_permissions_it_was_asked_for(hub: Hub, side: AppSide) -> None:
    made = side.token(repositories=["web"], permissions={"issues": "read"})
    assert made.status == 201
    assert made.json["permissions"] == {"metadata": "read", "issues": "read"}
    assert [repo["name"] for repo in made.json["repositories"]] == ["web"]
    hub.tokens["narrow"] = made.json["token"]
    assert hub.api("GET", "/installation/repositories", who="narrow").json["total_count"] == 1
    refused = hub.api("POST", "/repos/acme/web/issues", {"title": "x"}, who="narrow")
    assert (refused.status, refused.json["message"]) == (403, "Resource not accessible by integration")
    assert refused.headers["x-accepted-github-permissions"] == "issues=write"
    assert side.token().json["repository_selection"] == "all"


def test_a_private_repository_outside_the_token_is_not_there(hub: Hub, side: AppSide) -> None:
    hub.other.private = True
    by_id = side.token(repository_ids=[hub.repo.id]).json
    hub.tokens["narrow"] = by_id["token"]
    assert hub.api("GET", "/repos/acme/web", who="narrow").status == 404
    assert hub.api("GET", "/repos/acme/web", who="").status == 404
    assert hub.api("GET", "/repos/acme/web", who="app").status == 200


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"repositories": ["elsewhere"]}, 422, "not accessible to the parent installation"),
        ({"repository_ids": [7]}, 422, "not accessible to the parent installation"),
        ({"permissions": {"issues": "write"}}, 422, "not granted to this installation"),
        ({"permissions": {"packages": "read"}}, 422, "not granted to this installation"),
    ],
)
def test_a_token_for_more_than_was_granted_is_refused(hub: Hub, body: dict[str, Any], status: int, words: str) -> None:
    answer = AppSide(hub, "reader", {"issues": "read"}).token(**body)
    assert (answer.status, words in answer.json["message"]) == (status, True)


def test_a_token_ends_after_an_hour_and_when_it_is_given_back(hub: Hub, side: AppSide) -> None:
    hub.tokens["fresh"] = side.token().json["token"]
    assert hub.api("DELETE", "/installation/token", who="fresh").status == 204
    assert hub.api("GET", "/installation/repositories", who="fresh").json["message"] == "Bad credentials"
    hub.tokens["old"] = side.token().json["token"]
    now = hub.sandbox.now
    hub.sandbox.now = lambda: now() + timedelta(minutes=61)
    assert hub.api("GET", "/installation/repositories", who="old").status == 401


def test_a_suspended_installation_gets_nothing_and_is_told(hub: Hub, side: AppSide) -> None:
    hub.tokens["before"] = side.token().json["token"]
    path = f"/app/installations/{side.installation}/suspended"
    assert side.api("PUT", path).status == 204
    assert hub.hear() == ["installation.suspend"]
    for answer in (side.token(), hub.api("GET", "/installation/repositories", who="before")):
        assert (answer.status, answer.json["message"]) == (403, "This installation has been suspended")
    assert side.api("GET", "/app/installations").json[0]["suspended_at"]
    hub.issue()
    told = [delivery.app_id for delivery in events.take(hub.sandbox)]
    assert len(told) == 1
    assert side.app.app_id not in told
    assert side.api("DELETE", path).status == 204
    assert hub.hear() == ["installation.unsuspend"]
    assert side.token().status == 201


def test_an_uninstalled_app_has_lost_its_tokens(hub: Hub, side: AppSide) -> None:
    hub.tokens["before"] = side.token().json["token"]
    assert side.api("DELETE", f"/app/installations/{side.installation}").status == 204
    assert hub.hear() == ["installation.deleted"]
    assert hub.payload("installation.deleted")["installation"]["id"] == side.installation
    assert side.token().status == 404
    assert hub.api("GET", "/installation/repositories", who="before").status == 401


def test_repositories_come_and_go_with_an_event_each(hub: Hub, side: AppSide) -> None:
    installing.choose(hub.sandbox, side.record, [hub.repo], "acme")
    assert hub.hear() == ["installation_repositories.removed"]
    installing.choose(hub.sandbox, side.record, None, "acme")
    assert hub.hear() == ["installation_repositories.added"]
    told = hub.payload("installation_repositories.added")
    assert [repo["full_name"] for repo in told["repositories_added"]] == ["acme/web"]
    assert told["repository_selection"] == "all"


def test_raised_permissions_hold_once_they_are_accepted(hub: Hub) -> None:
    reader = AppSide(hub, "reader", {"issues": "read"})
    app = hub.sandbox.state.apps[reader.app.app_id]
    app.permissions["issues"] = "write"
    assert reader.token(permissions={"issues": "write"}).status == 422
    installing.accept_permissions(hub.sandbox, app, "acme")
    assert hub.hear() == ["installation.new_permissions_accepted"]
    assert reader.token(permissions={"issues": "write"}).status == 201


def test_the_log_of_deliveries_pages_by_cursor_and_redelivers(hub: Hub, side: AppSide) -> None:
    for number in range(3):
        hub.issue(f"number {number}")
    mine = [d for d in events.take(hub.sandbox) if d.app_id == side.app.app_id]
    for position, delivery in enumerate(mine):
        events.record(hub.sandbox, delivery, 500 if position == 1 else 202, "ok", 0.25)
    first = side.api("GET", "/app/hook/deliveries?per_page=2")
    assert [row["id"] for row in first.json] == [mine[2].id, mine[1].id]
    cursor = first.headers["link"].partition("cursor=")[2].partition(">")[0]
    assert [row["id"] for row in side.api("GET", f"/app/hook/deliveries?cursor={cursor}").json] == [mine[0].id]
    failed = side.api("GET", "/app/hook/deliveries?status=failure").json
    assert [(row["id"], row["status_code"]) for row in failed] == [(mine[1].id, 500)]
    full = side.api("GET", f"/app/hook/deliveries/{mine[1].id}").json
    assert full["request"]["headers"]["X-GitHub-Delivery"] == mine[1].guid
    assert full["request"]["payload"]["action"] == "opened"
    assert side.api("POST", f"/app/hook/deliveries/{mine[1].id}/attempts").status == 202
    (again,) = events.take(hub.sandbox)
    assert (again.guid, again.payload, again.redelivery) == (mine[1].guid, mine[1].payload, True)
    assert again.id != mine[1].id
    assert side.api("POST", "/app/hook/deliveries/7/attempts").status == 404


def test_the_hooks_address_can_be_changed(side: AppSide) -> None:
    side.api("PATCH", "/app/hook/config", {"url": "http://127.0.0.1:9/new", "secret": "s"})
    told = side.api("GET", "/app/hook/config").json
    assert (told["url"], told["secret"]) == ("http://127.0.0.1:9/new", "********")


def test_a_manifest_becomes_an_app_once(hub: Hub) -> None:
    manifest = {
        "name": "My Lockstep",
        "url": "http://127.0.0.1:1",
        "hook_attributes": {"url": "http://127.0.0.1:1/webhook"},
        "default_permissions": {"issues": "write"},
        "default_events": ["issues"],
    }
    code = hub.api("POST", "/_sandbox/manifests", {"manifest": manifest}).json["code"]
    made = hub.api("POST", f"/app-manifests/{code}/conversions", who="")
    assert made.status == 201
    assert made.json["slug"] == "my-lockstep"
    assert "PRIVATE KEY" in made.json["pem"]
    assert hub.api("POST", f"/app-manifests/{code}/conversions", who="").status == 404
    now = int(time.time())
    hub.tokens["new"] = jwt.encode(
        {"iat": now - 60, "exp": now + 500, "iss": made.json["client_id"]}, made.json["pem"], algorithm="RS256"
    )
    assert hub.api("GET", "/app", who="new").json["events"] == ["issues"]


def test_an_installation_on_one_account_reaches_no_other(hub: Hub, side: AppSide) -> None:
    elsewhere = Scenario(hub.sandbox).repo("other/thing", private=True)
    hub.tokens["mine"] = side.token().json["token"]
    assert hub.api("GET", f"/repos/{elsewhere.full_name}", who="mine").status == 404
    assert side.api("GET", f"/repos/{elsewhere.full_name}/installation").status == 404


def test_an_administrator_chooses_repositories_one_by_one(hub: Hub, side: AppSide) -> None:
    installing.choose(hub.sandbox, side.record, [hub.repo], "acme")
    hub.hear()
    path = f"/user/installations/{side.installation}/repositories/{hub.other.id}"
    assert hub.api("PUT", path, who="bob").status == 404
    assert hub.api("PUT", path, who="acme").status == 204
    assert hub.hear() == ["installation_repositories.added"]
    assert hub.api("PUT", path, who="acme").status == 204
    assert hub.hear() == []
    mine = hub.ok("GET", f"/user/installations/{side.installation}/repositories", who="acme")
    assert [row["name"] for row in mine["repositories"]] == ["api", "web"]
    assert hub.api("DELETE", path, who="acme").status == 204
    assert hub.hear() == ["installation_repositories.removed"]
    assert side.installation in [row["id"] for row in hub.ok("GET", "/user/installations", who="acme")["installations"]]
