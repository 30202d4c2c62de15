.DEFAULT_GOAL := help
.PHONY: bench check clean demo help setup system-tools test
MAKEFLAGS += --no-print-directory

demo: setup ## watch Crosswind break an agent, and prove it
	@.venv/bin/python examples/demo.py $(ARGS)

test: setup system-tools ## all checks, then all tests; ARGS="-k lost" goes to pytest
	@scripts/test $(ARGS)

check: setup ## lint, format, types, layers, test mirror
	@scripts/check

bench: setup system-tools ## what the proxy costs, as ratios
	@.venv/bin/python benchmarks/throughput.py $(ARGS)

setup: ## make .venv from the lock; nothing to do when it is up to date
	@scripts/setup

system-tools:
	@scripts/system-tools

clean: ## remove caches and build output; .venv stays
	@rm -rf build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache .coverage*
	@find . -name .venv -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' Makefile
