# The images of docker-compose.yml. The default image has Flink, Python 3.11 and the project. The producers and the
# transaction API use a smaller image (--target producer), the decision API one with Java (--target serving).

# Flink must be of the same minor release as apache-flink in requirements-runtime.txt (1.20), because the
# client, the workers and the cluster communicate. Patch releases may differ; prefer the same one if there is
# an image for it: docker build --build-arg FLINK_IMAGE=flink:1.20.5-scala_2.12-java17 .
ARG FLINK_IMAGE=flink:1.20.3-scala_2.12-java17

FROM maven:3.9-eclipse-temurin-17 AS kernel
WORKDIR /kernel
COPY kernel/pom.xml ./
COPY kernel/core/pom.xml ./core/
COPY kernel/core/src ./core/src
COPY kernel/flink/pom.xml ./flink/
COPY kernel/flink/src ./flink/src
COPY kernel/profiles/pom.xml ./profiles/
COPY kernel/profiles/src ./profiles/src
COPY fraudstream/profiles/replace_profiles.lua /fraudstream/profiles/
RUN mvn --quiet --batch-mode --strict-checksums package -DskipTests

# Not the slim image, because a few packages have no wheel and must be compiled.
FROM python:3.11-bookworm AS packages
COPY requirements-runtime.txt /tmp/
COPY requirements/build.txt /tmp/
# --no-deps: the list is complete. It omits apache-flink-libraries, which would duplicate Flink's image.
RUN python -m venv /opt/venv \
    && PIP_CONSTRAINT=/tmp/build.txt /opt/venv/bin/python -m pip install --no-cache-dir --no-deps --require-hashes \
        --requirement /tmp/requirements-runtime.txt

FROM python:3.11-bookworm AS producer-packages
COPY requirements-producer.txt /tmp/
COPY requirements/build.txt /tmp/
RUN python -m venv /opt/venv \
    && PIP_CONSTRAINT=/tmp/build.txt /opt/venv/bin/python -m pip install --no-cache-dir --no-deps --require-hashes \
        --requirement /tmp/requirements-producer.txt

FROM python:3.11-slim-bookworm AS producer
COPY --from=producer-packages /opt/venv /opt/venv
COPY fraudstream /opt/fraudstream/fraudstream
COPY producer /opt/fraudstream/producer
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONPATH=/opt/fraudstream \
    PYTHONUNBUFFERED=1
USER 9999
WORKDIR /opt/fraudstream
# docker-compose.yml defines the health check of each service.
HEALTHCHECK NONE
CMD ["python", "-m", "producer", "--help"]

FROM python:3.11-bookworm AS serving-packages
COPY requirements-serving.txt /tmp/
COPY requirements/build.txt /tmp/
RUN python -m venv /opt/venv \
    && PIP_CONSTRAINT=/tmp/build.txt /opt/venv/bin/python -m pip install --no-cache-dir --no-deps --require-hashes \
        --requirement /tmp/requirements-serving.txt

FROM eclipse-temurin:17-jre AS java

FROM python:3.11-slim-bookworm AS serving
COPY --from=java /opt/java/openjdk /opt/java/openjdk
COPY --from=serving-packages /opt/venv /opt/venv
COPY fraudstream /opt/fraudstream/fraudstream
COPY models/v1 /opt/fraudstream/models/v1
COPY serving /opt/fraudstream/serving
# Where the library looks for it outside of a checkout.
COPY --from=kernel /kernel/core/target/fraudstream-core.jar /opt/fraudstream/fraudstream/online/
# A new volume mounted at /secrets inherits the owner and the mode of this directory.
RUN mkdir -m 700 /secrets && chown 9999 /secrets
ENV JAVA_HOME=/opt/java/openjdk \
    PATH=/opt/venv/bin:/opt/java/openjdk/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONPATH=/opt/fraudstream \
    PYTHONUNBUFFERED=1
USER 9999
WORKDIR /opt/fraudstream
# docker-compose.yml defines the health check of each service.
HEALTHCHECK NONE
CMD ["python", "-m", "serving", "--help"]

# hadolint ignore=DL3006
FROM ${FLINK_IMAGE} AS flink
# Remove Flink's own copy of PyFlink: clients would import it, and workers the one in /opt/venv.
# Put its jar on the class path of all jobs: only one copy can load Python's native library in a JVM.
RUN rm -rf /opt/flink/opt/python && cp /opt/flink/opt/flink-python-*.jar /opt/flink/lib/

FROM python:3.11-slim-bookworm
COPY --from=flink /opt/java/openjdk /opt/java/openjdk
COPY --from=flink /opt/flink /opt/flink
COPY --from=packages /opt/venv /opt/venv
COPY --from=kernel /kernel/flink/target/pyflink-dependencies.jar /opt/flink/lib/
COPY --from=kernel /kernel/profiles/target/fraudstream-profiles.jar /opt/flink/lib/
COPY alerts /opt/fraudstream/alerts
COPY deploy /opt/fraudstream/deploy
COPY fraudstream /opt/fraudstream/fraudstream
COPY jobs /opt/fraudstream/jobs
COPY localstack /opt/fraudstream/localstack
COPY models/v1 /opt/fraudstream/models/v1
COPY producer /opt/fraudstream/producer
COPY streams /opt/fraudstream/streams
# A new volume mounted at /checkpoints inherits the owner of this directory.
RUN useradd --uid 9999 --no-create-home flink \
    && mkdir -p /checkpoints /opt/flink/log \
    && chown -R flink /checkpoints /opt/flink/log
ENV FLINK_HOME=/opt/flink \
    JAVA_HOME=/opt/java/openjdk \
    PATH=/opt/venv/bin:/opt/flink/bin:/opt/java/openjdk/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONPATH=/opt/fraudstream:/opt/venv/lib/python3.11/site-packages \
    PYTHONUNBUFFERED=1
USER 9999
WORKDIR /opt/fraudstream
# The health check depends on the role: docker-compose.yml defines one for each service.
HEALTHCHECK NONE
CMD ["python", "jobs/feature_job.py", "--help"]
