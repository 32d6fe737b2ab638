"""Alerts, dashboard and the operator's page name what there is: metrics, labels, headings and commands."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.metrics import MetricWrapperBase
from ruamel.yaml import YAML

from shared import metrics

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "observability"
PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
HEADINGS = re.findall(r"^#+ (.+)$", PAGE, re.MULTILINE)
METRIC = re.compile(r"\bkurslots_[a-z0-9_]+")
COUNTED_BY = re.compile(r"\bby \(([^)]*)\)")
CHOSEN_BY = re.compile(r"(\w+)(?:=|!)[~=]?\"")
SUFFIXES = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}
OF_PROMETHEUS = {"job", "instance", "le"}


def loaded(name: str) -> dict[str, Any]:
    found: dict[str, Any] = YAML(typ="safe").load((FOLDER / name).read_text(encoding="utf-8"))
    return found


ALERTS = [rule for group in loaded("alerts.yml")["groups"] for rule in group["rules"]]
DASHBOARD = json.loads((FOLDER / "dashboard.json").read_text(encoding="utf-8"))


def listed() -> Iterator[tuple[str, set[str], set[str]]]:
    """Give each metric's name, its series and its labels."""
    for metric in vars(metrics).values():
        if isinstance(metric, MetricWrapperBase):
            [family] = metric.describe()
            yield family.name, {f"{family.name}{end}" for end in SUFFIXES[family.type]}, set(metric._labelnames)


SERIES = {series: labels for _, all_series, labels in listed() for series in all_series}


def expressions() -> list[str]:
    shown = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
    return [*(alert["expr"] for alert in ALERTS), *shown]


@pytest.mark.parametrize("expression", expressions())
def test_an_expression_names_metrics_and_labels_that_there_are(expression: str) -> None:
    named = METRIC.findall(expression)
    assert named or expression.startswith("up{")
    assert set(named) <= set(SERIES)
    labels = OF_PROMETHEUS.union(*(SERIES[series] for series in named))
    counted_by = {label.strip() for found in COUNTED_BY.findall(expression) for label in found.split(",")}
    assert counted_by | set(CHOSEN_BY.findall(expression)) <= labels


def test_every_metric_is_shown() -> None:
    shown = " ".join(expressions())
    assert [name for name, series, _ in listed() if not any(re.search(rf"\b{each}\b", shown) for each in series)] == []


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_an_alert_says_how_urgent_it_is_and_where_to_read(alert: dict[str, Any]) -> None:
    assert alert["labels"]["severity"] in {"page", "ticket"}
    assert alert["annotations"]["summary"]
    assert alert["annotations"]["runbook_url"] == f"docs/operations.md#{alert['alert'].lower()}"
    assert alert["alert"] in HEADINGS
    kept = set(re.findall(r"\$labels\.(\w+)", alert["annotations"]["summary"]))
    counted_by = COUNTED_BY.findall(alert["expr"])
    assert all(kept <= {label.strip() for label in found.split(",")} for found in counted_by)


def test_the_page_explains_each_alert_once_and_no_other() -> None:
    explained = [heading for heading in HEADINGS if heading.startswith("Kurslots")]
    assert sorted(explained) == sorted(alert["alert"] for alert in ALERTS)
    assert len(set(explained)) == len(explained)


def test_the_page_names_commands_that_there_are() -> None:
    commands = {path.stem.replace("_", "-") for path in (ROOT / "deploy" / "commands").glob("[a-z]*.py")}
    named = set(re.findall(r"\bkurslots ([a-z][a-z-]*)", PAGE))
    assert named
    assert named <= commands


def test_the_dashboards_panels_are_numbered_and_lie_side_by_side() -> None:
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels]
    assert len(set(places)) == len(places)
    assert all(panel["title"] for panel in panels)


def test_prometheus_reads_every_process_of_the_compose_system() -> None:
    compose = YAML(typ="safe").load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    processes = {name for name in compose["services"] if name.endswith(("-web", "-worker"))}
    found = loaded("prometheus.yml")
    targets = [
        target for job in found["scrape_configs"] for each in job["static_configs"] for target in each["targets"]
    ]
    assert sorted(target.partition(":")[0] for target in targets) == sorted(processes)
    assert all(job["job_name"].startswith("kurslots-") for job in found["scrape_configs"])
    assert found["rule_files"] == ["alerts.yml"]
