//! Every graph is one that a server accepts.

use bumpalo::Bump;
use fennel_core::wire;

use super::Graph;

impl Graph {
    /// What the checks of a commit say against it.
    pub(crate) fn problems(&self) -> Option<String> {
        let arena = Bump::new();
        let request = self.request();
        let checked = wire::decode(&arena, &request).and_then(|catalog| catalog.check(None));
        checked.err().map(|problems| problems.to_string())
    }
}
