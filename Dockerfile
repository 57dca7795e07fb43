FROM debian:bookworm-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends \
      g++ cmake ninja-build libcaf-dev libboost1.81-dev \
      libboost-json1.81-dev libboost-url1.81-dev prometheus-cpp-dev \
      libspdlog-dev libyaml-cpp-dev libcli11-dev libssl-dev zlib1g-dev \
      libcrypt-dev libsystemd-dev
WORKDIR /src
COPY . .
ARG REVISION=""
RUN cmake --preset release ${REVISION:+-DBETANET_REVISION=$REVISION} \
 && cmake --build --preset release

FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends \
      ca-certificates libcaf-core0.17 libboost-json1.81.0 libboost-url1.81.0 \
      libcrypt1 libprometheus-cpp-core1.0 libspdlog1.10 libssl3 libsystemd0 \
      libyaml-cpp0.7 zlib1g \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build /src/build/release/betanet_exporter /usr/local/bin/
COPY config/betanet_exporter.yml /etc/betanet_exporter/
LABEL org.opencontainers.image.title="betanet_exporter" \
      org.opencontainers.image.description="Prometheus exporter for Betanet" \
      org.opencontainers.image.licenses="MIT"
USER 65532:65532
EXPOSE 9200
HEALTHCHECK --interval=15s --timeout=5s \
  CMD ["/usr/local/bin/betanet_exporter", "--healthcheck"]
# The file is set by an environment variable, so that it is also used when flags
# are given to the container, and by the health check.
ENV BETANET_EXPORTER_CONFIG_FILE=/etc/betanet_exporter/betanet_exporter.yml
ENTRYPOINT ["/usr/local/bin/betanet_exporter"]
