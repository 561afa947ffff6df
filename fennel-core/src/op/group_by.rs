//! `group_by`: what `aggregate`, `first` and `latest` follow.

use super::{Args, Columns, keyless};
use crate::expr::Fault;
use crate::flow::{Flow, Mistakes};
use crate::message::{Check, Message};
use crate::schema::{Role, Schema};
use crate::time::Duration;
use crate::ty::{Computed, Type};
use crate::window::Window;

/// Rows in groups. It becomes rows again by [`Grouped::aggregate`], [`Grouped::first`] or
/// [`Grouped::latest`].
#[derive(Clone, Copy, Debug)]
pub struct Grouped<'a> {
    pub(super) flow: Flow<'a>,
    pub(super) by: Columns<'a>,
    pub(super) window: Option<Window>,
}

impl<'a> Flow<'a> {
    /// Puts rows into groups: `.group_by(uid)`, `.group_by(uid, window = tumbling("1h"))`.
    ///
    /// The columns become the key, with a window also a key column `window`. Windows of groups
    /// end: tumbling, hopping with a duration, session.
    #[must_use]
    pub const fn group_by(mut self, args: Args<'a>) -> Grouped<'a> {
        args.refuse_others(args.positional(), &[], &["window"], &mut self.mistakes);
        let by = args.columns();
        let mut window = None;
        if let Some((site, value)) = args.named("window") {
            let checked = match Window::read(&value) {
                Ok(read) => match check_window(&read) {
                    Ok(()) => Ok(read),
                    Err(message) => Err(Fault::new(message)),
                },
                Err(fault) => Err(fault),
            };
            window = Some(match checked {
                Ok(read) => read,
                Err(fault) => {
                    self.mistakes.push(site + fault.at as u32, fault.message);
                    // Any will do: it is there, and it is wrong.
                    Window::Session {
                        gap: Duration::from_micros(1),
                    }
                }
            });
        }
        check_groups(
            &mut self.schema,
            &by,
            window.is_some(),
            args.site,
            &mut self.mistakes,
        );
        Grouped {
            flow: self,
            by,
            window,
        }
    }
}

/// Checks that a group can have this window.
pub(super) const fn check_window(window: &Window) -> Check {
    match window {
        Window::Forever | Window::Continuous(_) | Window::Hopping { duration: None, .. } => {
            Err(Message::new(
                "the window of a group ends: `tumbling(\"1h\")`, `hopping(\"1d\", \"1h\")` or `session(\"15m\")`",
            ))
        }
        _ => Ok(()),
    }
}

/// Notes that rows can't be put into these groups.
const fn check_groups(
    schema: &mut Schema<'_>,
    by: &Columns<'_>,
    window: bool,
    site: u32,
    mistakes: &mut Mistakes,
) {
    if window && !schema.is_spoilt() {
        keyless("a `group_by` with a window", schema, site, mistakes);
    }
    if by.is_empty() && !schema.is_spoilt() {
        mistakes.push(site, Message::new("`group_by` needs at least one column"));
        schema.spoil();
    }
    by.check(mistakes);
    let mut i = 0;
    while i < by.len() {
        check_group(schema, by, i, mistakes);
        i += 1;
    }
}

/// Notes that rows can't be grouped by the `i`th column.
const fn check_group(schema: &mut Schema<'_>, by: &Columns<'_>, i: usize, mistakes: &mut Mistakes) {
    let (name, site) = (by.get(i), by.site_of(i));
    if name.is_empty() {
        schema.spoil();
        return;
    }
    let Some(column) = schema.column(name) else {
        schema.missing(name, site, mistakes);
        return;
    };
    if let Some(Role::Timestamp) = schema.role(name) {
        mistakes.push(
            site,
            Message::new("")
                .name(name)
                .text(" is the event time: rows can't be grouped by it"),
        );
        schema.spoil();
    } else if column.ty.is_optional() {
        mistakes.push(
            site,
            Message::new("")
                .name(name)
                .text(" is ")
                .computed(&column.ty)
                .text(", and a key is never null: drop these rows before, with `dropnull(")
                .text(name)
                .text(")`"),
        );
    } else if !can_be_key(&column.ty) {
        mistakes.push(
            site,
            Message::new("")
                .name(name)
                .text(" is ")
                .computed(&column.ty)
                .text(", which can't be a key"),
        );
        schema.spoil();
    }
}

/// Whether values can be a key; a window can, though no field can be declared a key of its type.
const fn can_be_key(ty: &Computed<'_>) -> bool {
    match ty.as_scalar() {
        Some(Type::Record(_)) => ty.is_hashable(),
        Some(scalar) => scalar.can_be_key(),
        None => ty.is_unknown() || ty.is_hashable(),
    }
}

/// Makes the groups' columns the key and removes all others; with `window` a last key of that name.
pub(super) const fn regroup<'a>(
    schema: &mut Schema<'a>,
    by: &Columns<'a>,
    window: bool,
    site: u32,
    mistakes: &mut Mistakes,
) {
    check_groups(schema, by, window, site, mistakes);
    let mut grouped = schema.empty();
    let mut i = 0;
    while i < by.len() {
        if let Some(Role::Key | Role::Value) = schema.role(by.get(i))
            && let Some(column) = schema.column(by.get(i))
            && grouped.position(column.name).is_none()
        {
            grouped.push_key(column.name, column.ty.required());
        }
        i += 1;
    }
    if window {
        grouped.push_key("window", Computed::WINDOW);
    }
    *schema = grouped;
}

/// `uid, window = tumbling("1h")`.
pub(super) fn group_args(by: &Columns<'_>, window: Option<Window>) -> String {
    let columns = (!by.is_empty()).then(|| by.to_string());
    let window = window.map(|window| format!("window = {window}"));
    let args: Vec<_> = columns.into_iter().chain(window).collect();
    args.join(", ")
}

/// The call that makes such groups.
pub(super) fn group_call(by: &Columns<'_>, window: Option<Window>) -> String {
    format!(".group_by({})", group_args(by, window))
}
