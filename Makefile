# Everything that polyreel needs is in .venv, from the hashed lock. Needs only python3 (3.11 to 3.13), python3-venv and make.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.PHONY: help setup demo test lint bench lock clean

help: ## what can be made here
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile

setup: $(READY) ## everything into .venv

$(READY): requirements.lock pyproject.toml
	@echo "Setting up .venv (once; about a minute) ..."
	@$(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(READY)

demo: $(READY) ## make a sample on the spot and dub it with neural voices (LITE=1: without their weights)
	@LITE=$(LITE) $(BIN)/python -m deployments.demo

# Whole servers, whose tests time what others do beside them: these run alone.
SERVERS := tests/acceptance/test_up.py tests/acceptance/test_ui.py tests/faults/test_kill_matrix.py tests/objects/test_served.py

test: $(READY) ## every test: two at a time (a module stays together, its tests share what they start), whole servers alone
	@$(BIN)/python -m pytest -n 2 --dist loadscope $(SERVERS:%=--ignore=%)
	@$(BIN)/python -m pytest --maxfail=5 $(SERVERS)

lint: $(READY) ## ruff, mypy --strict, import-linter
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: $(READY) ## ratios, in one run, into benchmarks/out
	@$(BIN)/python -m benchmarks

lock: ## renew requirements.lock (needs uv; the lock names no index)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header --extra dev pyproject.toml -o requirements.lock

clean: ## remove what was set up
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache demo
