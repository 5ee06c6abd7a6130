# One image for every role; `compose.yaml` starts them. What is needed to build stays behind in the first stage; bubblewrap and git are
# for the workers. Nothing is written but below /var/lib/lockstep and /tmp, so the root file system may be read-only.
FROM python:3.12-slim AS build
WORKDIR /build
COPY pyproject.toml constraints.txt README.md LICENSE app.yml ./
COPY bot bot
COPY handlers handlers
COPY services services
RUN python -m venv /opt/lockstep \
    && /opt/lockstep/bin/pip install --no-cache-dir --constraint constraints.txt '.[models,postgres]' \
    && /opt/lockstep/bin/pip uninstall --yes pip

FROM python:3.12-slim
RUN apt-get update \
    && apt-get install --yes --no-install-recommends bubblewrap git \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 1000 --create-home --home-dir /var/lib/lockstep lockstep
COPY --from=build /opt/lockstep /opt/lockstep

USER lockstep
WORKDIR /var/lib/lockstep
ENV PATH=/opt/lockstep/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    LOCKSTEP_HOST=0.0.0.0 LOCKSTEP_PORT=8080 LOCKSTEP_DATA_DIR=/var/lib/lockstep/data
EXPOSE 8080
VOLUME /var/lib/lockstep
STOPSIGNAL SIGTERM
HEALTHCHECK CMD python -c "import urllib.request as r; r.urlopen('http://127.0.0.1:$LOCKSTEP_PORT/healthz', timeout=3)"
ENTRYPOINT ["python", "-m", "bot"]
CMD ["serve"]
