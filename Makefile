.PHONY: test lint demo
test:
	scripts/test
lint:
	.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/mypy
demo:
	scripts/demo
