//! The protobuf messages that clients and the server exchange.

mod contradictions;
mod definitions;
mod equality;
mod expectations;
mod expressions;
mod generated;
mod hostile;
mod roundtrip;
