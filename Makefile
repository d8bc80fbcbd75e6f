# Everything that polyreel needs is in .venv, from the hashed lock. Needs only python3 (3.11 to 3.13), python3-venv and make.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
DEV := .venv/.ready-dev
INSTALL := $(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps
MODELS := kokoro kokoro-voices whisper-base spleeter-2stems voice-prints speech-quality watermark

.PHONY: help setup demo demo-vendors unit check test contract weights test-models lint docs bench lock clean

help: ## what can be made here
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile

setup: $(DEV) ## everything into .venv: what polyreel needs, and what its developers do

# What polyreel needs to run, and nothing else.
$(READY): requirements.lock pyproject.toml
	@echo "Setting up .venv (once; about a minute) ..."
	@$(PYTHON) -m venv --clear .venv
	@$(INSTALL) --require-hashes -r requirements.lock
	@$(INSTALL) --no-build-isolation --editable .
	@$(BIN)/python -m deployments.server.new_database
	@# Where PYTHONDONTWRITEBYTECODE is set, each start would compile all that it imports anew: half a second.
	@$(BIN)/python -m compileall -q polyreel tasks flows deployments blocks
	@touch $(READY)

# What tests, checks, benchmarks and the docs site need besides.
$(DEV): $(READY) requirements-dev.lock
	@$(INSTALL) --require-hashes -r requirements-dev.lock
	@touch $(DEV)

demo: $(READY) ## make a sample on the spot and dub it with neural voices (LITE=1: without their weights)
	@LITE=$(LITE) $(BIN)/python -m deployments.commands.demo

demo-vendors: $(READY) ## dub the sample at every vendor and deliver it everywhere, over the sandbox
	@$(BIN)/python -m deployments.commands.demo_vendors

# Tests are chosen by their markers (pyproject.toml, docs/testing.md), and keep what they make in .pytest_cache.
# Every worker loads every test: without bytecode of theirs, each rewrites all assertions anew, a third of `make unit`.
PYTEST := PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest
# A module stays together, as its tests share what they start. Modules begin in the order of tests/conftest.py: by the
# number of their tests, as xdist would have them, those that take minutes for a few tests came last, one beside nothing.
SIDE_BY_SIDE := --dist loadscope --no-loadscope-reorder
# Where tests of whole servers and with real weights lie (tests/conftest.py sees to it): nothing else is loaded for them.
WHOLE := tests/acceptance tests/faults tests/integration

# They work rather than wait: a third worker on two processors would only import everything once more.
unit: $(DEV) ## what needs neither server nor weights, part by part: under a minute
	@$(PYTEST) -n 2 $(SIDE_BY_SIDE) -m "not server and not servers and not browser and not models and not slow" tests/unit

check: lint unit ## lint, types, layers and unit: before every commit

# They wait more than they work: five on two processors.
test: $(DEV) ## every test but those with real weights; those with whole servers come last, two modules at a time
	@$(PYTEST) -n 5 $(SIDE_BY_SIDE) -m "not servers and not models"
	@$(PYTEST) -n 2 --dist loadscope --maxfail=5 -m "servers and not models" $(WHOLE) --ignore-glob="*test_real_*"
	@echo "Tests that need real weights are not among these: make test-models"

weights: $(DEV) ## pull the real weights that tests need into .weights, once (400 MB)
	@POLYREEL_HOME=.weights $(BIN)/python -m deployments.cli models pull $(MODELS)

test-models: weights ## every test that needs real weights
	@$(PYTEST) -n 2 --dist loadscope -m models $(WHOLE)

contract: $(DEV) ## the vendors' clients against another server that keeps their pages: make contract URL=http://127.0.0.1:9000
	@test -n "$(URL)" || { echo "Say which server: make contract URL=http://127.0.0.1:9000 (docs/testing.md)"; exit 2; }
	@POLYREEL_VENDOR_URL="$(URL)" $(PYTEST) tests/vendors

lint: $(DEV) ## ruff, mypy --strict, import-linter
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/mypy examples
	@$(BIN)/mypy benchmarks
	@$(BIN)/lint-imports

bench: $(DEV) ## ratios, in one run, into benchmarks/out
	@$(BIN)/python -m benchmarks

docs: $(DEV) ## the docs site into site/, warnings being errors; needs no network
	@$(BIN)/python docs/architecture_picture.py --check
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet --strict

# Locks name versions and hashes, and no index.
COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header
lock: ## renew requirements.lock and, for what it lacks, requirements-dev.lock (needs uv)
	$(COMPILE) --extra build pyproject.toml -o requirements.lock
	$(COMPILE) --extra build --extra dev --constraints requirements.lock \
		$$(sed -n 's/^\([A-Za-z0-9._-]*\)==.*/--no-emit-package \1/p' requirements.lock) \
		pyproject.toml -o requirements-dev.lock

clean: ## remove what was set up
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache demo site
