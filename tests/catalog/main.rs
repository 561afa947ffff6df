//! What only the whole of a catalog shows, and what a branch may become.

mod collected;
mod connectors;
mod expectations;
mod lineage;
mod lowered;
mod pasted;
mod pipelines;
mod plan;
mod printed;
mod project;
mod tags;
mod tombstones;
mod transition;
mod whole;
