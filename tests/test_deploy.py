"""What is shipped for operators is about what there is: metrics that exist, rules that are whole."""

import json
import re
import shutil
import subprocess
from collections import Counter
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from bot.__main__ import COMMANDS
from bot.settings import PREFIX, ROLES, Settings
from services.metrics import Metrics

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
DASHBOARD = json.loads((DEPLOY / "grafana-dashboard.json").read_text())
RULES = yaml.safe_load((DEPLOY / "alerts.yml").read_text())["groups"][0]["rules"]
QUERIES = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
LABELS = {"job", "instance", "le"}
"""What Prometheus itself adds."""


def known() -> dict[str, set[str]]:
    """Name of each series -> its labels."""
    metrics = Metrics()
    metrics.github(Counter)
    metrics.listened(int, int)
    found: dict[str, set[str]] = {"up": set()}
    for metric in metrics.registry.collect():
        names = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum")}.get(metric.type, ("",))
        labels = set(getattr(metric, "_labelnames", ())) | {each for sample in metric.samples for each in sample.labels}
        found |= {f"{metric.name}{end}": labels for end in names}
    return found


@pytest.mark.parametrize("query", [*QUERIES, *(rule["expr"] for rule in RULES)])
def test_every_metric_that_is_asked_for_exists(query: str) -> None:
    names = set(re.findall(r"\b(?:lockstep|process)_\w+|\bup\b", query))
    assert names
    assert names <= known().keys()
    assert query.count("(") == query.count(")")
    assert query.count("{") == query.count("}")


def test_the_check_would_find_one_that_does_not() -> None:
    assert "lockstep_nonsense" not in known()
    assert "lockstep_delivery_lag_seconds_bucket" in known()


def test_every_panel_has_its_place_and_every_rule_says_what_to_do() -> None:
    places = [tuple(panel["gridPos"].values()) for panel in DASHBOARD["panels"]]
    assert len(set(places)) == len(places)
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(places)
    for rule in RULES:
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert rule["annotations"].keys() == {"summary", "look"}
    names: list[Any] = [rule["alert"] for rule in RULES]
    assert len(set(names)) == len(names)


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not on this machine")
def test_promtool_takes_the_rules() -> None:
    done = subprocess.run(["promtool", "check", "rules", DEPLOY / "alerts.yml"], capture_output=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_processes_of_every_recipe_are_ones_that_there_are() -> None:
    """Of Kubernetes, systemd, compose and the Procfile: roles, settings, addresses."""
    root = DEPLOY.parent
    items = [*yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text())]
    pods = [item["spec"]["template"]["spec"] for item in items if item["kind"] == "Deployment"]
    args = [pod["containers"][0]["args"] for pod in pods]
    assert [each[:2] for each in args] == [["serve", "--role"]] * 3
    assert {each[2] for each in args} == {*ROLES} - {"all"}
    for pod in pods:
        (container,) = pod["containers"]
        assert pod["securityContext"]["runAsNonRoot"]
        assert container["securityContext"]["readOnlyRootFilesystem"]
        assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    (worker,) = [pod for pod in pods if "worker" in pod["containers"][0]["args"]]
    assert worker["containers"][0]["securityContext"]["procMount"] == "Unmasked", (
        "else bubblewrap can't mount its /proc"
    )
    assert worker["hostUsers"] is False, "else Kubernetes refuses that"
    for name, service in yaml.safe_load((root / "compose.yaml").read_text())["services"].items():
        if name != "postgres":
            assert (service["read_only"], service["tmpfs"], service["cap_drop"]) == (True, ["/tmp"], ["ALL"])
            assert "no-new-privileges:true" in service["security_opt"]
            assert ("systempaths=unconfined" in service["security_opt"]) == (name == "worker")
    texts = [DEPLOY / "kubernetes.yaml", DEPLOY / "lockstep.service", root / "compose.yaml", root / "Dockerfile"]
    known = {PREFIX + name.upper() for name in Settings.__struct_fields__} | {"LOCKSTEP_KEY_FILE"}
    for path in texts:
        assert set(re.findall(r"\bLOCKSTEP_[A-Z_]+", path.read_text())) <= known, path
    for line in (root / "Procfile").read_text().splitlines():
        words = line.partition("python -m bot ")[2].split()
        assert words[0] in COMMANDS


def test_all_that_is_pinned_takes_the_oldest_python_that_the_readme_promises() -> None:
    """Debian's own is 3.11.2, and whoever has that has no other."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = {canonicalize_name(line.partition("==")[0].partition("[")[0].strip()) for line in lines if "==" in line}
    found = {
        canonicalize_name(each.name): each.metadata.json.get("requires_python") for each in metadata.distributions()
    }
    told = {name: needs for name, needs in found.items() if name in pinned and needs}
    assert len(told) > 50
    assert not {name: needs for name, needs in told.items() if "3.11.0" not in SpecifierSet(str(needs))}
