//! Settings of a webhook: N439.
use fennel::prelude::*;

static APP: Webhook = Webhook::new("app").retention("5x");

fn main() {}
