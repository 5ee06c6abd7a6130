"""What is known to whoever decides about a failure: what its repository wants done, what has helped there, and of an
attempt that failed what its log tells.
"""

import msgspec

from services.core.classify import diagnose
from services.core.failures import FailureClass
from services.core.log_lines import read_log
from services.core.pull_comment import LINES
from services.core.repairs import Failed, Failure, Repair
from services.core.signature import of_class, without_class
from services.core.strategies import Rules
from services.core.task_state import Happening
from services.core.text import cut, plain
from services.engine.configs import config_of
from services.engine.orders import Order, Result
from services.engine.parts import Parts
from services.github import Reads

UNCLEAR: frozenset[FailureClass] = frozenset({"unknown", "permission", "policy", "configuration"})
"""What a log may seem to tell of, where in truth the agent came to nothing."""


async def rules_of(parts: Parts, reads: Reads, repo: str) -> Rules:
    """Asked only when something has failed."""
    wanted = (await config_of(reads, repo)).recovery
    record = await parts.recoveries.record(repo) if parts.recoveries is not None else {}
    models = parts.settings.models
    stronger = max(len(models.tiers) - 1, 0) if models is not None else 0
    return Rules(policy=wanted.policy, most=wanted.most, fixer=wanted.fixer, record=record, stronger=stronger)


async def for_repair(parts: Parts, order: Order, repair: Repair) -> Order:
    """The order of an attempt that is a repair: whose work it takes over, and how."""
    if not repair.carries:
        return order
    return await carrying(parts, order, repair.sha, fixes=repair.strategy == "fix_format")


async def carrying(parts: Parts, order: Order, head: str, *, fixes: bool = False) -> Order:
    """The order of an attempt that takes over that head."""
    wanted = (await config_of(parts.github.reads, order.task.repo)).recovery
    return msgspec.structs.replace(
        order,
        carry=head,
        fixer=wanted.fixer if fixes else "",
        proves=wanted.verify,
        generated=wanted.generated,
    )


async def failed(parts: Parts, repo: str, result: Result) -> Happening:
    """An attempt that came to nothing, as what happened to its task."""
    text = cut(result.reason, 500) if result.is_ours else plain(result.reason, 500)
    happened = Happening(kind="broke", text=text, fence=result.fence)
    if result.is_hopeless:
        return happened
    rules = await rules_of(parts, parts.github.reads, repo)
    return with_failure(happened, failure_of(result), rules)


def with_failure(happened: Happening, failure: Failure, rules: Rules) -> Happening:
    """The same with what is known of it, so that something may be done about it."""
    known = Failed(failures=(failure,), rules=rules)
    return Happening(kind=happened.kind, text=happened.text, fence=happened.fence, failed=known)


def failure_of(result: Result) -> Failure:
    """What an attempt failed of; its log is foreign, and read as any other."""
    if result.conflicts:
        return Failure(
            check="",
            id=str(result.fence),
            cls="merge_conflict",
            signature=of_class("merge_conflict", " ".join(result.conflicts)),
            evidence=(result.reason, *result.conflicts[:LINES]),
        )
    found = diagnose(read_log(result.log.encode("utf-8", "replace")), brief=LINES)
    cls = found.cls
    if result.over:
        cls = "budget"
    elif result.kind == "unchanged":
        cls = "agent_empty"
    elif result.kind == "timed_out":
        cls = "timeout"
    elif cls in UNCLEAR:
        cls = "agent_failed"
    return Failure(
        check="",
        id=str(result.fence),
        cls=cls,
        signature=of_class(cls, without_class(found.signature) or result.reason[:200]),
        evidence=(result.reason[:400], *(line.text for line in found.evidence)),
    )
