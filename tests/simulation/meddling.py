"""What people do to a plan, its pull requests and its repositories while it runs: most of it by right, all of it at a bad
moment.

`make_good` takes back what would hold the run for good, as people do who want it done.
"""

import asyncio
from typing import TYPE_CHECKING

from services.core.names import LABEL_HOLD, STICKY
from services.sandbox import merge_queue, pulls, pushes
from services.sandbox.git_values import ZERO
from services.sandbox.kernel import Problem
from services.sandbox.state import Issue
from tests.simulation import plans
from tests.simulation.hub import BOT, ROLES

if TYPE_CHECKING:
    from tests.simulation.people import People

GARBAGE = (
    "/lockstep", "/lockstep frobnicate t0", "/lockstep skip", "/lockstep retry t99 acme/none", "/lockstep priority t0",
    "> /lockstep cancel", "/lockstep resume\n/lockstep status\n/lockstep hold t0\n/lockstep resume t0",
    "/lockstep skip `t0`", "@lockstep help", "/lockstep priority t0 p=nan", "thanks /lockstep cancel",
)  # fmt: skip


class Meddling:
    def __init__(self, people: "People") -> None:
        self.people = people
        self.chance = people.chance
        self.hub = people.hub
        self.marks = people.world.marks
        some = self.chance.sample(sorted(WEIGHTS), self.chance.randint(4, len(WEIGHTS)))  # a swarm, as of faults
        weights = EDITING if people.world.edits else {name: WEIGHTS[name] for name in some}
        self._acts = [name for name, weight in weights.items() for _ in range(weight)]

    async def live(self, until: float) -> None:
        """Do something now and then, until it is time to stop."""
        rate = max(self.people.world.faults.meddling, 0.03 if self.people.world.edits else 0.0)
        while rate and self.people.now < until:
            await asyncio.sleep(min(self.chance.expovariate(rate), until - self.people.now + 0.001))
            if self.people.now < until:
                getattr(self, self.chance.choice(self._acts))()
        await asyncio.sleep(max(0.0, until - self.people.now))

    def _pull(self) -> Issue | None:
        found = self.hub.open_pulls()
        return self.chance.choice(found) if found else None

    def _path(self, issue: Issue, below: str = "pulls") -> str:
        return f"/repos/{self.hub.repo_of(issue).full_name}/{below}/{issue.number}"

    # Pull requests and branches.

    def push_to_branch(self) -> None:
        """Somebody else's commit on a branch of ours, on top of it or in its place."""
        issue = self._pull()
        if issue is None or issue.pull is None:
            return
        repo, branch = self.hub.repo_of(issue), issue.pull.head_ref
        if self.chance.hits(0.4):
            git, ref = self.hub.sandbox.git, f"refs/heads/{branch}"
            base = git.refs(repo.id)[f"refs/heads/{repo.default_branch}"]
            if issue.pull.head_sha != base:
                git.set_ref(repo.id, ref, base)
        evil = f"evil {self.chance.getrandbits(32):08x}\n"
        sha = self.hub.scenario.commit(
            repo, {"evil.txt": evil}, "Not approved", branch=branch, login="ben", announce=True
        )
        self.hub.trace("ben", f"pushes {sha[:8]} to {repo.full_name} {branch}")

    def push_to_base(self) -> None:
        """The base moves on, now and then so that there is a conflict."""
        repo = self.chance.choice(self.hub.places).repo
        name = self.chance.choice(["shared.txt", "README.md", "tasks/t0.txt"])
        text = f"by hand {self.chance.getrandbits(32):08x}\n"
        sha = self.hub.scenario.commit(repo, {name: text}, "By hand", login="ben", announce=True)
        self.hub.trace("ben", f"pushes {sha[:8]} with {name} to {repo.full_name} main")

    def delete_branch(self) -> None:
        issue = self._pull()
        if issue is None or issue.pull is None:
            return
        repo, ref = self.hub.repo_of(issue), f"refs/heads/{issue.pull.head_ref}"
        sha = self.hub.sandbox.git.refs(repo.id).get(ref)
        if sha is not None:
            self.hub.sandbox.git.delete_ref(repo.id, ref)
            self.hub.trace("ben", f"deletes {repo.full_name} {ref}")
            pushes.moved(self.hub.sandbox, repo, ref, sha, ZERO, "ben")

    def close_pull(self) -> None:
        if (issue := self._pull()) is not None:
            self.hub.act("ben", "PATCH", self._path(issue), {"state": "closed"})

    def reopen_pull(self) -> None:
        rows = [
            i for i in self.hub.sandbox.state.issues.values() if i.pull and i.state == "closed" and not i.pull.merged
        ]
        if rows:
            self.hub.act("ben", "PATCH", self._path(self.chance.choice(rows)), {"state": "open"})

    def merge_by_hand(self) -> None:
        if (issue := self._pull()) is None:
            return
        if self.hub.repo_of(issue).protection:
            self._queue_by_hand(issue)
        else:
            self.hub.act("ana", "PUT", f"{self._path(issue)}/merge", {})

    def _queue_by_hand(self, issue: Issue) -> None:
        """Put it into the merge queue, or take it out."""
        sandbox, entry = self.hub.sandbox, merge_queue.entry_of(self.hub.sandbox, issue)
        try:
            if entry is None:
                merge_queue.enqueue(sandbox, issue, "ana")
            else:
                merge_queue.leave(sandbox, entry, "MANUAL", "ana")
        except Problem:
            return  # it may not be there
        way = "into" if entry is None else "out of"
        self.hub.trace("ana", f"#{issue.number} goes {way} the queue")

    def retarget(self) -> None:
        issue = self._pull()
        if issue is None or issue.pull is None:
            return
        repo = self.hub.repo_of(issue)
        if issue.pull.base_ref != repo.default_branch:
            self._turn_back(issue)
            return
        git = self.hub.sandbox.git
        if "refs/heads/develop" not in git.refs(repo.id):
            git.set_ref(repo.id, "refs/heads/develop", git.refs(repo.id)[f"refs/heads/{repo.default_branch}"])
        if self.hub.act("ana", "PATCH", self._path(issue), {"base": "develop"})[0] == 200:
            self.marks.set("base", issue.id)

    def _turn_back(self, issue: Issue) -> None:
        base = self.hub.repo_of(issue).default_branch
        if self.hub.act("ana", "PATCH", self._path(issue), {"base": base})[0] == 200:
            self.marks.clear("base", issue.id)

    def draft(self) -> None:
        issue = self._pull()
        if issue is None or issue.pull is None:
            return
        wanted = not issue.pull.draft
        pulls.set_draft(self.hub.sandbox, issue, wanted, "ana")
        self.marks.put("draft", issue.id, on=wanted)
        self.hub.trace("ana", f"draft {wanted}: {self._path(issue)}")

    def hold_label(self) -> None:
        issue = self._pull()
        if issue is None:
            return
        if LABEL_HOLD in issue.labels:
            self._unhold(issue)
        else:
            self.hub.act("ben", "POST", f"{self._path(issue, 'issues')}/labels", {"labels": [LABEL_HOLD]})
            self.marks.set("hold", issue.id)

    def _unhold(self, issue: Issue) -> None:
        name = LABEL_HOLD.replace("/", "%2F")
        self.hub.act("ben", "DELETE", f"{self._path(issue, 'issues')}/labels/{name}")
        self.marks.clear("hold", issue.id)

    def review(self) -> None:
        if (issue := self._pull()) is not None:
            self._say(issue, self.chance.choice(["ben", "ana"]), objects=self.chance.hits(0.7))

    def _say(self, issue: Issue, who: str, *, objects: bool) -> None:
        event = "REQUEST_CHANGES" if objects else "APPROVE"
        if self.hub.act(who, "POST", f"{self._path(issue)}/reviews", {"event": event, "body": "Hm."})[0] == 200:
            self.marks.put(f"objection of {who}", issue.id, on=objects)

    # Issues.

    def relabel(self) -> None:
        rows = [i for i in self.hub.sandbox.state.issues.values() if i.pull is None and i.user == BOT]
        if not rows:
            return
        issue = self.chance.choice(rows)
        self.people.world.watch.touched.add(issue.id)
        path = f"{self._path(issue, 'issues')}/labels"
        if issue.labels and self.chance.hits(0.5):
            self.hub.act("ben", "DELETE", f"{path}/{self.chance.choice(issue.labels).replace(':', '%3A')}")
        else:
            self.hub.act(
                "ben", "POST", path, {"labels": [self.chance.choice(["lockstep:failed", "lockstep:done", "bug"])]}
            )

    def close_issue(self) -> None:
        """A tracking issue, or the plan's own; or open it again."""
        rows = [i for i in self.hub.sandbox.state.issues.values() if i.pull is None]
        issue = self.chance.choice(rows)
        self.people.world.watch.touched.add(issue.id)
        state = "open" if issue.state == "closed" else "closed"
        self.hub.act("ana", "PATCH", self._path(issue, "issues"), {"state": state})

    def delete_sticky(self) -> None:
        for row in self.hub.comments_of(self.people.issue):
            if row.user == BOT and STICKY in row.body:
                path = f"/repos/{self.hub.home.full_name}/issues/comments/{row.id}"
                self.hub.act("ana", "DELETE", path)
                return

    def edit_plan(self) -> None:
        """Another text, or a former one again; before or after it was approved."""
        self.people.edit(self.chance.choice(["ana", "ben"]), plans.changed(self.chance, self.people.drafts))

    def edit_and_approve(self) -> None:
        """An edit that is meant for the plan as it runs: whoever may, approves it, too early now and then."""
        self.people.edit(self.chance.choice(["ana", "ben"]), plans.edited(self.chance, self.people.drafts))
        soon = self.chance.uniform(0.5, 20.0)
        self.people.world.loop.call_later(soon, self.people.say, "ana", "/lockstep approve")

    def edit_behind(self) -> None:
        """Somebody edits what another is approving just now, and has not seen."""
        self.start_again()
        soon, drafts = self.chance.uniform(0.0, 2.0), plans.changed(self.chance, self.people.drafts)
        self.people.world.loop.call_later(soon, self.people.edit, "ben", drafts)

    # Commands and rights.

    def command(self) -> None:
        verb = self.chance.choice(
            ["retry", "skip", "cancel", "hold", "resume", "priority", "status", "retry", "resume"]
        )
        targets = [draft.id for draft in self.people.drafts]
        some = " ".join(self.chance.sample(targets, self.chance.choice([1, 1, min(2, len(targets))])))
        text = {
            "priority": f"/lockstep priority {some} p={self.chance.randint(-5, 5)}",
            "cancel": f"/lockstep cancel {some}",
            "hold": self.chance.choice(["/lockstep hold", f"/lockstep hold {some} why=later"]),
            "resume": self.chance.choice(["/lockstep resume", f"/lockstep resume {some}"]),
            "retry": self.chance.choice(["/lockstep retry", f"/lockstep retry {some}", "/lockstep retry all"]),
        }.get(verb, f"/lockstep {verb} {some}")
        self.people.say(self.chance.choice(["ana", "ben", "tom", "eve"]), text)

    def cancel_all(self) -> None:
        self.people.say("ana", "/lockstep cancel")

    def start_again(self) -> None:
        self.people.say("ana", "/lockstep approve\n/lockstep run")

    def try_anew(self) -> None:
        """What ends an attempt and what begins the next come in one breath."""
        one = self.chance.choice(self.people.drafts).id
        self.people.say("ana", f"/lockstep cancel {one}\n/lockstep retry {one}")

    def begin_anew(self) -> None:
        """What ends a run and what starts the next come in one breath."""
        self.people.say("ana", "/lockstep cancel\n/lockstep approve\n/lockstep run")

    def approve_without_right(self) -> None:
        self.people.say(self.chance.choice(["eve", "tom", "ben"]), "/lockstep approve\n/lockstep run")

    def garbage(self) -> None:
        self.people.say(self.chance.choice(["ana", "eve"]), self.chance.choice(GARBAGE))

    def lose_right(self) -> None:
        repo = self.chance.choice(self.hub.places).repo
        role = self.chance.choice(["read", "triage", "write", "none"])
        if role == "none":
            repo.collaborators.pop("ana", None)
        else:
            repo.collaborators["ana"] = role
        self.marks.put("no right of ana", repo.id, on=role != "write")
        self.hub.trace("github", f"ana is {role} on {repo.full_name}")

    def gain_right(self) -> None:
        self.people.world.restore_rights()

    # Making good.

    def make_good(self) -> None:
        """Nothing that people did holds a pull request back any more."""
        for issue in self.hub.open_pulls():
            assert issue.pull is not None
            if LABEL_HOLD in issue.labels:
                self._unhold(issue)
            if issue.pull.draft:
                self.draft_of(issue)
            if issue.pull.base_ref != self.hub.repo_of(issue).default_branch:
                self._turn_back(issue)
            for who in ("ana", "ben"):
                if self.marks.since(f"objection of {who}", issue.id) is not None:
                    self._say(issue, who, objects=False)
            if not self._has_checks(issue.repo_id, issue.pull.head_sha):
                self.hub.act("ana", "PATCH", self._path(issue), {"state": "closed"})
                self.hub.act("ana", "PATCH", self._path(issue), {"state": "open"})
        self._remove_foreign_branches()

    def _has_checks(self, repo: int, sha: str) -> bool:
        """Or there will be none."""
        ours, rows = self.hub.app.app_id, self.hub.sandbox.state.check_runs.values()
        is_checked = next(place.checks for place in self.hub.places if place.repo.id == repo) != "none"
        return not is_checked or any(row.head_sha == sha and row.app_id != ours for row in rows)

    def draft_of(self, issue: Issue) -> None:
        pulls.set_draft(self.hub.sandbox, issue, False, "ana")
        self.marks.clear("draft", issue.id)

    def _remove_foreign_branches(self) -> None:
        """A branch that somebody else pushed to is deleted, as the bot asks, so that a retry begins afresh."""
        world = self.people.world
        for place in self.hub.places:
            for ref, sha in list(self.hub.sandbox.git.refs(place.repo.id).items()):
                if ref.startswith("refs/heads/lockstep/") and sha not in world.yard.made:
                    self.hub.sandbox.git.delete_ref(place.repo.id, ref)
                    self.hub.trace("ben", f"deletes {place.repo.full_name} {ref}")
                    pushes.moved(self.hub.sandbox, place.repo, ref, sha, ZERO, "ben")


WEIGHTS = {
    "push_to_branch": 3, "push_to_base": 3, "delete_branch": 1, "close_pull": 2, "reopen_pull": 2, "merge_by_hand": 3,
    "retarget": 1, "draft": 2, "hold_label": 4, "review": 4, "relabel": 2, "close_issue": 2, "delete_sticky": 2,
    "edit_plan": 3, "edit_behind": 2, "command": 12, "try_anew": 4, "cancel_all": 1, "start_again": 2, "begin_anew": 2,
    "approve_without_right": 2, "garbage": 2, "lose_right": 2, "gain_right": 2,
}  # fmt: skip
EDITING = {**WEIGHTS, "edit_plan": 1, "edit_and_approve": 60}
"""Of the seeds that are about plans that are edited while they run."""
assert set(ROLES) >= {"ana", "ben", "tom", "eve"}
