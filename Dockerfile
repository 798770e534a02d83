# One image for every process: `docker run fleetcast python -m ingest`. Configuration comes from the environment only.
FROM python:3.13-slim AS packages
COPY requirements/runtime.lock /tmp/runtime.lock
RUN python -m venv /opt/venv \
 && /opt/venv/bin/pip install --no-cache-dir --require-hashes --only-binary :all: -r /tmp/runtime.lock

FROM python:3.13-slim
RUN useradd --system --uid 10001 --no-create-home fleetcast
COPY --from=packages /opt/venv /opt/venv
WORKDIR /app
COPY pyproject.toml ./
COPY domain domain
COPY runtime runtime
COPY backbone backbone
COPY storage storage
COPY access access
COPY ingest ingest
COPY stream_processors stream_processors
COPY push_service push_service
COPY control_api control_api
COPY schemas schemas
COPY migrations migrations
RUN python -m compileall -q .
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001
# Each process has /healthz and /readyz on its own port; the orchestrator probes them (docs/operating.md).
CMD ["python", "-m", "ingest"]
