# Every target installs its requirements first, so the first run takes a few minutes.
PYTHON ?= python3.11
VENV := .venv
PY := $(VENV)/bin/python
JARS := build/pyflink-dependencies.jar build/fraudstream-core.jar build/fraudstream-rest-guard.jar build/fraudstream-profiles.jar
# Strict: an artifact whose checksum differs from the repository's is an error.
MVN := mvn --quiet --batch-mode --strict-checksums --file kernel/pom.xml
SCAN := build/scan
AWSCLI := build/awscli-venv
TRANSACTIONS ?= 20000
RATE ?= 500
RUN_OPTIONS ?=
SERVE_OPTIONS ?=
PYTEST_OPTIONS ?=
FUZZ_TIMES ?= 20

.DEFAULT_GOAL := help
.PHONY: help setup run serve test quick fuzz coverage check format train evaluate drill soak package managed-flink lambda-alerts sagemaker-model wheel bench bench-full profile settings-page lock sbom scan pin-images awscli clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: $(VENV)/installed $(JARS) ## Make .venv, the job's jar (kernel and Kinesis connector), the core jar for servers, the REST port's guard, the profile stores

# The second install adds the command `fraudstream`, offline and with the locked setuptools.
$(VENV)/installed: requirements.txt requirements/build.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	PIP_CONSTRAINT=requirements/build.txt $(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(PY) -m pip install --quiet --disable-pip-version-check --no-index --no-deps --no-build-isolation --editable .
	touch $@

# One Maven run builds all jars. Each is renamed only when complete, so make never sees a partial file.
$(JARS) &: kernel/pom.xml $(wildcard kernel/*/pom.xml) $(shell find kernel/*/src/main -type f) fraudstream/profiles/replace_profiles.lua
	$(MVN) package -DskipTests
	mkdir -p build
	for jar in $(JARS:build/%=%); do \
		cp kernel/*/target/$$jar build/new.jar && mv build/new.jar build/$$jar || exit 1; \
	done

run: setup ## Run everything on this machine: emulator, job, producer, live view (TRANSACTIONS, RATE)
	$(PY) -m localrun --transactions $(TRANSACTIONS) --rate $(RATE) $(RUN_OPTIONS)

serve: setup ## Run the whole system with the decision API on port 8000 until Ctrl-C (SERVE_OPTIONS="--port 8001 --auth off")
	$(PY) -m localrun.serve $(SERVE_OPTIONS)

test: setup ## Run every test: the kernel's, unit, job (mini cluster), stack (Kinesis)
	$(MVN) test
	$(PY) -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder $(PYTEST_OPTIONS)

quick: setup ## Run the unit tests: no JVM, no cluster, no stream (3 minutes)
	$(PY) -m pytest tests/unit --numprocesses 3 --dist loadfile --no-loadscope-reorder

fuzz: setup ## Run the property and fuzz tests from a new seed, with FUZZ_TIMES times the suite's examples
	$(MVN) test -pl core -Dtest=TransactionParserFuzzTest -Dfuzz.seed=$$(date +%s) -Dfuzz.inputs=$$(( $(FUZZ_TIMES) * 1000000 ))
	FUZZ_TIMES=$(FUZZ_TIMES) $(PY) -m pytest $$(grep -rlE '^ *@given' tests/unit tests/job) --timeout 0 --numprocesses 2 --dist loadfile $(PYTEST_OPTIONS)

coverage: setup ## Run the unit tests and measure line and branch coverage; writes build/coverage/index.html
	$(PY) -m pytest tests/unit --numprocesses 3 --dist loadfile --no-loadscope-reorder --cov --cov-report html --cov-report term:skip-covered

check: setup ## Check style, types, format, imports and spelling; compile the kernel with warnings as errors
	$(MVN) test-compile
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports --no-logo --cache-dir build/import_linter
	$(VENV)/bin/codespell

format: setup ## Format the Python code
	$(VENV)/bin/ruff format
	$(VENV)/bin/ruff check --fix

train: setup ## Train a model version (options: python -m models train --help)
	$(PY) -m models train

evaluate: setup ## Evaluate every kind of model by time; writes build/evaluation.json and a report
	$(PY) -m models evaluate

drill: setup ## Inject each fault into the running job and check its output; writes build/drill.json, docs/drill.md (an hour). With SEED=1 ROUNDS=10: random pairs of faults, appended to docs/drill-rounds.jsonl
	$(PY) -m drills $(if $(SEED),--seed $(SEED) --rounds $(or $(ROUNDS),10))

soak: setup ## Run the job for half an hour at 70 % of its maximum rate; writes docs/soak.md (45 minutes, 10 GB of disk)
	$(PY) -m drills.soak

package: setup ## Write build/fraudstream-python.zip, the Python files for flink run
	$(PY) -m deploy.package

managed-flink: setup ## Write build/managed-flink.zip for Amazon Managed Service for Apache Flink
	$(PY) -m deploy.managed_flink

lambda-alerts: setup ## Write build/lambda-alerts.zip, the Lambda function that delivers alerts
	$(PY) -m deploy.lambda_alerts

sagemaker-model: setup ## Write build/model.tar.gz, the model archive of a SageMaker endpoint
	$(PY) -m serving.sagemaker archive

wheel: setup ## Write the wheel of the library, with the core jar, and the command `fraudstream` to build/
	rm -rf build/lib build/bdist.*
	cp build/fraudstream-core.jar fraudstream/online/
	$(PY) -m pip wheel --quiet --disable-pip-version-check --no-index --no-deps --no-build-isolation --wheel-dir build .; \
		status=$$?; rm fraudstream/online/fraudstream-core.jar; exit $$status

bench: setup ## Compare this job with its rivals; writes build/bench.json and docs/bench.md (15 minutes)
	$(MVN) test-compile
	$(PY) -m benchmarks

bench-full: setup ## The same with three runs each, also at higher parallelism (over an hour)
	$(MVN) test-compile
	$(PY) -m benchmarks --full

profile: setup ## Profile the job's CPU time; writes docs/profile.md (3 minutes)
	$(PY) -m benchmarks.profiling

settings-page: setup ## Write docs/settings.md from the settings classes
	$(PY) -m localrun.settings_page

lock: setup ## Lock the versions and hashes of requirements/*.in in requirements*.txt
	$(VENV)/bin/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-annotate --no-header \
		requirements/all.in --output-file requirements.txt
	$(VENV)/bin/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-annotate --no-header \
		--constraint requirements.txt --no-emit-package apache-flink-libraries \
		requirements/runtime.in --output-file requirements-runtime.txt
	$(VENV)/bin/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-annotate --no-header \
		--constraint requirements.txt requirements/producer.in --output-file requirements-producer.txt
	$(VENV)/bin/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-annotate --no-header \
		--constraint requirements.txt requirements/serving.in --output-file requirements-serving.txt
	$(VENV)/bin/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-annotate --no-header \
		--constraint requirements.txt requirements/lambda.in --output-file requirements-lambda.txt
	$(VENV)/bin/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-annotate --no-header \
		benchmarks/requirements-rival.in --output-file benchmarks/requirements-rival.txt
	$(VENV)/bin/uv pip compile --quiet --python-version 3.11 --no-annotate --no-header \
		--constraint requirements.txt requirements/build.in --output-file requirements/build.txt
	$(VENV)/bin/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-annotate --no-header \
		--constraint requirements/build.txt requirements/scan.in --output-file requirements/scan.txt
	$(VENV)/bin/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-annotate --no-header \
		--constraint requirements/build.txt requirements/awscli.in --output-file requirements/awscli.txt
	$(VENV)/bin/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-annotate --no-header \
		tests/flink2/requirements.in --output-file tests/flink2/requirements.txt

# Tools with a lock and an environment of their own: they need other releases of the project's packages.
$(SCAN)/installed: requirements/scan.txt
	$(PYTHON) -m venv $(SCAN)
	PIP_CONSTRAINT=requirements/build.txt $(SCAN)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/scan.txt
	touch $@

$(AWSCLI)/installed: requirements/awscli.txt
	$(PYTHON) -m venv $(AWSCLI)
	PIP_CONSTRAINT=requirements/build.txt $(AWSCLI)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/awscli.txt
	touch $@

awscli: $(AWSCLI)/installed ## Install the AWS command line to build/awscli-venv, for the tests of tests/documents

sbom: setup $(SCAN)/installed ## Write the bills of materials build/sbom-python.json and build/sbom-java.json (CycloneDX)
	$(SCAN)/bin/cyclonedx-py environment --output-reproducible --output-file build/sbom-python.json $(VENV)
	$(MVN) org.cyclonedx:cyclonedx-maven-plugin:2.9.1:makeAggregateBom -DincludeTestScope=false -DoutputFormat=json \
		-DoutputDirectory=$(CURDIR)/build -DoutputName=sbom-java
	$(PY) -m deploy.sbom build/sbom-python.json build/sbom-java.json

scan: setup $(SCAN)/installed ## Look for known vulnerabilities in the locked Python packages; fails if any package was skipped
	for lock in requirements.txt requirements-runtime.txt requirements-producer.txt requirements-serving.txt requirements-lambda.txt; do \
		$(PY) -m deploy.scan $(SCAN)/bin/pip-audit $$lock || exit 1; \
	done

pin-images: setup ## Pin the images of the Dockerfile and docker-compose.yml by digest (needs Docker and the registry)
	$(PY) -m deploy.pin_images

clean: ## Remove build output; .venv stays
	rm -rf build kernel/*/target
