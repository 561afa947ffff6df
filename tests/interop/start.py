"""What scripts begin with: the client, a webhook, and the present to the second."""

import sys
from datetime import datetime, timezone

from fennel.client import Client
from fennel.connectors import Webhook

client = Client(*sys.argv[1:3])
shop = Webhook(name="shop")
now = datetime.now(timezone.utc).replace(microsecond=0)
