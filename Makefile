# `make` alone lists the targets. All of them set up what they need.
.DEFAULT_GOAL := help
.PHONY: help setup run test test-sqlserver change stop airflow docs psql lint clean db salesforce bench bench-sqlserver bench-peers reference requirements

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := 0.13.8
STAMP := $(VENV)/.installed
export AIRFLOW__USAGE_DATA_COLLECTION__ENABLED := False
export AIRFLOW__COSMOS__ENABLE_TELEMETRY := False
export DBT_SEND_ANONYMOUS_USAGE_STATS := false

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "%-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## make .venv with everything in it

$(STAMP): requirements.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if (3, 11) <= v < (3, 14) else "error: Python %d.%d is not supported; set PYTHON to one of 3.11 to 3.13." % v[:2])'
	@echo "- environment: .venv"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV)
	@$(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python --require-hashes requirements.txt
	@touch $@

run: $(STAMP) ## carry the sample ERP up to hc and print what changed (ROWS=500000 for a large one)
	@$(BIN)/python -m sandbox run $(if $(ROWS),--rows $(ROWS)) $(if $(REFUSE),--refuse $(REFUSE))

test: $(STAMP) ## run every test, two at a time (WORKERS=1)
	@$(BIN)/python -m pytest --numprocesses $(or $(WORKERS),2)

test-sqlserver: $(STAMP) ## run the conformance and fault suites on the SQL Server in STAIRWAY_TEST_SQLSERVER_URL
	@test -n "$$STAIRWAY_TEST_SQLSERVER_URL" || { echo "error: STAIRWAY_TEST_SQLSERVER_URL is not set. Give it the URL of a server to test on: mssql://user:password@host:1433/database." >&2; exit 2; }
	@$(BIN)/python -m pytest -m sqlserver

change: $(STAMP) ## change the sample ERP: updates, inserts, deletes
	@$(BIN)/python -m sandbox change

stop: $(STAMP) ## stop the embedded services
	@$(BIN)/python -m sandbox stop

airflow: $(STAMP) ## run a real Airflow with the DAGs on loopback; prints URL and login
	@$(BIN)/python -m sandbox airflow

docs: $(STAMP) ## write dbt's docs, with lineage, to target/static_index.html
	@$(BIN)/python -m sandbox docs

lint: $(STAMP) ## check Python, SQL, YAML and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python -m sandbox exec sqlfluff lint --disable-progress-bar
	@$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yaml

psql: $(STAMP) ## open psql on the warehouse
	@$(BIN)/python -m sandbox psql

clean: $(STAMP) ## stop the services and remove all that was made but .venv
	@$(BIN)/python -m sandbox clean

db: $(STAMP) ## set up a warehouse of your own (see profiles.yml): schemas and state tables
	@$(BIN)/python -m extract migrate

salesforce: $(STAMP) ## let the simulated Salesforce take what hc has queued (REFUSE=account:ID)
	@$(BIN)/python -m sandbox salesforce $(if $(REFUSE),--refuse $(REFUSE))

bench: $(STAMP) ## time the extraction beside other tools, about 20 minutes (ROWS=500000 ONLY=limit,sling)
	@$(BIN)/python -m bench $(if $(ROWS),--rows $(ROWS)) $(if $(TURNS),--turns $(TURNS)) $(if $(ONLY),--only $(ONLY))

bench-sqlserver: $(STAMP) ## time it from the SQL Server in STAIRWAY_TEST_SQLSERVER_URL
	@$(BIN)/python -m bench.sqlserver $(if $(ROWS),--rows $(ROWS)) $(if $(TURNS),--turns $(TURNS))

bench-peers: $(STAMP) ## compile bench/peers.txt, the other tools' versions, from bench/peers.in
	@$(BIN)/uv pip compile --quiet --generate-hashes --universal --python-version 3.11 --no-header --no-annotate bench/peers.in --output-file bench/peers.txt

reference: $(STAMP) ## write docs/reference from the code
	@PYTHONPATH=. $(BIN)/python docs/reference/generate.py

requirements: $(STAMP) ## compile requirements.txt from requirements.in
	@$(BIN)/uv pip compile --quiet --generate-hashes --universal --python-version 3.11 --no-header --no-annotate requirements.in --output-file requirements.txt
