//! The module's owner, found by rustc's own rules of scope.
//!
//! `fennel::owner!` puts a trait into its module. An entity's macro calls that trait's method on a
//! [`Probe`]: where no such trait is in scope, [`NoModuleOwner`]'s method, one reference further
//! away, answers instead. The call is inside a closure that never runs; its *type* carries the
//! owner, and so the whole thing works in a const. A child module sees its parent's owner where it
//! says `use super::*`.

/// What the methods are called on.
#[derive(Debug)]
pub struct Probe;

/// A type that names an owner.
pub trait ModuleOwner {
    /// The e-mail address; empty for none.
    const OWNER: &'static str;
}

/// Answers where a module has no owner.
#[derive(Debug)]
pub struct NoOwner;

impl ModuleOwner for NoOwner {
    const OWNER: &'static str = "";
}

/// The method that is found where no module's is.
pub trait NoModuleOwner {
    /// No owner.
    fn __fennel_owner(&self) -> NoOwner {
        NoOwner
    }
}

impl NoModuleOwner for &Probe {}

/// The owner that a probe found.
pub const fn of<F: Fn() -> O, O: ModuleOwner>(_probe: &F) -> &'static str {
    O::OWNER
}
