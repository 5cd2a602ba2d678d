# `make` alone lists what there is. Every target brings its own environment up to date first.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV   := .venv
PYTHON := $(VENV)/bin/python
PIP    := $(PYTHON) -m pip --disable-pip-version-check --no-input
CODE   := $(wildcard src tests bench scripts/release.py)
ROUNDS := 50
ENGINE := sqlite
ARGS   :=

# A stamp is newer than what it was made from. The development lock contains the server lock in the same
# versions, so installing it brings both stamps up to date.
PYTHON_STAMP := $(VENV)/.python
SERVER_STAMP := $(VENV)/.server
DEV_STAMP    := $(VENV)/.dev

.PHONY: help setup setup-server demo test check format-check lint types imports check-tests crash bench \
        format lock clean distclean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' Makefile

setup: $(DEV_STAMP) ## make .venv with everything that developing needs

setup-server: $(SERVER_STAMP) ## make .venv with only what the service needs

demo: $(SERVER_STAMP) ## start the demonstration service
	$(VENV)/bin/rsonline demo $(ARGS)

test: $(DEV_STAMP) ## run every test, also the slow ones (ARGS="-k oksigen" for some)
	$(VENV)/bin/pytest -n $(WORKERS) $(ARGS)

check: format-check lint types imports check-tests ## formatting, lint, types, import rules, fast tests

format-check: $(DEV_STAMP)
	$(VENV)/bin/ruff format --check $(CODE)

lint: $(DEV_STAMP) ## ruff only
	$(VENV)/bin/ruff check $(CODE)

types: $(DEV_STAMP) ## mypy --strict only
	$(VENV)/bin/mypy --strict $(CODE)

imports: $(DEV_STAMP) ## the import rules only
	$(VENV)/bin/lint-imports

WORKERS := 2

check-tests: $(DEV_STAMP)
	$(VENV)/bin/pytest -n $(WORKERS) -m "not slow"

crash: $(DEV_STAMP) ## kill the service while it writes and count what was lost (ROUNDS=50 ENGINE=sqlite)
	$(PYTHON) -m tests.long.crash --rounds $(ROUNDS) --engine $(ENGINE)

.PHONY: fuzz slowloris powercut diskfaults ha-drill rotation restore-drill
powercut: $(DEV_STAMP) ## cut the power in a replay of the service's file calls (ARGS="--cuts 2000")
	$(PYTHON) -m tests.long.powercut $(ARGS)

diskfaults: $(DEV_STAMP) ## syncs that fail, a disk that is full
	$(PYTHON) -m tests.long.diskfaults $(ARGS)

ha-drill: $(DEV_STAMP) ## three databases under Patroni, the primary killed three times while hospitals write
	deploy/ha/install
	$(PYTHON) -m tests.long.ha $(ARGS)

rotation: $(DEV_STAMP) ## seal a million values anew while the service writes, killed twenty times (ENGINE=sqlite)
	$(PYTHON) -m tests.long.rotation --engine $(ENGINE) $(ARGS)

restore-drill: $(DEV_STAMP) ## back up under load, kill, restore elsewhere, flip bits (ENGINE=sqlite)
	$(PYTHON) -m tests.long.restore --engine $(ENGINE) $(ARGS)

fuzz: $(DEV_STAMP) ## Schemathesis over both descriptions against a real server (ARGS="--max-examples 50")
	$(PYTHON) -m tests.long.fuzz $(ARGS)
	$(PYTHON) -m tests.long.fuzz_patients $(ARGS)

slowloris: $(DEV_STAMP) ## 500 slow connections against a running service (ARGS="http://127.0.0.1:8080/healthz")
	$(PYTHON) tests/long/slowloris.py $(ARGS)

.PHONY: agent-kills agent-lossy agent-disk agent-powercut
agent-disk: $(DEV_STAMP) ## fill the disk of the hospital's agent while the service is away
	$(PYTHON) -m tests.long.agent_disk $(ARGS)

agent-powercut: $(DEV_STAMP) ## cut the power in a replay of the outbox's file calls (ARGS="--cuts 400")
	$(PYTHON) -m tests.long.agent_powercut $(ARGS)

agent-kills: $(DEV_STAMP) ## kill the hospital's agent while its data changes (ARGS="--kills 200 --changes 100000")
	$(PYTHON) -m tests.long.agent_kills $(ARGS)

agent-lossy: $(DEV_STAMP) ## lose a fifth of the answers after the service stored them (ARGS="--records 5000 --plain")
	$(PYTHON) -m tests.long.agent_lossy $(ARGS)

bench: $(DEV_STAMP) ## measure speed
	$(PYTHON) -m bench $(ARGS)

format: $(DEV_STAMP) ## let ruff rewrite the code
	$(VENV)/bin/ruff check --fix $(CODE)
	$(VENV)/bin/ruff format $(CODE)

.PHONY: spreadsheet bom release-check
spreadsheet: $(DEV_STAMP) ## open the exports in LibreOffice and count formulas
	$(PYTHON) -m tests.long.spreadsheet

bom: $(PYTHON_STAMP) ## write the bill of materials of a release to build/ (CycloneDX)
	mkdir -p build
	$(PYTHON) scripts/release.py bom requirements-server.lock > build/rsonline.cdx.json

release-check: bom ## what a release needs beside the tests: asks an advisory database about every package, needs the network
	$(PYTHON) scripts/release.py audit requirements-server.lock requirements-dev.lock

lock: $(DEV_STAMP) ## bring the locks in line with pyproject.toml (UPGRADE=1 takes newer versions)
	scripts/lock $(VENV)/bin/pip-compile $(if $(UPGRADE),--upgrade)

clean: ## remove caches, build results and the demonstration's data
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage build dist .demo
	find src $(wildcard tests bench) -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean ## the same, and .venv
	rm -rf $(VENV)

$(PYTHON_STAMP): scripts/make-venv
	scripts/make-venv $(VENV)
	@touch $@

# The project is built without isolation, so that its build tools come from the lock too.
$(SERVER_STAMP): $(PYTHON_STAMP) requirements-server.lock pyproject.toml
	$(PIP) install --quiet --require-hashes -r requirements-server.lock
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(DEV_STAMP): $(PYTHON_STAMP) requirements-dev.lock requirements-server.lock pyproject.toml
	$(PIP) install --quiet --require-hashes -r requirements-dev.lock
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $(SERVER_STAMP) $@
