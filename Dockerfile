# The operator's image: `docker build -t sage-operator:0.1.0 .`, `podman build …`, `buildah build …`.
# BASE is any image with a shell and a `python3` of 3.11 or newer that makes virtual environments.
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS build
# Extras of the package, separated by commas. With `simulators` the image is also what the demo overlay runs.
ARG EXTRAS=""
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_REQUIRE_HASHES=1 PIP_CONSTRAINT=/src/constraints.txt
WORKDIR /src

# What changes seldom comes first: an edit of the operator does not fetch its dependencies anew.
# Only what is needed at run time is installed, in the pinned versions and with their hashes checked.
COPY constraints.txt pyproject.toml ./
# The pinned pip first: older ones can't read hashes from constraints.
RUN python3 -m venv /opt/build \
  && sed -n '/^pip==/,/[^\\]$/p' constraints.txt >pip.txt \
  && PIP_CONSTRAINT="" /opt/build/bin/pip install -r pip.txt \
  && /opt/build/bin/pip install hatchling \
  && python3 -m venv --without-pip /opt/sage-operator \
  && python3 -c 'import sys, tomllib; \
project = tomllib.load(open("pyproject.toml", "rb"))["project"]; \
extras = [project["optional-dependencies"][name] for name in sys.argv[1].split(",") if name]; \
print(*project["dependencies"], *sum(extras, []), sep="\n")' "${EXTRAS}" >requirements.txt \
  && /opt/build/bin/pip --python /opt/sage-operator/bin/python install -r requirements.txt

COPY README.md LICENSE ./
COPY operator operator
RUN /opt/build/bin/python -m hatchling build -t wheel -d dist \
  && PIP_REQUIRE_HASHES=0 PIP_CONSTRAINT="" \
     /opt/build/bin/pip --python /opt/sage-operator/bin/python install --no-index --no-deps dist/*.whl

FROM ${BASE}
ARG VERSION=0.1.0
ARG REVISION=""
LABEL org.opencontainers.image.title="sage-operator" \
      org.opencontainers.image.description="Keeps a ForceManager CRM in step with Sage Business Cloud Financials" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# Where the ledger's volume goes: a new one takes the owner from here, where Kubernetes does not set it.
RUN install -d -o 65532 -g 65532 /var/lib/sage-operator
COPY --from=build /opt/sage-operator /opt/sage-operator
# Everything was compiled when it was installed; the root file system may be read-only.
# Kopf asks for the user's name, which a number has none of.
ENV PATH=/opt/sage-operator/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 LOGNAME=sage-operator
# A number, so that Kubernetes can tell that it is not root.
USER 65532:65532
WORKDIR /var/lib/sage-operator
EXPOSE 8080
ENTRYPOINT ["sage-operator"]
CMD ["run"]
