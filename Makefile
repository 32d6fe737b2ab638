# `make` lists the targets. The environment comes from the hashed locks with plain pip; a second run finds it by its stamps.

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?=
ARGS ?=
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header

PROMETHEUS := v0.313.1

.DEFAULT_GOAL := help
.PHONY: help run demo screenshots test test-keycloak bench drill drill-servers check fix docs lock lock-current promtool clean

help:  ## List the targets
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r name text; \
		do printf '  make %-14s %s\n' "$$name" "$$text"; done

run: $(VENV)/.run  ## Start everything on this machine: http://127.0.0.1:8000 (ARGS="--port 9000")
	@$(BIN)/kurslots up $(ARGS)

demo: $(VENV)/.run  ## Play the whole story through the public API (ARGS=--json for one document)
	@$(BIN)/kurslots demo $(ARGS)

screenshots: $(VENV)/.dev  ## Take the guide's pictures anew, on a system of their own (ARGS="--only front")
	@$(BIN)/python -m tests.pictures $(ARGS)

test: $(VENV)/.dev  ## Run every test on a real PostgreSQL and a real Kafka
	$(BIN)/pytest -n 2 --dist loadfile $(ARGS)

test-keycloak: $(VENV)/.dev  ## Sign in against a real Keycloak, by the issuer's contract and in Chromium
	$(BIN)/pytest -n 0 -m keycloak tests/deploy/origin tests/keycloak $(ARGS)

bench: $(VENV)/.dev  ## Measure against the limits and plainer ways (QUICK=1, ARGS="--only relay --markdown")
	@$(BIN)/python -m tests.bench $(ARGS)

drill: $(VENV)/.dev  ## Break things while people work, and check that nothing is lost (QUICK=1, LONG=1, ARGS="--only 2 --seed 7")
	@$(BIN)/python -m tests.drills $(ARGS)

drill-servers: $(VENV)/.dev  ## Try the servers that drills break: needs Go, root and Debian's packages
	KURSLOTS_DRILL_SERVERS=1 $(BIN)/pytest tests/drills/servers $(ARGS)

check: $(VENV)/.dev lock-current  ## Format, lint, types, boundaries, locks
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fix: $(VENV)/.dev  ## Format, and mend what ruff can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/.dev  ## Write docs/: the messages' AsyncAPI, the state diagrams
	@$(BIN)/kurslots docs $(ARGS)

lock: $(VENV)/.dev  ## Write the locks anew, of Python packages and of Java archives
	$(COMPILE) pyproject.toml -o requirements.lock
	$(COMPILE) --group dev pyproject.toml -c requirements.lock -o requirements-dev.lock
	$(BIN)/python -m deploy.embedded.lock

lock-current: $(VENV)/.dev
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && cp requirements.lock requirements-dev.lock "$$folder" \
	&& $(COMPILE) pyproject.toml -o "$$folder/requirements.lock" >/dev/null \
	&& $(COMPILE) --group dev pyproject.toml -c requirements.lock -o "$$folder/requirements-dev.lock" >/dev/null \
	&& for name in requirements.lock requirements-dev.lock; do \
		diff -u "$$name" "$$folder/$$name" || { echo "$$name is not what pyproject.toml asks for: run make lock" >&2; exit 1; }; \
	done

# Without the service discoveries of thirty clouds it builds in minutes.
promtool: $(VENV)/.dev  ## Build Prometheus' checker of alert rules with Go; the tests then use it
	folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && cd "$$folder" && go mod init promtool \
	&& go get github.com/prometheus/prometheus/cmd/promtool@$(PROMETHEUS) \
	&& go build -tags remove_all_sd -o $(CURDIR)/$(BIN)/promtool github.com/prometheus/prometheus/cmd/promtool

clean:  ## Remove the environment and what tools keep; KURSLOTS_HOME stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build *.egg-info

$(BIN)/python:
	@for name in $(PYTHON) python3.11 python3.12 python3.13 python3 python3.14; do \
		if "$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			echo "Making the environment in $(VENV) with $$name"; exec "$$name" -m venv $(VENV); \
		fi; \
	done; echo "Python 3.11 or later is needed; name yours: make PYTHON=/path/to/python3.11" >&2; exit 1

# The stamps are made last: an interrupted installation is taken up again.
$(VENV)/.run: $(BIN)/python requirements.lock pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@
