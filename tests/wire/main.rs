//! The protobuf messages that clients and the server exchange.

mod generated;
mod roundtrip;
