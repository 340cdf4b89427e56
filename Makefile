# Each target does its own set-up in .venv, from nothing but Python 3.11+, git and make.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.PHONY: demo test test-quick benchmark lint clean

demo: $(READY)
	$(BIN)/smf-embed demo

# two at a time: some tests measure, and each side keeps its own fitted models; files in the order of tests/conftest.py
test: $(READY)
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

test-quick: $(READY)
	$(BIN)/python -m pytest -m "not slow and not benchmark_data" --numprocesses 2 --dist loadfile --no-loadscope-reorder

# BENCHMARK is the folder of the open benchmark; without it there are the demo columns alone;
# SMF_EMBED_VOCABULARY names a rule table, without which its row is left out
benchmark: $(READY)
	$(BIN)/python benchmarks/baseline_table.py $(BENCHMARK) --output docs/benchmark.md

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# constraints.txt holds the exact versions that were tested; it pins torch to the build that needs no CUDA
$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "smf-embed needs Python 3.11 or newer; name one: make PYTHON=python3.12")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $(READY)

clean:
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
