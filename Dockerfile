# SPDX-License-Identifier: Apache-2.0
#
# An image of Muster: the program and the libraries that it loads, nothing else.
#
#   docker build -t muster .
#   docker build -t muster --build-arg BASE=registry.example.com/debian:bookworm-slim .
#
# scripts/image does the same, also where no registry of images can be reached.
ARG BASE=debian:bookworm-slim

FROM ${BASE} AS build
WORKDIR /src
# On its own, so that a change of sources installs nothing again.
COPY scripts/install-deps scripts/
RUN scripts/install-deps && rm -rf /var/lib/apt/lists/*
COPY . .
RUN cmake --preset release && cmake --build --preset release --target muster \
 && scripts/image-files build/release/server/muster /image

# Everything below is what scripts/image makes of a program that was built before.
FROM scratch
COPY --from=build /image/ /
# By number: Kubernetes' runAsNonRoot reads no names.
USER 65532:65532
EXPOSE 8080 9090
ENTRYPOINT ["/usr/bin/muster"]
CMD ["serve"]
