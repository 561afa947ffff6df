#!/usr/bin/env bash
# Looks at a server that was just deployed to: ci/checks.sh URL TOKEN. A check that fails ends it.
# Put what your features must answer in place of the last part.
set -euo pipefail
url=$1 token=$2

# It can work.
curl --fail --silent --show-error --max-time 20 "$url/readyz"

# It answers for a ticket that nobody sold.
answer=$(curl --fail --silent --show-error --max-time 20 "$url/api/v1/query" \
  --oauth2-bearer "$token" --header "content-type: application/json" --data '{
    "inputs": ["TicketFeatures.ticket_id"],
    "outputs": ["TicketFeatures.price"],
    "data": {"TicketFeatures.ticket_id": ["nobody-sold-this"]}
  }')
if [ "$answer" != '{"TicketFeatures.price":[0]}' ]; then
  echo "a ticket that nobody sold has another price: $answer" >&2
  exit 1
fi
