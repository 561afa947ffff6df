//! Commits that are sent by hand, cut off, made for another branch, or meant to overwrite.

use fennel_core::wire::proto::services::SyncRequest;
use prost::Message as _;

use super::case::{Case, commit};
use crate::shop::{
    cents, feature_left_out, first, kept_longer, order_deleted, request, spend_deleted, tagged,
};

const COMMIT: &str = "commit";
const INCREMENT: &str = "commit?incremental=true";
const PREVIEW: &str = "commit?preview=true&incremental=true";

/// How many entities a large commit has.
const MANY: usize = 10_000;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = bytes();
    cases.extend(parameters());
    cases.extend(definitions());
    cases.extend(callers());
    cases
}

#[rustfmt::skip] // A case a line.
fn bytes() -> Vec<Case> {
    let half = tagged::all()[..100].to_vec();
    vec![
        commit("a commit that breaks off", COMMIT, half)
            .answers(400, &["SyncRequest"]),
        commit("a commit of noise", COMMIT, (0..200).map(|i: u8| i.wrapping_mul(151) ^ 90).collect())
            .answers(400, &["SyncRequest"]),
        commit("a commit as JSON", COMMIT, b"{}".to_vec()).content("application/json")
            .answers(415, &["`application/octet-stream`"]),
        commit("a commit that is no gzip, though it says so", COMMIT, tagged::all()).headers(&[("content-encoding", "gzip")])
            .answers(400, &["gzip"]),
        commit("a commit of nothing", COMMIT, Vec::new())
            .answers(409, &["dataset `Order`: it is live and this commit leaves it out"]),
    ]
}

#[rustfmt::skip]
fn parameters() -> Vec<Case> {
    let other = || request(fennel::entities![first::Order]);
    vec![
        commit("a preview with a slip, which would be a commit", "commit?previw=true", tagged::all())
            .answers(400, &["unknown field `previw`"]),
        commit("a preview of neither kind", "commit?preview=yes", tagged::all())
            .answers(400, &["preview"]),
        commit("a plan that was made against another branch", "commit?base={last-dev}", first::all())
            .answers(409, &["{last-dev}"]),
        commit("a plan from before the last commit", "commit?base={first-main}", first::all())
            .answers(409, &["branch `main` has moved since", "{last-main}"]),
        commit("a plan for a branch without commits", "commit?base=", first::all())
            .answers(409, &["branch `main` has moved since", "{last-main}"]),
        commit("a base that is no commit's id", "commit?base=HEAD", first::all())
            .answers(409, &["commit HEAD, which branch `main` doesn't have"]),
        commit("the id of a commit of something else", "commit?id={last-main}", cents::all())
            .answers(409, &["has a commit {last-main} already"]),
        commit("an id that can't be one", "commit?id=latest", first::all())
            .answers(400, &["\"latest\" can't be a commit's id"]),
        commit("a git revision with a line break", "commit?revision=a%0ab", first::all())
            .answers(400, &["`revision`"]),
        commit("a message of a megabyte", COMMIT, with_message(1 << 20))
            .answers(400, &["the commit's message has 1048576 bytes; write at most 10000"]),
        commit("a branch that is not there", COMMIT, other()).on("nowhere")
            .answers(404, &["no branch `nowhere`; there are `dev`, `main`"]),
        commit("a branch in another case", COMMIT, other()).on("Main")
            .answers(404, &["no branch `Main`"]),
    ]
}

#[rustfmt::skip]
fn definitions() -> Vec<Case> {
    vec![
        commit("a column of another type under the same version", COMMIT, cents::all())
            .answers(409, &["dataset `Spend`: `total.type` changes from `i64` to `f64`", "write version = 2"]),
        commit("a version that nothing downstream follows", COMMIT, kept_longer::all())
            .answers(409, &["dataset `Spend`: it is made of `Order`, whose version goes from 1 to 2"]),
        commit("the same, by one who leaves out what is downstream", INCREMENT, request(fennel::entities![kept_longer::Order]))
            .answers(409, &["dataset `Spend`: it is made of `Order`"]),
        commit("a feature that is left out", COMMIT, feature_left_out::all())
            .answers(409, &["`UserFeatures.total`"]),
        commit("a deletion of what something live is made of", COMMIT, order_deleted::all())
            .answers(400, &["it takes dataset `Order`, which is marked deleted"]),
        commit("a deletion of what a feature reads", COMMIT, spend_deleted::all())
            .answers(400, &["it reads dataset `Spend`, which is marked deleted"]),
        commit("a deletion by a commit that says nothing of its reader", INCREMENT, request(fennel::entities![spend_deleted::Order, spend_deleted::Spend]))
            .answers(400, &["`UserFeatures.total`"]),
        commit("a name twice", INCREMENT, twice(|_| {}))
            .answers(400, &["Order"]),
        commit("a name twice, with different content", INCREMENT, twice(|dataset| dataset.version = 2))
            .answers(400, &["Order"]),
        commit("a name that differs from a live one in case alone is another one", PREVIEW, renamed("order"))
            .answers(200, &["dataset `order`: created"]),
        commit("a name with a line break", INCREMENT, renamed("Order\n"))
            .answers(400, &["name"]),
        commit("a name of a megabyte, which is not repeated in full", INCREMENT, renamed(&"a".repeat(1 << 20)))
            .answers(400, &["dataset `aaaa", "aaaa .."]),
        commit("no name", INCREMENT, renamed(""))
            .answers(400, &["name"]),
        commit("10,000 entities in one commit", PREVIEW, many("Order0"))
            .answers(200, &["dataset `Order9999`: created"]),
        commit("10,000 entities, of which one is wrong", INCREMENT, many("Order 0"))
            .answers(400, &["Order 0"]),
    ]
}

#[rustfmt::skip]
fn callers() -> Vec<Case> {
    vec![
        commit("one who would overwrite what it may not see", COMMIT, first::all()).by("{writer}")
            .answers(403, &["doesn't have `read_definitions` on branch `main`", "commit your own incrementally"]),
        commit("one who would leave out what it may not see", COMMIT, Vec::new()).by("{writer}")
            .answers(403, &["doesn't have `read_definitions` on branch `main`"]),
        commit("one who would overwrite incrementally what it may not see", INCREMENT, request(fennel::entities![kept_longer::Order])).by("{writer}")
            .answers(403, &["doesn't have `read_definitions` on branch `main`"]),
        commit("one who takes away a tag that it may not write", COMMIT, first::all()).by("{colleague}")
            .answers(403, &["doesn't have `write_definitions` on branch `main` for what carries the tag `PII`"]),
        commit("one who reads and would commit", INCREMENT, request(fennel::entities![first::Order])).by("{reader}")
            .answers(403, &["doesn't have `write_definitions` on branch `main`"]),
        commit("one who logs rows and would preview", PREVIEW, request(fennel::entities![first::Order])).by("{producer}")
            .answers(403, &["doesn't have `read_definitions` on branch `main`"]),
        commit("one who left", INCREMENT, request(fennel::entities![first::Order])).by("{leaver}")
            .answers(401, &["revoked"]),
        commit("one who left, by whose clock that is to come", INCREMENT, request(fennel::entities![first::Order])).by("{leaver}").headers(&[("date", "Thu, 01 Jan 1970 00:00:00 GMT")])
            .answers(401, &["revoked"]),
        commit("one whose token is over, by whose clock it is not", INCREMENT, request(fennel::entities![first::Order])).by("{rotated}").headers(&[("date", "Thu, 01 Jan 1970 00:00:00 GMT")])
            .answers(401, &["expired"]),
        commit("one whose clock is a thousand years ahead", PREVIEW, tagged::all()).by("{deployer}").headers(&[("date", "Sun, 01 Jan 3026 00:00:00 GMT")])
            .answers(200, &["\"changed\":false"]),
    ]
}

fn edited(edit: impl FnOnce(&mut SyncRequest)) -> Vec<u8> {
    let order = request(fennel::entities![first::Order]);
    let mut request = SyncRequest::decode(&*order).expect("it was encoded just now");
    edit(&mut request);
    request.encode_to_vec()
}

fn with_message(bytes: usize) -> Vec<u8> {
    edited(|request| request.message = "m".repeat(bytes))
}

/// `Order` under another name.
fn renamed(name: &str) -> Vec<u8> {
    edited(|request| rename(request, 0, name))
}

/// `Order` twice, once as `edit` makes it.
fn twice(edit: impl FnOnce(&mut fennel_core::wire::proto::dataset::CoreDataset)) -> Vec<u8> {
    edited(|request| {
        let mut again = request.datasets[0].clone();
        edit(&mut again);
        request.datasets.push(again);
    })
}

/// `Order` under very many names, of which that is the first.
fn many(first: &str) -> Vec<u8> {
    edited(|request| {
        let (dataset, source) = (request.datasets[0].clone(), request.sources[0].clone());
        request.datasets = vec![dataset; MANY];
        request.sources = vec![source; MANY];
        for i in 0..MANY {
            rename(request, i, &format!("Order{i}"));
        }
        rename(request, 0, first);
    })
}

fn rename(request: &mut SyncRequest, i: usize, name: &str) {
    name.clone_into(&mut request.datasets[i].name);
    name.clone_into(&mut request.sources[i].dataset);
}
