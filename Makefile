PYTHON ?= python3
PORT ?= 8765
UV_VERSION := 0.13.8

VENV := .venv
BIN := $(VENV)/bin
# Each file by one worker; in their order, or the long ones with few tests in them would all come last.
PARALLEL := -n auto --dist loadfile --no-loadscope-reorder
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps

.DEFAULT_GOAL := help
.PHONY: help venv demo test postgres faults bench format lock clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

venv: $(VENV)/project ## set up .venv with the locked packages

demo: $(VENV)/project ## try Kadens in a browser, without Slack or Teams (PORT=8765)
	@$(BIN)/kadens demo --port $(PORT)

test: $(VENV)/dev ## style, types, import rules and the fast tests
	@echo '== ruff check';  $(BIN)/ruff check .
	@echo '== ruff format'; $(BIN)/ruff format --check .
	@echo '== mypy';        $(BIN)/mypy
	@echo '== lint-imports'; $(BIN)/lint-imports
	@echo '== pytest';      $(BIN)/python -m pytest -m 'not slow' $(PARALLEL)

postgres: $(VENV)/dev ## the tests of all that is kept, on a PostgreSQL that it starts itself
	@$(BIN)/python -m pytest --database postgresql -m 'not slow or both' $(PARALLEL) --durations 12

faults: $(VENV)/dev ## the long tests: crashes, storms, clocks, fuzzing
	@$(BIN)/python -m pytest -m slow $(PARALLEL) --durations 12

bench: $(VENV)/dev ## measure speed
	@$(BIN)/python -m bench

format: $(VENV)/dev ## put the code in order
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

# uv writes one lock for all systems and Pythons; it is needed nowhere else, so it is gone again afterwards.
lock: ## pin the dependencies anew (UPGRADE=1: to their newest versions)
	@set -e; dir=$$(mktemp -d); trap 'rm -rf "$$dir"' EXIT; \
	$(PYTHON) -m venv "$$dir"; \
	"$$dir/bin/pip" install --quiet --disable-pip-version-check uv==$(UV_VERSION); \
	lock() { UV_CUSTOM_COMPILE_COMMAND='make lock' "$$dir/bin/uv" pip compile --quiet --universal --generate-hashes \
		--no-emit-index-url --python-version 3.11 $(if $(UPGRADE),--upgrade) pyproject.toml --extra build "$$@"; }; \
	lock -o requirements.txt; \
	lock -o requirements-traces.txt --extra traces --constraint requirements.txt; \
	lock -o requirements-dev.txt --extra dev --extra traces --constraint requirements.txt

clean: ## remove what make and the tools made
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis build *.egg-info
	find . -name __pycache__ -not -path './tests/teams_client/node_modules/*' -prune -exec rm -rf {} +

# Stamps: a second run installs nothing; a changed lock starts afresh, so that no dropped package lingers.
$(VENV)/runtime: requirements.txt
	@command -v $(PYTHON) >/dev/null || { echo 'Kadens needs Python 3.11 or newer; there is no $(PYTHON).' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Kadens needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1). Try: make PYTHON=python3.13 …" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
		echo 'This Python has no venv module; on Debian and Ubuntu: apt install python3-venv' >&2; exit 1; }
	@echo 'Making $(VENV) and installing the locked packages; this takes about half a minute …'
	@$(PYTHON) -m venv --clear $(VENV)
	@$(INSTALL) --require-hashes -r requirements.txt
	@touch $@

$(VENV)/project: $(VENV)/runtime pyproject.toml
	@echo 'Installing Kadens from this directory …'
	@$(INSTALL) --no-build-isolation -e .
	@touch $@

$(VENV)/dev: $(VENV)/project requirements-dev.txt
	@echo 'Installing the locked tools for tests …'
	@$(INSTALL) --require-hashes -r requirements-dev.txt
	@touch $@
