//! What only the whole of a catalog shows, and what a branch may become.

mod transition;
mod whole;
