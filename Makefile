# `make` lists the targets. Needs Python 3.11 or newer; everything else is installed into .venv.
PYTHON ?= python3
BIN := .venv/bin
DEMO_DAY := 2026-06-30
SIZE ?= 1000000
WORKERS ?= $(shell $(PYTHON) -c "import os; print(os.cpu_count() + 1)")

.PHONY: help setup demo bench test soak lint format lock clean

help:  ## List the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

setup: .venv/.ready  ## Make the virtual environment in .venv from the lock

.venv/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; name one with PYTHON=..."; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	$(BIN)/python -m pip check
	@touch $@

demo: setup  ## Run the nightly flow over the sample company, print the story and where the page is
	rm -rf demo
	cp -r data/sample demo
	$(BIN)/listening init demo
	$(BIN)/listening run --workspace demo --as-of $(DEMO_DAY)
	$(BIN)/listening story --workspace demo
	@echo; printf 'The page: '; $(BIN)/listening open --workspace demo

bench: setup  ## Time nights station by station: a first night, new records on a history, and others beside (an hour; SIZE=100000 for less)
	$(BIN)/listening bench --records 10000 --history $(SIZE)
	$(BIN)/listening bench --records 10000 --history $$(($(SIZE) / 10))
	$(BIN)/listening bench --tagging --records 200000

test: setup  ## Run all tests, on one worker more than processors: they wait for disks and servers a quarter of the time
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder

soak: setup  ## Play kills, full disks, damaged files and sixty nights of random faults against an oracle (about half an hour)
	$(BIN)/python -m tests.soak $(SOAK)
	LISTENING_NIGHTS=60 $(BIN)/python -m pytest tests/test_sources_*.py -k nights
	$(BIN)/python -m pytest -m long

lint: setup  ## Check style, docstrings and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: setup  ## Put the code into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock:  ## Resolve the dependencies anew into requirements.lock
	$(BIN)/uv pip compile pyproject.toml --extra dev --extra postgres --extra dask --extra lake --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --quiet -o requirements.lock

clean:  ## Remove what was made here
	rm -rf .venv demo build dist .pytest_cache .mypy_cache .ruff_cache
