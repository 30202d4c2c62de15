# Crosswind as a container:
#
#   docker build -t crosswind .
#   docker run --rm --user "$(id -u)" -p 127.0.0.1:8080:8080 -v "$PWD:/data" crosswind \
#       proxy --listen 0.0.0.0:8080 --profile lost-release
#
# Inside, the proxy listens on all interfaces, or the published port would lead nowhere. Publish it to 127.0.0.1, as
# above, or to a network that only your agents are on: whoever reaches the port can send requests through it.
# Profiles are read from /data; runs, and the CA that agents must trust, are written to /data/.crosswind.

FROM python:3.13-slim AS build
WORKDIR /src
RUN python -m venv /opt/crosswind
COPY requirements-runtime.lock .
RUN /opt/crosswind/bin/pip install --no-cache-dir --require-hashes -r requirements-runtime.lock
COPY pyproject.toml README.md LICENSE ./
COPY profiles profiles
COPY proxy_addons proxy_addons
RUN /opt/crosswind/bin/pip install --no-cache-dir --no-deps .

FROM python:3.13-slim
RUN useradd --create-home --uid 1000 crosswind && install -d -o crosswind -g crosswind /data
COPY --from=build /opt/crosswind /opt/crosswind
ENV PATH=/opt/crosswind/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    CROSSWIND_CA_DIR=/data/.crosswind/ca
USER crosswind
WORKDIR /data
VOLUME /data
EXPOSE 8080
ENTRYPOINT ["crosswind"]
CMD ["proxy", "--listen", "0.0.0.0:8080"]
