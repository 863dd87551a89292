#!/bin/sh
# Each service has a login role of its own that owns its own database, and nobody else may connect to it.
set -eu
for service in ingest projector auth coach; do
    psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
        --set service="$service" --set password="$SERVICE_DATABASE_PASSWORD" <<'SQL'
CREATE ROLE :"service" LOGIN CREATEROLE PASSWORD :'password';
CREATE DATABASE :"service" OWNER :"service";
REVOKE CONNECT ON DATABASE :"service" FROM PUBLIC;
SQL
done
