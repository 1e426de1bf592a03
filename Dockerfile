# An image with the commands, ffmpeg, OpenVINO and the default weights.
#
#   docker build -t deoldify-lite --build-arg TORCH=https://download.pytorch.org/whl/cpu .     # for CPUs: small
#   docker build -t deoldify-lite:cuda .                                                       # for Nvidia GPUs
#   docker run --rm --user "$(id -u):$(id -g)" -v "$PWD:/data" deoldify-lite colorize-folder photos/
#
# /data holds your photos and films, and the results; /cache keeps fetched weights and prepared networks.

FROM python:3.13-slim-trixie AS build
WORKDIR /source
COPY setup.cfg pyproject.toml README.md LICENSE ./
COPY deoldify_lite deoldify_lite
COPY weights weights
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheel .

FROM python:3.13-slim-trixie
# The versions of a Debian release change only to mend faults.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends ffmpeg \
    && rm -rf /var/lib/apt/lists/*
# Where torch comes from; by default PyPI, whose wheels for Linux run on CUDA.
ARG TORCH=https://pypi.org/simple
RUN pip install --no-cache-dir --index-url "${TORCH:-https://pypi.org/simple}" "torch>=2.6,<2.16" "torchvision>=0.21"
COPY --from=build /wheel /wheel
# OpenCV's plain package wants libraries of a desktop, which its headless one goes without. Both hold the same module.
# hadolint ignore=DL3013
RUN set -- /wheel/*.whl \
    && pip install --no-cache-dir "$1[formats,watch]" \
    && pip uninstall -y opencv-python \
    && pip install --no-cache-dir opencv-python-headless

RUN useradd --create-home --uid 1000 colorizer \
    && mkdir -p /data /cache/deoldify_lite \
    && chown -R colorizer /data /cache \
    && chmod -R a+rwX,+t /cache
ENV XDG_CACHE_HOME=/cache PYTHONUNBUFFERED=1
USER 1000
WORKDIR /data
VOLUME ["/data", "/cache"]
CMD ["deoldify-lite", "--help"]
