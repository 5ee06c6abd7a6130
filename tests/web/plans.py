"""Plans for the pages to show: one in the middle of its run, one full of tricks, one of a thousand tasks."""

from datetime import timedelta
from typing import Any

from services.core.board import Run
from services.core.plan import Plan
from services.core.task_state import TaskState
from services.core.text import code, plain
from tests.kit.plans import NOW, plan, task
from tests.web.stage import House, now_at

TRICKS = (
    "<script>document.title='taken'</script>",
    "<img src=x onerror=alert(1)>",
    "[click](javascript:alert(1))",
    '"><svg onload=alert(1)>',
    "{{ 7*7 }}{% raw %}",
    "</pre></table></html>",
)


def currency() -> Plan:
    return plan(
        task("schema", repo="acme/schema", title="Add `currency` to the order schema"),
        task("rates", title="Keep exchange rates"),
        task("api", "schema", title="Serve currency"),
        task("convert", "api", "rates", title="Convert amounts"),
        task("web", "api", repo="acme/web", title="Show the currency"),
        task("prices", "web", "convert", repo="acme/web", title="Show prices"),
    )


async def half_done(house: House, number: int = 1) -> Run:
    """One task merged, one failed, one waits for its check."""
    merged: dict[str, Any] = {"started_at": NOW, "finished_at": NOW + timedelta(minutes=3), "merge_sha": "a" * 40}
    run = await house.ran(
        currency(),
        [
            now_at("schema", "done", pull=3, issue=2, **merged),
            now_at("rates", "failed", f"The script ended with exit code 1: {plain('no_rates.txt *here*')}", attempt=2),
            now_at("api", "in_review", f"waits for check {code('test')}", pull=5, issue=4, started_at=NOW),
        ],
        number,
        title="Orders carry a currency",
    )
    await house.printed(run, "rates", "\n".join(f"line {number}" for number in range(1, 51)))
    return run


async def hostile(house: House, number: int = 2) -> Run:
    """Every text that others can write holds every trick."""
    everything = " ".join(TRICKS)
    tasks = [task(f"t{n}", title=trick) for n, trick in enumerate(TRICKS)]
    states = [now_at(each.id, "failed", plain(everything, 500)) for each in tasks]
    long = task("Z" + "z" * 63, title="w" * 256, repo=f"acme/{'r' * 100}")
    run = await house.ran(plan(*tasks, long), states, number, title=everything)
    await house.printed(run, "t0", everything)
    return run


async def thousand(house: House, number: int = 3) -> Run:
    """A thousand tasks of which the first third is done."""
    tasks = [task("t0", repo="acme/r0", title="The first of many")]
    for n in range(1, 1000):
        needs = {f"t{n // 3}", f"t{max(0, n - 40)}"}
        tasks.append(
            task(f"t{n}", *sorted(needs), repo=f"acme/r{n % 7}", title=f"Do thing number {n} in a fairly long title")
        )

    def state(n: int) -> TaskState:
        if n < 300:
            return now_at(f"t{n}", "done", pull=n + 1, issue=n + 2000, started_at=NOW, finished_at=NOW)
        if n < 330:
            return now_at(f"t{n}", "in_review", f"waits for check {code('test')}", pull=n + 1, issue=n + 2000)
        return (
            now_at(f"t{n}", "failed", "conflicts with its base branch", issue=n)
            if n < 350
            else now_at(f"t{n}", "blocked")
        )

    return await house.ran(plan(*tasks), [state(n) for n in range(1000)], number, title="Everything, everywhere")
