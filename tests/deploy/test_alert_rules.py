"""The alert rules and their unit tests: in form always, and by Prometheus' own promtool where there is one.

`make promtool` builds it with Go beside the environment's other programs; `PROMTOOL` names another.
"""

import copy
import io
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from prometheus_client.metrics import MetricWrapperBase
from ruamel.yaml import YAML

from shared import metrics

FOLDER = Path(__file__).parents[2] / "deploy" / "observability"
DURATION = {"type": "string", "pattern": r"^([0-9]+(ms|[smhdwy]))+$"}
TEXTS = {"type": "object", "additionalProperties": {"type": "string"}}
SERIES = re.compile(r'^(\w+)\{((?:\w+="[^"]*"(?:, )?)*)\}$')
SAMPLES = re.compile(r"^(?:(?:_|-?[0-9.]+(?:[+-][0-9.]+)?)(?:x[0-9]+)? ?)+$")


def an_object(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": required | (optional or {}),
        "required": [*required],
        "additionalProperties": False,
    }


def a_list(items: dict[str, Any], *, least: int = 1) -> dict[str, Any]:
    return {"type": "array", "items": items, "minItems": least}


RULE = an_object(
    {"alert": {"type": "string"}, "expr": {"type": "string"}, "labels": TEXTS, "annotations": TEXTS}, {"for": DURATION}
)
RULES = an_object({"groups": a_list(an_object({"name": {"type": "string"}, "rules": a_list(RULE)}))})
ASKED = an_object(
    {"eval_time": DURATION, "alertname": {"type": "string"}},
    {"exp_alerts": a_list(an_object({"exp_labels": TEXTS, "exp_annotations": TEXTS}))},
)
TEST = an_object(
    {
        "name": {"type": "string"},
        "interval": DURATION,
        "input_series": a_list(
            an_object(
                {
                    "series": {"type": "string", "pattern": SERIES.pattern},
                    "values": {"type": "string", "pattern": SAMPLES.pattern},
                }
            )
        ),
        "alert_rule_test": a_list(ASKED),
    }
)
TESTS = an_object({"rule_files": a_list({"type": "string"}), "evaluation_interval": DURATION, "tests": a_list(TEST)})


def loaded(name: str) -> dict[str, Any]:
    found: dict[str, Any] = YAML(typ="safe").load((FOLDER / name).read_text(encoding="utf-8"))
    return found


def wrong(schema: dict[str, Any], document: dict[str, Any]) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in Draft202012Validator(schema).iter_errors(document)]


def asked() -> Iterator[tuple[str, bool]]:
    """Give each alert that a test asks for, and whether it is to call then."""
    for test in loaded("alerts_test.yml")["tests"]:
        for each in test["alert_rule_test"]:
            yield each["alertname"], bool(each.get("exp_alerts"))


def test_rules_and_their_tests_have_the_form_that_prometheus_reads() -> None:
    assert wrong(RULES, loaded("alerts.yml")) == []
    assert wrong(TESTS, loaded("alerts_test.yml")) == []


@pytest.mark.parametrize(
    "change", [{"expr": None}, {"for": "2 minutes"}, {"severity": "page"}, {"labels": {"severity": 1}}], ids=str
)
def test_a_rule_of_another_form_is_found(change: dict[str, Any]) -> None:
    rules = copy.deepcopy(loaded("alerts.yml"))
    rules["groups"][0]["rules"][0] |= change
    assert wrong(RULES, rules)


def test_each_alert_is_shown_to_call_and_to_keep_quiet() -> None:
    alerts = {rule["alert"] for group in loaded("alerts.yml")["groups"] for rule in group["rules"]}
    assert {name for name, calls in asked() if calls} == alerts
    assert {name for name, calls in asked() if not calls} == alerts


def test_the_tests_have_series_that_there_are() -> None:
    known: dict[str, set[str]] = {}
    for metric in vars(metrics).values():
        if isinstance(metric, MetricWrapperBase):
            [family] = metric.describe()
            known[family.name] = set(metric._labelnames)
    for test in loaded("alerts_test.yml")["tests"]:
        for each in test["input_series"]:
            found = SERIES.fullmatch(each["series"])
            assert found, each["series"]
            labels = set(re.findall(r"(\w+)=", found.group(2)))
            if found.group(1) != "up":
                assert labels - {"instance"} == known[found.group(1).removesuffix("_total")], each["series"]


def promtool() -> str | None:
    """Return where promtool is."""
    return os.environ.get("PROMTOOL") or shutil.which("promtool", path=f"{sys.prefix}/bin:{os.environ['PATH']}")


def run(*arguments: str) -> subprocess.CompletedProcess[str] | None:
    program = promtool()
    if program is None:
        return None
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=False, cwd=FOLDER)


def test_prometheus_own_checker_takes_rules_and_tests(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    record_property: Any,  # noqa: ANN401 - pytest does not export its type
) -> None:
    runs = {
        " ".join(command): run(*command)
        for command in (
            ("check", "rules", "alerts.yml"),
            ("check", "config", "prometheus.yml"),
            ("test", "rules", "alerts_test.yml"),
        )
    }
    failed = {command: done.stdout + done.stderr for command, done in runs.items() if done and done.returncode != 0}
    assert failed == {}
    later = copy.deepcopy(loaded("alerts.yml"))
    for group in later["groups"]:
        for rule in group["rules"]:
            rule["expr"] = f"({rule['expr']}) and vector(0) == 1"
    text = io.StringIO()
    YAML().dump(later, text)
    (tmp_path / "alerts.yml").write_text(text.getvalue(), encoding="utf-8")
    shutil.copy(FOLDER / "alerts_test.yml", tmp_path)
    control = run("test", "rules", str(tmp_path / "alerts_test.yml"))
    assert control is None or control.returncode != 0, "rules that never call pass the tests"
    told = f"rules were checked by {promtool()}" if control else "there is no promtool: rules were checked in form only"
    record_property("promtool", told)
    with capsys.disabled():
        sys.stdout.write(f"\n{told}\n")
