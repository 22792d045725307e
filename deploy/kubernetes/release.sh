#!/usr/bin/env bash
# Brings a version to a cluster: release.sh OVERLAY, with KUBE_CONFIG, IMAGE, REDIS_IMAGE (and POSTGRES_IMAGE) given by
# digest. Migrations first; then everything else, a pod after the other; then back to the version before, if it does not
# come up. Migrations only add, so the version before works with the new schema.
set -euo pipefail
overlay=$1
cd "$(dirname "$0")"

for image in "$IMAGE" "$REDIS_IMAGE" ${POSTGRES_IMAGE:+"$POSTGRES_IMAGE"}; do
    case $image in *@sha256:*) ;; *) echo "$image has no digest"; exit 1 ;; esac
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -n "${KUBE_CONFIG:-}" ]; then
    install -m 0600 /dev/null "$work/config"
    printf '%s' "$KUBE_CONFIG" > "$work/config"
    export KUBECONFIG=$work/config
fi
kubectl kustomize "overlays/$overlay" \
    | sed -e "s|registry.example/customer-analyzer:set-by-release|$IMAGE|" \
        -e "s|registry.example/redis:set-by-release|$REDIS_IMAGE|" \
        -e "s|registry.example/postgres:set-by-release|${POSTGRES_IMAGE:-}|" > "$work/all.yaml"
if grep --quiet set-by-release "$work/all.yaml"; then echo "An image was not given"; exit 1; fi
if [ "${RENDER_ONLY:-}" = 1 ]; then cat "$work/all.yaml"; exit 0; fi

space=customer-analyzer
kubectl delete job migrate --namespace "$space" --ignore-not-found
# What migrations need; everything else waits for them.
kubectl apply --filename "$work/all.yaml" --selector '!app.kubernetes.io/component'
kubectl apply --filename "$work/all.yaml" --selector 'app.kubernetes.io/component in (postgres, migrate)'
kubectl wait --for=condition=complete job/migrate --namespace "$space" --timeout=30m
kubectl apply --filename "$work/all.yaml"
deployments=$(kubectl get deployments --namespace "$space" --output name)
for deployment in $deployments; do
    if ! kubectl rollout status "$deployment" --namespace "$space" --timeout=10m; then
        echo "$deployment did not come up: back to the version before"
        for each in $deployments; do kubectl rollout undo "$each" --namespace "$space" || true; done
        exit 1
    fi
done
