//! The protobuf messages that clients and the server exchange.

mod catalogs;
mod contradictions;
mod definitions;
mod equality;
mod expectations;
mod expressions;
mod extractors;
mod fuzz;
mod generate;
mod generated;
mod hostile;
mod identities;
#[path = "../support/made.rs"]
mod made;
mod malformed;
mod roundtrip;
