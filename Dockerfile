FROM python:3.11-slim-bookworm AS kernel
WORKDIR /build
RUN apt-get update && apt-get install --yes --no-install-recommends gcc libc6-dev
COPY requirements/build.txt requirements/
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements/build.txt
COPY kernel kernel
RUN pip wheel --no-deps --no-build-isolation --no-index --wheel-dir /wheels ./kernel

FROM python:3.11-slim-bookworm

ENV PYTHONUNBUFFERED=1 HOST=0.0.0.0 PORT=8000 DATA_DIR=/data
RUN useradd --uid 10001 --create-home playtally && install -d -m 700 -o playtally /data
WORKDIR /app

COPY requirements/runtime.txt requirements/
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements/runtime.txt
COPY --from=kernel /wheels /wheels
RUN pip install --no-cache-dir --disable-pip-version-check --no-index --no-deps /wheels/*.whl

COPY . .
USER 10001
VOLUME /data
EXPOSE 8000
