FROM python:3.11-slim-bookworm

ENV PYTHONUNBUFFERED=1 HOST=0.0.0.0 PORT=8000 DATA_DIR=/data
RUN useradd --create-home playtally && install -d -o playtally /data
WORKDIR /app

COPY requirements/runtime.txt requirements/
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements/runtime.txt

COPY . .
USER playtally
VOLUME /data
EXPOSE 8000
