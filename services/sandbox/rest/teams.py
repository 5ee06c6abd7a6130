"""Teams of an organisation, as far as somebody's membership in one is asked for."""

from services.sandbox.call import Call
from services.sandbox.kernel import Json, Problem, not_found, route


@route("GET", "/orgs/{org}/teams/{team_slug}/memberships/{username}")
def membership(call: Call) -> Json:
    """404 too for a team that is not there; an installation needs `members: read`, which no repository gives."""
    org = next((a for a in call.state.accounts.values() if a.login.lower() == call.params["org"].lower()), None)
    token = call.who.token
    if token is not None and call.who.installation is not None and "members" not in token.permissions:
        headers = {"x-accepted-github-permissions": "members=read"}
        raise Problem(403, "Resource not accessible by integration", headers=headers)
    team = org.teams.get(call.params["team_slug"].lower()) if org is not None else None
    login = call.params["username"].lower()
    if org is None or team is None or login not in {each.lower() for each in team}:
        raise not_found()
    url = f"{call.base}/orgs/{org.login}/teams/{call.params['team_slug']}/memberships/{login}"
    return {"url": url, "role": "member", "state": "active"}
