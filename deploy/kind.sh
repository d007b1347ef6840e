#!/usr/bin/env bash
# A cluster in containers with the operator, both simulators and an integration of the two; then the end-to-end tests on its
# API server. Called by `make kind`, which has built IMAGE. Run again, it takes the cluster that is there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

image=${1:?usage: kind.sh IMAGE}
name=${CLUSTER:-sage-operator}
own=(--namespace sage-system)

for program in kind kubectl; do
  command -v "$program" >/dev/null || {
    echo "error: $program is not on the path; see docs/install.md" >&2
    exit 1
  }
done

mkdir -p .cache
export KUBECONFIG=$PWD/.cache/kind.kubeconfig
if kind get clusters 2>/dev/null | grep -qx "$name"; then
  kind export kubeconfig --name "$name"
else
  kind create cluster --name "$name" --wait 120s
fi
kind load docker-image "$image" --name "$name"

explain() {
  kubectl "${own[@]}" get pods,pvc,sageint -o wide
  kubectl "${own[@]}" describe sageint
  kubectl "${own[@]}" logs deployment/sage-operator --tail 50
} >&2
trap 'explain || true' ERR

kubectl apply --server-side -k crds
kubectl wait --for condition=Established --timeout 60s -f crds
kubectl apply --server-side --force-conflicts -k deploy/overlays/demo
# The image may be another one under the same tag.
kubectl "${own[@]}" rollout restart deployment/demo-simulators deployment/sage-operator
kubectl "${own[@]}" rollout status deployment/demo-simulators --timeout 180s
kubectl "${own[@]}" rollout status deployment/sage-operator --timeout 180s
kubectl "${own[@]}" wait --for condition=Ready sageint/demo --timeout 300s
kubectl "${own[@]}" get sageint
trap - ERR

# The operators of these tests are processes on this machine, with the rights of deploy/base, in namespaces of their own.
# Left out is what starts control planes itself.
export SAGE_OPERATOR_TEST_KUBECONFIG=$KUBECONFIG SAGE_OPERATOR_TEST_REQUIRE_E2E=1
.venv/bin/pytest tests/e2e/test_{crd,first_sync,lifecycle,mistakes,crash,referents}.py

echo "The cluster stays: KUBECONFIG=$KUBECONFIG; it goes with: kind delete cluster --name $name"
