//! What only the whole of a catalog shows, and what a branch may become.

mod connectors;
mod expectations;
mod lowered;
mod pipelines;
mod printed;
mod project;
mod tags;
mod transition;
mod whole;
