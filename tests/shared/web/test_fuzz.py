"""The sample service, asked with right and wrong input at random: no fault, and every answer as documented."""

from tests.shared.web import sample
from tests.support.fuzz import check_operations, fuzzing, operation_names
from tests.support.web import LocalIssuer, settings_for


def test_every_answer_is_as_documented(database_url: str, issuer: LocalIssuer) -> None:
    app = sample.create_app(
        settings_for(sample.SampleSettings, database_url, issuer), issuer_transport=issuer.transport
    )
    with fuzzing():
        seen = check_operations(
            app, "sample", token=issuer.token("lead", "sample"), known={"project_id": sample.PROJECT}
        )
    assert set(seen) == set(operation_names(app)) - {"break_something"}
    assert 201 in seen["write_note"]
    assert 200 in seen["list_notes"]
