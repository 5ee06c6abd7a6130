"""How much of what goes wrong is recovered from without a person, and how well the rest is handed over.

Most runs are simulated (`tests/simulation/ailing.py`: engine, handlers, GitHub client and store against the sandbox's
own core, in virtual time), each with one ailment drawn by its weight; the others are real: the bot over HTTP, git,
agents' processes, and CI that runs shell scripts (`tests/kit/ills.py`).

recovered_share: of the recoverable ones, ended merged without a person.  handover_share: of those that no machine can
repair, ended with a person, who is told why and what to do.  wrong_merges: merges that broke a promise (a red check, an
unmet need, a commit nobody decided on), or of what should not have been merged.  endless: no rest within four hours, or
more than forty runs of CI.  Peers are the same simulated runs without any repair, and where whatever fails is run again
three times; repo-sapiens, which says that it recovers, recovered nothing when it was run, which was apart from this.
"""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from unittest import mock

from benchmarks import Number, Report, Say, machine
from services.core.repairs import Repair
from tests.kit.ills import ILLS, ill
from tests.simulation.ailing import AILMENTS, Ailment, Fate, blindly, suffers
from tests.simulation.chance import Chance

OPTIONS = {
    "runs": (300, "simulated runs"),
    "real": (60, "real runs besides"),
    "seed": (1, "what is drawn is drawn from this"),
}
PEERS = 100
"""Of the same simulated runs, the first ones, are lived without repairs and with blind ones."""
LIMITS: dict[str, Number] = {"recovered_share": 0.95, "handover_share": 1.0, "wrong_merges": 0, "endless": 0}


def measure(say: Say, *, runs: int, real: int, seed: int) -> Report:
    """The simulated runs of each way, then the real ones."""
    drawn = _drawn(runs, seed)
    ours = _lived(drawn, seed, "ours", say)
    peers: dict[str, dict[str, Number]] = {"limit": LIMITS, "repo-sapiens": {"recovered_share": 0.0}}
    with mock.patch.object(Repair, "knew", blindly):
        peers["retry three times"] = _figures(_lived(drawn[:PEERS], seed, "retry three times", say))
    peers["nothing"] = _figures(_lived(drawn[:PEERS], seed, "nothing", say))
    lived = asyncio.run(_real(real, say))
    figures = {
        **_figures([*ours, *lived]),
        **{f"{name}_simulated": value for name, value in _figures(ours).items()},
        **{f"{name}_real": value for name, value in _figures(lived).items()},
    }
    for name, (good, all_) in _by_ailment([*ours, *lived]).items():
        say(f"{name}: {good} of {all_} as they should end")
    conditions: dict[str, Number | str] = {
        "weights": ", ".join(f"{each.name} {each.weight}" for each in AILMENTS),
        "seed": seed,
    }
    return Report(name="recovery", figures=figures, peers=peers, conditions=machine() | conditions)


def _drawn(runs: int, seed: int) -> list[Ailment]:
    """Each ailment at least once, the rest by weight."""
    at = Chance(seed).stream("ailments")
    rest = at.choices(AILMENTS, [each.weight for each in AILMENTS], k=max(runs - len(AILMENTS), 0))
    return [*AILMENTS, *rest][:runs]


def _lived(drawn: Sequence[Ailment], seed: int, arm: str, say: Say) -> list[Fate]:
    found = []
    for number, ailment in enumerate(drawn):
        fate = suffers(seed * 100_000 + number, ailment, arm)
        found.append(fate)
        if arm == "ours" and (fate.wrong or fate.end != ("merged" if fate.recovers else "handed")):
            say(f"{ailment.name} ended {fate.end or 'nowhere'}: seed {seed * 100_000 + number} {fate.wrong}")
    say(f"{arm}: {len(found)} runs")
    return found


async def _real(runs: int, say: Say) -> list[Fate]:
    found = []
    for number in range(runs):
        name = list(ILLS)[number % len(ILLS)]
        with tempfile.TemporaryDirectory(prefix="lockstep-ill-") as folder:
            fate = await ill(Path(folder), name)
        found.append(fate)
        if fate.wrong or fate.end != ("merged" if fate.recovers else "handed"):
            say(f"{name} (real) ended {fate.end or 'nowhere'}: {fate.wrong}")
        if not len(found) % len(ILLS):
            say(f"real: {len(found)} runs")
    return found


def _figures(fates: Sequence[Fate]) -> dict[str, Number]:
    good = [fate for fate in fates if fate.recovers]
    bad = [fate for fate in fates if not fate.recovers]
    merged = sum(fate.end == "merged" for fate in good)
    return {
        "runs": len(fates),
        "recovered_share": round(merged / max(len(good), 1), 4),
        "handover_share": round(sum(fate.end == "handed" for fate in bad) / max(len(bad), 1), 4),
        "wrong_merges": sum(bool(fate.wrong) for fate in fates) + sum(fate.end == "merged" for fate in bad),
        "endless": sum(fate.endless for fate in fates),
        "repairs_mean": round(sum(fate.repairs for fate in fates) / max(len(fates), 1), 2),
    }


def _by_ailment(fates: Sequence[Fate]) -> dict[str, tuple[int, int]]:
    all_ = Counter(fate.ailment for fate in fates)
    good = Counter(fate.ailment for fate in fates if fate.end == ("merged" if fate.recovers else "handed"))
    return {name: (good[name], count) for name, count in all_.items()}
