#!/usr/bin/env bash
# Builds the image, starts the compose stack once, checks that it answers, and stops it: `make images`.
#
# For a machine with root, Docker (with BuildKit), Compose and mmdebstrap, and without a registry: the base, and what stands
# in for the images of PostgreSQL and Redis, are made of Debian packages. BASE=IMAGE takes another base. Volumes and
# containers of this project are removed at the end; images stay, for the next build.
set -euo pipefail
cd "$(dirname "$0")/../.."

PROFILE=${PROFILE:-full}
DOCKER=${DOCKER:-docker}
work=$(mktemp -d)
export SECRETS=$work/secrets
export CUSTOMER_ANALYZER_IMAGE=customer-analyzer:local
export POSTGRES_IMAGE=customer-analyzer-stand-ins:local REDIS_IMAGE=customer-analyzer-stand-ins:local
export REDIS_URL=redis://redis:6379/0
export CUSTOMER_ANALYZER_API_PORT=${CUSTOMER_ANALYZER_API_PORT:-18080}
export COMPOSE_PROJECT_NAME=customer-analyzer-try
compose() {
    if $DOCKER compose version >/dev/null 2>&1; then $DOCKER compose -f deploy/compose/compose.yaml --profile "$PROFILE" "$@"
    else docker-compose -f deploy/compose/compose.yaml --profile "$PROFILE" "$@"; fi
}
finish() {
    code=$?
    [ "$code" = 0 ] || compose logs --no-color --tail 30 || true
    compose down --volumes --timeout 30 >/dev/null 2>&1 || true
    rm -rf "$work"
    exit "$code"
}
trap finish EXIT

imported() { $DOCKER image inspect "$1" >/dev/null 2>&1; }
debian() { # IMAGE PACKAGES [docker import options...]
    image=$1 packages=$2
    shift 2
    imported "$image" && return
    echo "Making $image of Debian packages"
    mmdebstrap --quiet --variant=minbase --include="$packages" \
        --customize-hook='chroot "$1" groupadd --gid 999 stand-in' \
        --customize-hook='chroot "$1" useradd --uid 999 --gid 999 --no-create-home stand-in' \
        --customize-hook='install -d -m 0700 -o 999 -g 999 "$1"/var/lib/postgresql/data' \
        --customize-hook='install -m 0755 deploy/images/stand_ins/entrypoint.sh "$1"/usr/local/bin/entrypoint.sh' \
        --customize-hook='ln -sf ../lib/postgresql/15/bin/pg_isready "$1"/usr/bin/pg_isready' \
        bookworm "$work/$$.tar"
    $DOCKER import "$@" "$work/$$.tar" "$image" >/dev/null
    rm "$work/$$.tar"
}

debian "${BASE:=customer-analyzer-base:local}" python3,python3-venv,ca-certificates
debian "$POSTGRES_IMAGE" postgresql,redis-server \
    --change 'ENTRYPOINT ["/usr/local/bin/entrypoint.sh"]' --change 'CMD ["postgres"]'

echo "Building $CUSTOMER_ANALYZER_IMAGE on $BASE"
started=$SECONDS
DOCKER_BUILDKIT=1 $DOCKER build --quiet --network host --secret id=ca,src=/etc/ssl/certs/ca-certificates.crt \
    --build-arg "BASE=$BASE" --file deploy/images/Dockerfile --tag "$CUSTOMER_ANALYZER_IMAGE" . >/dev/null
size=$($DOCKER image inspect --format '{{.Size}}' "$CUSTOMER_ANALYZER_IMAGE")
echo "Built in $((SECONDS - started)) s, $((size / 1000000)) MB"
[ "$($DOCKER image inspect --format '{{.Config.User}}' "$CUSTOMER_ANALYZER_IMAGE")" = 10001:10001 ]

install -d -m 0700 "$SECRETS"
$DOCKER run --rm --user 0 --network none --volume "$SECRETS:/secrets" "$CUSTOMER_ANALYZER_IMAGE" secrets make /secrets >/dev/null
touch "$SECRETS/telegram-token"

compose config --quiet
started=$SECONDS
compose up --detach
api=http://127.0.0.1:$CUSTOMER_ANALYZER_API_PORT
for _ in $(seq 180); do
    if curl --silent --fail --output /dev/null "$api/readyz"; then break; fi
    sleep 1
done
curl --silent --show-error --fail --output /dev/null "$api/readyz"
echo "The API is ready $((SECONDS - started)) s after the start of the stack ($PROFILE)"
[ "$(curl --silent --output /dev/null --write-out '%{http_code}' "$api/users")" = 401 ]
echo "Without a key it answers 401"

# An event of the bot's goes in by its key, and is stored with the backend's login.
sent=$(curl --silent --output "$work/answer" --write-out '%{http_code}' --header "Authorization: Bearer $(cat "$SECRETS/bot-key")" \
    --json '{"event_id": "6f1f4d0e-1d7b-4d6e-9f0a-0c8f3a2b1c4d", "user_id": "7", "event_type": "view",
             "source": "telegram", "occurred_at": "'"$(date --utc +%FT%TZ)"'"}' "$api/events")
[ "$sent" = 200 ] || [ "$sent" = 201 ] || [ "$sent" = 202 ] || { echo "POST /events answered $sent"; cat "$work/answer"; exit 1; }
echo "An event was stored ($sent)"

for _ in $(seq 120); do
    unready=$(compose ps --quiet | xargs $DOCKER inspect --format \
        '{{.Name}} {{.State.Status}} {{if .State.Health}}{{.State.Health.Status}}{{end}}' \
        | grep --invert-match --extended-regexp 'migrate|running (healthy)?$|(segmentation|purchase|churn).* starting$' || true)
    [ -n "$unready" ] || break
    sleep 1
done
[ -z "$unready" ] || { echo "Not ready: $unready"; exit 1; }
compose ps
echo "Every server is healthy; the services wait for the first run of the pipeline"

# As docs/deployment.md says: an ordinary user, a root that cannot be written to, no capability.
compose exec -T api sh -c '[ "$(id -u)" = 10001 ] && ! touch /opt/x 2>/dev/null && grep -q "^CapEff:.0000000000000000" /proc/self/status'
started=$SECONDS
compose stop --timeout 30 api worker dagster-daemon dagster-code >/dev/null 2>&1
echo "Stopped in $((SECONDS - started)) s"
codes=$(compose ps --all --quiet api worker 2>/dev/null | xargs $DOCKER inspect --format '{{.State.ExitCode}}' | sort -u | tr '\n' ' ')
echo "Exit codes of API and worker: $codes"
case $codes in *137*) echo "A server had to be killed"; exit 1 ;; esac
