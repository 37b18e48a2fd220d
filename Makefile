# Everything a newcomer types. Needs only make and Python 3.11, 3.12 or 3.13; each target installs what it needs.

BIN := .venv/bin
STAMP := .venv/.installed
SUITABLE := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))

# The first interpreter that is new enough; `make PYTHON=/path/to/python3.12 …` chooses another.
PYTHON ?= $(shell for candidate in python3 python3.13 python3.12 python3.11; do \
	"$$candidate" -c '$(SUITABLE)' 2>/dev/null && { echo "$$candidate"; break; }; done)

# Existing pins are kept; `make constraints UPGRADE=--upgrade` takes the newest of everything.
UPGRADE ?=

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help setup demo dagster test check bench constraints clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(STAMP) ## Create .venv and install Warrant with every pinned dependency

# pip checks each file against the hashes; hatchling is among them, so building in place fetches nothing more.
$(STAMP): constraints.txt pyproject.toml
	@if ! $(BIN)/python -c '$(SUITABLE)' 2>/dev/null || ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
		if ! "$(PYTHON)" -c '$(SUITABLE)' 2>/dev/null; then \
			echo "Warrant needs Python 3.11, 3.12 or 3.13; found: $$(python3 --version 2>&1 || true)" >&2; \
			echo "Install one of them, or name it: make PYTHON=/path/to/python3.12" >&2; \
			exit 1; \
		fi; \
		echo "Creating .venv with $$("$(PYTHON)" --version)"; \
		"$(PYTHON)" -m venv --clear .venv || exit 1; \
	fi
	@echo "Installing the pinned dependencies into .venv (one to three minutes the first time)"
	@$(BIN)/python -m pip install --quiet --require-hashes -r constraints.txt
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

demo: setup ## Check the grocer's playbook, decide its day and print the day sheet
	$(BIN)/warrant check examples/grocer
	$(BIN)/warrant run examples/grocer

# dg reads .env, which is written once and then yours: point it to your own playbook.
dagster: setup ## Open Dagster's pages at http://127.0.0.1:3000; Ctrl-C closes them
	@$(BIN)/python -m pipelines.dagster_home
	@VIRTUAL_ENV="$(CURDIR)/.venv" PATH="$(CURDIR)/.venv/bin:$$PATH" dg dev --host 127.0.0.1 --port 3000

# Workers share the servers; each takes about a gigabyte, so that a large machine does not start dozens.
test: setup ## Run the whole test suite
	$(BIN)/python -m pytest -n logical --maxprocesses 4

check: setup ## Format, lint, types, imports between rooms, spelling
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell

bench: setup ## Measure side by side with what one would take instead (slow, never in CI)
	$(BIN)/python -m benchmarks

# Extras stay in the names, because pip refuses `gql[requests]` when only `gql` is pinned.
constraints: setup ## Pin every dependency again, with hashes, from pyproject.toml
	$(BIN)/uv pip compile pyproject.toml --extra demo --group dev --universal --python-version 3.11 \
		--generate-hashes --no-strip-extras --no-annotate --no-header --no-emit-index-url --no-emit-find-links \
		--quiet $(UPGRADE) --output-file constraints.txt > /dev/null

clean: ## Remove .venv and caches; the runs in .warrant stay
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
