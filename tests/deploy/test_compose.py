"""The compose system is well formed, pinned, closed to the network, and agrees with what the embedded one does."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from ruamel.yaml import YAML

from deploy.embedded.artifacts import KAFKA_VERSION, KEYCLOAK_VERSION, POSTGRES_VERSION
from deploy.embedded.origin.issuer.clients import AUDIENCES, registered_clients
from deploy.people import load_ready_made
from services.booking.settings import BookingSettings
from services.notification.settings import NotificationSettings
from services.procurement.settings import ProcurementSettings
from shared.kernel.ids import stable_id
from shared.settings import SAMPLE_PREFIX, ServiceSettings
from shared.tracing import is_collector_set

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "docker-compose.yml"
SERVICES = ("booking", "procurement", "notification")
VARIABLE = re.compile(r"\$\{(\w+)(:\?[^}]*)?}")
OPTIONAL = re.compile(r"\$\{(\w+):-}")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found: dict[str, Any] = YAML(typ="safe").load(COMPOSE.read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def realm() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / "deploy/keycloak/kurslots-realm.json").read_text(encoding="utf-8"))
    return found


def samples() -> dict[str, str]:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_the_file_follows_the_compose_schema() -> None:
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(COMPOSE)]
    done = subprocess.run(check, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_image_has_an_exact_version(compose: dict[str, Any]) -> None:
    images = {service["image"] for service in compose["services"].values()}
    loose = {image for image in images if not re.fullmatch(r"[\w./-]+:v?\d+\.\d+(\.\d+)?(-[\w.]+)?", image)}
    assert loose == {"kurslots:local"}
    dockerfile = (ROOT / "deploy/Dockerfile").read_text(encoding="utf-8")
    bases = re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE)
    assert bases
    assert all(re.fullmatch(r"python:3\.11\.\d+-slim-\w+", base) for base in bases)


def test_other_peoples_parts_are_the_versions_that_the_tests_run(compose: dict[str, Any]) -> None:
    assert compose["services"]["keycloak"]["image"] == f"keycloak/keycloak:{KEYCLOAK_VERSION}"
    assert compose["services"]["kafka"]["image"] == f"apache/kafka:{KAFKA_VERSION}"
    assert compose["services"]["postgresql"]["image"] == f"postgres:{POSTGRES_VERSION.removesuffix('.0')}"


def test_every_port_is_open_on_this_machine_alone(compose: dict[str, Any]) -> None:
    ports = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert ports
    assert all(re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port) for port in ports)
    assert not [name for name, service in compose["services"].items() if service.get("network_mode") == "host"]


def test_every_service_has_a_web_and_a_worker_process_with_its_own_secrets(compose: dict[str, Any]) -> None:
    for service in SERVICES:
        for process in ("web", "worker"):
            part = compose["services"][f"{service}-{process}"]
            assert part["command"][:4] == ["python", "-m", f"services.{service}", process]
            own = {name for name in part["environment"] if name.endswith(("_DATABASE_URL", "_SECRET"))}
            shared = set() if service == "procurement" else {"PERSONAL_LINKS_SECRET"}
            assert own == {f"{service.upper()}_DATABASE_URL", f"{service.upper()}_SECRET", *shared}
            assert part["environment"]["KURSLOTS_MODE"] == "production"


@pytest.mark.parametrize("process", ["web", "worker"])
@pytest.mark.parametrize("settings_class", [BookingSettings, ProcurementSettings, NotificationSettings])
def test_every_process_starts_with_its_settings_because_its_network_is_said_to_be_trusted(
    settings_class: type[ServiceSettings], process: str, compose: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = compose["services"][f"{settings_class.SERVICE}-{process}"]["environment"]
    for name, value in told.items():
        monkeypatch.setenv(name, VARIABLE.sub("one-of-its-own", value))
    assert not settings_class().is_embedded
    monkeypatch.delenv("KURSLOTS_PLAIN_NETWORK")
    with pytest.raises(ValidationError, match="names another machine"):
        settings_class()


def test_every_lasting_part_says_how_it_is(compose: dict[str, Any]) -> None:
    jobs = {"migrate", "topics"}
    assert {name for name, part in compose["services"].items() if "healthcheck" not in part} == jobs
    assert all(compose["services"][job]["restart"] == "no" for job in jobs)


def test_our_own_processes_can_change_nothing_of_their_image(compose: dict[str, Any]) -> None:
    ours = [part for part in compose["services"].values() if part["image"] == "kurslots:local"]
    assert len(ours) == 8
    assert all(part["read_only"] and part["cap_drop"] == ["ALL"] for part in ours)
    dockerfile = (ROOT / "deploy/Dockerfile").read_text(encoding="utf-8")
    assert re.search(r"^USER 10001:10001$", dockerfile, re.MULTILINE)
    assert "--require-hashes" in dockerfile


def test_every_variable_must_be_set_and_has_a_sample_that_is_refused_in_earnest() -> None:
    used = dict(VARIABLE.findall(COMPOSE.read_text(encoding="utf-8")))
    assert set(used) == set(samples())
    assert all(used.values()), "a variable may be left empty"
    assert all(SAMPLE_PREFIX in value for value in samples().values())


def test_what_may_be_left_out_is_told_and_left_out_of_the_samples(compose: dict[str, Any]) -> None:
    assert OPTIONAL.findall(COMPOSE.read_text(encoding="utf-8")) == ["OTEL_EXPORTER_OTLP_ENDPOINT"]
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert re.search(r"^# OTEL_EXPORTER_OTLP_ENDPOINT=http://\S+$", example, re.MULTILINE)
    for service in SERVICES:
        for process in ("web", "worker"):
            told = compose["services"][f"{service}-{process}"]["environment"]
            assert not is_collector_set({name: OPTIONAL.sub("", value) for name, value in told.items()})


def test_the_realm_takes_its_secrets_and_addresses_from_the_environment(
    realm: dict[str, Any], compose: dict[str, Any]
) -> None:
    text = json.dumps(realm)
    placeholders = {name for name, _ in VARIABLE.findall(text)}
    assert placeholders <= set(compose["services"]["keycloak"]["environment"])
    passwords = {credential["value"] for user in realm["users"] for credential in user["credentials"]}
    assert passwords == {"${KEYCLOAK_DEMO_PASSWORD}"}
    assert "secret" not in text


def test_the_realm_has_the_clients_of_the_embedded_issuer(realm: dict[str, Any]) -> None:
    expected = registered_clients("${KURSLOTS_ORIGIN}")
    found = {client["clientId"]: client for client in realm["clients"]}
    assert set(found) == set(expected)
    for name, client in found.items():
        assert tuple(client["redirectUris"]) == expected[name].redirect_uris
        listed = client["attributes"].get("post.logout.redirect.uris", "")
        assert tuple(filter(None, listed.split("##"))) == expected[name].post_logout_redirect_uris
        assert int(client["attributes"]["access.token.lifespan"]) == expected[name].token_minutes * 60
        audiences = {
            mapper["config"]["included.custom.audience"]
            for mapper in client["protocolMappers"]
            if mapper["protocolMapper"] == "oidc-audience-mapper"
        }
        assert audiences == set(expected[name].audiences)
    assert set(AUDIENCES) == {f"kurslots-{service}" for service in SERVICES}


def test_every_client_of_the_realm_needs_pkce_and_has_one_flow_alone(realm: dict[str, Any]) -> None:
    for client in realm["clients"]:
        assert client["attributes"]["pkce.code.challenge.method"] == "S256"
        assert client["attributes"]["access.token.header.type.rfc9068"] == "true"
        assert client["publicClient"]
        assert client["standardFlowEnabled"]
        for flow in ("implicitFlowEnabled", "directAccessGrantsEnabled", "serviceAccountsEnabled"):
            assert client[flow] is False
        assert not [uri for uri in client["redirectUris"] if "*" in uri]
        assert client["webOrigins"] == []


def test_the_realm_has_the_ready_made_people_under_lasting_ids(realm: dict[str, Any]) -> None:
    people = load_ready_made().people
    assert [user["username"] for user in realm["users"]] == list(people)
    for user in realm["users"]:
        person = people[user["username"]]
        assert (user["email"], user["firstName"], user["lastName"]) == (
            person.email,
            person.given_name,
            person.family_name,
        )
        assert user["id"] == str(stable_id("ready-made-person", person.sub))


def test_the_issuers_name_is_the_same_for_keycloak_and_the_services(
    realm: dict[str, Any], compose: dict[str, Any]
) -> None:
    services = compose["services"]
    issuer = f"{services['keycloak']['environment']['KC_HOSTNAME']}/realms/{realm['realm']}"
    assert services["booking-web"]["environment"]["OIDC_ISSUER"] == issuer
    origin = services["booking-web"]["environment"]["KURSLOTS_ORIGIN"]
    assert services["keycloak"]["environment"]["KURSLOTS_ORIGIN"] == origin
    assert services["proxy"]["networks"]["default"]["aliases"] == [origin.removeprefix("http://").partition(":")[0]]


def test_each_database_has_a_role_that_no_other_may_use() -> None:
    script = (ROOT / "deploy/postgres/10-databases.sh").read_text(encoding="utf-8")
    assert re.findall(r'^make_database (\w+) "\$(\w+)"', script, re.MULTILINE) == [
        (name, f"{name.upper()}_DATABASE_PASSWORD") for name in (*SERVICES, "keycloak")
    ]
    assert 'REVOKE ALL ON DATABASE :"name" FROM PUBLIC' in script


def test_the_proxy_leads_to_each_web_process_and_keeps_metrics_and_administration_to_itself(
    compose: dict[str, Any],
) -> None:
    caddy = (ROOT / "deploy/caddy/Caddyfile").read_text(encoding="utf-8")
    led = dict(re.findall(r"reverse_proxy (\S+) ([\w-]+):8080", caddy))
    assert led == {
        **{f"/{service}/*": f"{service}-web" for service in SERVICES},
        "/issuer/realms/kurslots/*": "keycloak",
        "/issuer/resources/*": "keycloak",
    }
    assert set(led.values()) <= set(compose["services"])
    assert all(f"/{service}/metrics" in caddy for service in SERVICES)
    assert caddy.index("respond @metrics 404") < caddy.index("reverse_proxy")
