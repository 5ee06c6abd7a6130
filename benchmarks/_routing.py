"""Published results of models on tasks, and one life of a learner among them: what it spent and what it solved."""

import csv
import gzip
import json
import os
import random
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import NamedTuple

from benchmarks import MissingData
from bot.modelling import TYPICAL
from services.agents.prices import Prices
from services.core.choose import Asked, Policy, Rules, Tier, choose
from services.core.complexity import judge
from services.core.posterior import Known, Outcome, Verdict

FLAKY = 0.02
"""Share of right patches that the checks fail."""
UNSOUND = "Claude 3.7 Sonnet"
"""Its rows contradict its headline."""


LISTED = {
    "Claude 4 Opus": "anthropic:claude-opus-4-20250514",
    "Claude 4 Sonnet": "anthropic:claude-sonnet-4-20250514",
    "Claude 4.5 Opus": "anthropic:claude-opus-4-5",
    "Claude 4.5 Sonnet": "anthropic:claude-sonnet-4-5",
    "DeepSeek V3.2 Reasoner": "openrouter:deepseek/deepseek-v3.2",
    "Devstral ": "mistral:devstral-2512",
    "GLM-4.5": "openrouter:z-ai/glm-4.5",
    "GLM-4.6": "openrouter:z-ai/glm-4.6",
    "GPT-5 (": "openai:gpt-5",
    "GPT-5 mini": "openai:gpt-5-mini",
    "GPT-5 nano": "openai:gpt-5-nano",
    "GPT-5.1 (": "openai:gpt-5.1",
    "GPT-5.1-codex": "openai:gpt-5.1-codex",
    "Gemini 2.5 Pro": "google:gemini-2.5-pro",
    "Gemini 3 Pro": "google:gemini-3-pro-preview",
    "Kimi K2": "openrouter:moonshotai/kimi-k2",
    "Llama 4 Maverick": "openrouter:meta-llama/llama-4-maverick",
    "Minimax M2": "openrouter:minimax/minimax-m2",
    "Qwen2.5-Coder": "openrouter:qwen/qwen-2.5-coder-32b-instruct",
    "Qwen3-Coder": "openrouter:qwen/qwen3-coder",
    "gpt-oss-120b": "openrouter:openai/gpt-oss-120b",
    "o3": "openai:o3",
    "o4-mini": "openai:o4-mini",
    "gpt5": "openai:gpt-5",
    "claude": "anthropic:claude-sonnet-4-5",
}
"""Whose list price says what an attempt may cost before one was seen, by how a model's name begins."""


@cache
def guess(model: str) -> Decimal:
    """What the bot would guess, by the list price alone: it knows nothing of what the model spent here."""
    provider, _, name = LISTED[max((each for each in LISTED if model.startswith(each)), key=len)].partition(":")
    return Prices({}).of(provider, name, TYPICAL).cost or Tier(name="").guess


class Results(NamedTuple):
    """By model and task: was it solved, and at what price."""

    solved: dict[str, dict[str, bool]]
    cost: dict[str, dict[str, Decimal]]
    models: tuple[str, ...]
    repo: dict[str, str]

    @property
    def tasks(self) -> tuple[str, ...]:
        return tuple(self.repo)

    def starting(self, *names: str) -> tuple[str, ...]:
        """Models by how their names begin."""
        return tuple(next(model for model in self.models if model.startswith(name)) for name in names)


class Life(NamedTuple):
    """500 tasks in one order. solved: changes delivered that were right; early: spend on the first 50, solved of them,
    and what always-biggest spends on those.
    """

    spend: float
    solved: int
    early: tuple[float, int, float]


def corpus() -> Path:
    """Where the results lie."""
    folder = Path(os.environ.get("LOCKSTEP_CORPORA", "../shared/corpora")) / "routing"
    if not (folder / "swebench-verified.csv.gz").exists():
        raise MissingData(f"{folder} has no swebench-verified.csv.gz; set LOCKSTEP_CORPORA to the folder of corpora.")
    return folder


def results() -> Results:
    """SWE-bench Verified."""
    solved: dict[str, dict[str, bool]] = {}
    cost: dict[str, dict[str, Decimal]] = {}
    with gzip.open(corpus() / "swebench-verified.csv.gz", "rt") as file:
        for row in csv.DictReader(file):
            if not row["model"].startswith(UNSOUND):
                solved.setdefault(row["model"], {})[row["instance_id"]] = row["resolved"] == "1"
                cost.setdefault(row["model"], {})[row["instance_id"]] = Decimal(row["cost"])
    models = tuple(solved)
    return Results(solved, cost, models, {task: task.rpartition("-")[0] for task in solved[models[0]]})


def second() -> Results:
    """SWE-bench Pro: other tasks, other models."""
    solved: dict[str, dict[str, bool]] = {"gpt5": {}, "claude": {}}
    cost: dict[str, dict[str, Decimal]] = {"gpt5": {}, "claude": {}}
    repo: dict[str, str] = {}
    with gzip.open(corpus() / "nilenso-A.csv.gz", "rt") as file:
        for row in csv.DictReader(file):
            repo[row["instance_id"]] = row["repo"]
            for model, right in solved.items():
                right[row["instance_id"]] = row[f"{model}_resolved"] == "1"
                cost[model][row["instance_id"]] = Decimal(row[f"{model}_cost"])
    return Results(solved, cost, tuple(solved), repo)


class World(NamedTuple):
    """What is the same for everybody who is compared. tiers: from small to large; alpha: share of wrong patches that
    the checks let through; told: share of them that come to light later.
    """

    results: Results
    tiers: tuple[str, ...]
    tasks: tuple[str, ...]
    alpha: float = 0.1
    told: float = 0.0

    def always(self) -> tuple[float, int]:
        """What the largest tier alone spends and solves."""
        big = self.tiers[-1]
        return (
            float(sum(self.results.cost[big][task] for task in self.tasks)),
            sum(self.results.solved[big][task] for task in self.tasks),
        )


def live(world: World, failure_cost: float, seed: int, policy: Policy = "learned") -> Life:
    """One life from a cold start: the order of tasks and the checks' mistakes follow from the seed."""
    rules = Rules(
        tiers=tuple(Tier(name=f"t{at}", guess=guess(name)) for at, name in enumerate(world.tiers)),
        policy=policy,
        failure_cost=Decimal(str(failure_cost)),
    )
    model = {f"t{at}": name for at, name in enumerate(world.tiers)}
    chance, draw = random.Random(f"world {seed}"), random.Random(f"draw {seed}")
    order = list(world.tasks)
    chance.shuffle(order)
    known, spend, solved, early, biggest = Known(), 0.0, 0, (0.0, 0, 0.0), 0.0
    for count, task in enumerate(order, 1):
        repo = world.results.repo[task]
        luck = {name: (chance.random(), chance.random()) for name in model}
        failed: tuple[str, ...] = ()
        right = False
        while True:
            tier = choose(Asked(repo=repo, failed=failed), rules, known, draw).tier
            if not tier:
                break
            right, cost = world.results.solved[model[tier]][task], world.results.cost[model[tier]][task]
            passed = luck[tier][0] >= FLAKY if right else luck[tier][0] < world.alpha
            known = known.learn(Outcome(tier=tier, repo=repo, after=bool(failed), passed=passed, cost=cost))
            spend += float(cost)
            if passed:
                if world.told and luck[tier][1] < world.told:
                    known = known.hear(Verdict(tier=tier, good=right))
                break
            failed = (*failed, tier)
        solved += right
        biggest += float(world.results.cost[world.tiers[-1]][task])
        if count == 50:
            early = (spend, solved, biggest)
    return Life(spend, solved, early)


def keyword_rule(world: World, order: Sequence[str], texts: dict[str, str]) -> tuple[float, int]:
    """What routers of agent tools commonly do: a score of the text's words, its length and its code decides once and
    for all: small below 0.3, large above 0.7.
    """
    return _dealt(world, order, lambda task: min(keyword_score(texts.get(task, "")), 2))


def random_mix(world: World, order: Sequence[str], shares: Sequence[float], seed: int) -> tuple[float, int]:
    """The same numbers of tasks for each tier, dealt at random."""
    chance = random.Random(f"mix {seed}")
    return _dealt(world, order, lambda _: chance.choices(range(len(shares)), shares)[0])


def _dealt(world: World, order: Sequence[str], pick: Callable[[str], int]) -> tuple[float, int]:
    spend, solved = 0.0, 0
    for task in order:
        model = world.tiers[min(pick(task), len(world.tiers) - 1)]
        spend += float(world.results.cost[model][task])
        solved += world.results.solved[model][task]
    return spend, solved


HARD = ("refactor", "architecture", "migrate", "redesign", "concurren", "security", "performance", "algorithm", "async")
EASY = ("typo", "rename", "comment", "docs", "readme", "format", "version")


def keyword_score(text: str) -> int:
    """0 small, 1 medium, 2 large."""
    low = text.lower()
    score = 0.15 * sum(word in low for word in HARD) - 0.1 * sum(word in low for word in EASY)
    score += min(len(text) / 10_000, 0.3) + min(text.count("```") * 0.05, 0.2)
    return 0 if score < 0.3 else 1 if score <= 0.7 else 2


def texts() -> dict[str, str]:
    """The issues' texts by task."""
    with gzip.open(corpus() / "issues.jsonl.gz", "rt") as file:
        return {row["instance_id"]: row["text"] for row in map(json.loads, file)}


def area(world: World, model: str, told: dict[str, str]) -> float:
    """How well our own complexity score foretells that a model fails: area under the curve, 0.5 is a coin."""
    scores: dict[bool, list[float]] = {True: [], False: []}
    for task in world.tasks:
        title, _, body = told.get(task, "").partition("\n")
        scores[world.results.solved[model][task]].append(judge(title, body).score)
    wins = sum((bad > good) + 0.5 * (bad == good) for bad in scores[False] for good in scores[True])
    return wins / (len(scores[False]) * len(scores[True]))
