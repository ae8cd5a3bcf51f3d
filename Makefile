# Two commands matter: `make demo` (set up, run the main job) and `make test` (set up, run the tests).
PYTHON ?= python3
BIN := .venv/bin
export MLFLOW_DISABLE_TELEMETRY := true

.PHONY: demo test lab ui lint picture install clean

demo: .venv/installed
	@$(BIN)/workbench demo

lab: .venv/installed
	@$(BIN)/workbench lab

ui: .venv/installed
	@$(BIN)/workbench ui

test: .venv/installed-dev lint
	@$(BIN)/python -m pytest

lint: .venv/installed-dev
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

evidence-%: .venv/installed-dev
	@$(BIN)/python -m tests.evidence.$*

picture: .venv/installed-dev
	@$(BIN)/python -m tests.picture

install: .venv/installed

.venv/installed: pyproject.toml constraints.txt
	@echo "[1/2] installing into .venv (one to three minutes, once)"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt torch==2.13.0
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[offline]'
	@touch $@

.venv/installed-dev: .venv/installed
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[offline,dev]'
	@touch $@

clean:
	rm -rf .venv .workbench
