//! The protobuf messages that clients and the server exchange.

mod definitions;
mod equality;
mod expectations;
mod generated;
mod hostile;
mod roundtrip;
