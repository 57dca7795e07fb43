# Makes two images:
#
#   docker build -t betanet-exporter .                    the exporter
#   docker build -t betanet-sim --target=simulator .      a simulated Betanet
#
# The build arguments VERSION, REVISION and SOURCE become labels. REVISION is also
# what the exporter says of itself. It comes as late as possible: what stands
# after it is built anew for each commit.

FROM debian:bookworm-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends \
      ca-certificates g++ cmake ninja-build libcaf-dev libboost1.81-dev \
      libboost-json1.81-dev libboost-url1.81-dev prometheus-cpp-dev \
      libspdlog-dev libyaml-cpp-dev libcli11-dev libssl-dev zlib1g-dev \
      libcrypt-dev
WORKDIR /src
COPY . .
RUN cmake --preset release \
 && cmake --build --preset release \
      --target metrics pages net config actors betanet_sim
ARG REVISION=""
RUN cmake --preset release -DBETANET_REVISION="$REVISION" \
 && cmake --build --preset release --target betanet_exporter betanet_sim
RUN deploy/image/collect build/release /image

FROM scratch AS simulator
COPY --from=build /image/simulator.system /
COPY --from=build /image/simulator.program /
ARG VERSION=unreleased REVISION=unknown
ARG SOURCE=https://github.com/fog-compute/betanet_exporter
LABEL org.opencontainers.image.title="betanet_sim" \
      org.opencontainers.image.description="Simulated Betanet service with faults" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.source="$SOURCE" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
USER 65532:65532
EXPOSE 9000 9001
HEALTHCHECK --interval=5s --timeout=3s \
  CMD ["/usr/bin/betanet_sim", "--healthcheck"]
ENTRYPOINT ["/usr/bin/betanet_sim"]
CMD ["--listen=0.0.0.0:9000", "--control=0.0.0.0:9001"]

FROM scratch AS exporter
COPY --from=build /image/exporter.system /
COPY --from=build /image/exporter.program /
ARG VERSION=unreleased REVISION=unknown
ARG SOURCE=https://github.com/fog-compute/betanet_exporter
LABEL org.opencontainers.image.title="betanet_exporter" \
      org.opencontainers.image.description="Prometheus exporter for Betanet" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.source="$SOURCE" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
USER 65532:65532
EXPOSE 9200
HEALTHCHECK --interval=15s --timeout=5s \
  CMD ["/usr/bin/betanet_exporter", "--healthcheck"]
# The file is set by an environment variable, so that it is also used when flags
# are given to the container, and by the health check.
ENV BETANET_EXPORTER_CONFIG_FILE=/etc/betanet_exporter/betanet_exporter.yml
ENTRYPOINT ["/usr/bin/betanet_exporter"]
