//! What rustc says about mistakes, and that correct definitions compile.
//!
//! The wording of rustc's part changes between releases, so the messages are compared on the
//! pinned toolchain alone.

#[test]
fn definitions_compile_or_say_why_not() {
    let tests = trybuild::TestCases::new();
    for attribute in ["dataset", "featureset", "source", "record"] {
        tests.pass(format!("ui/{attribute}/pass/*.rs"));
        tests.compile_fail(format!("ui/{attribute}/fail/*.rs"));
    }
}
