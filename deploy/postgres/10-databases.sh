#!/bin/sh
# Makes a database and a role for each service, and for the issuer; no role may enter another's database.
# Run once by the postgres image, on an empty volume.
set -eu

make_database() {
    psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres --set name="$1" --set password="$2" <<'SQL'
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name";
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
SQL
}

make_database booking "$BOOKING_DATABASE_PASSWORD"
make_database procurement "$PROCUREMENT_DATABASE_PASSWORD"
make_database notification "$NOTIFICATION_DATABASE_PASSWORD"
make_database keycloak "$KEYCLOAK_DATABASE_PASSWORD"

psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres <<'SQL'
REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC;
SQL

for database in booking procurement notification; do
    psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$database" <<'SQL'
CREATE EXTENSION IF NOT EXISTS btree_gist;
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS unaccent;
SQL
done
