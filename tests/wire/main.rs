//! The protobuf messages that clients and the server exchange.

mod definitions;
mod equality;
mod generated;
mod hostile;
mod roundtrip;
