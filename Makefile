# All but `lint` make their environment in .venv; `lint` needs that of the tests.
.PHONY: test quick lint demo docs
test:
	scripts/test
quick:
	scripts/test --quick
lint:
	.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/mypy
demo:
	scripts/demo
docs:
	scripts/docs
