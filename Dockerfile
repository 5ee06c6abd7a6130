# One image for every role; `compose.yaml` starts them. bubblewrap is for the workers, which run scripts in it.
FROM python:3.12-slim

RUN apt-get update \
    && apt-get install --yes --no-install-recommends bubblewrap git \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --create-home --home-dir /var/lib/lockstep lockstep

WORKDIR /opt/lockstep
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY bot bot
COPY handlers handlers
COPY services services
RUN pip install --no-cache-dir --constraint constraints.txt '.[models,postgres]'

USER lockstep
WORKDIR /var/lib/lockstep
ENV LOCKSTEP_HOST=0.0.0.0 LOCKSTEP_PORT=8080 LOCKSTEP_DATA_DIR=/var/lib/lockstep/data
EXPOSE 8080
ENTRYPOINT ["python", "-m", "bot"]
CMD ["serve"]
