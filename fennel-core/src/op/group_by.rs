//! `group_by`: what `aggregate`, `first` and `latest` follow.

use super::{Args, Columns, keyless};
use crate::flow::{Flow, Mistakes};
use crate::message::Message;
use crate::schema::{Role, Schema};
use crate::ty::Type;
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
        by.check(&mut self.mistakes);
        if by.is_empty() {
            self.mistakes.push(
                args.site,
                Message::new("`group_by` needs at least one column"),
            );
        }
        let mut window = None;
        if let Some((site, value)) = args.named("window") {
            match Window::read(&value) {
                Ok(read) => {
                    match read {
                        Window::Forever
                        | Window::Continuous(_)
                        | Window::Hopping { duration: None, .. } => {
                            self.mistakes.push(
                                site,
                                Message::new("the window of a group ends: `tumbling(\"1h\")`, `hopping(\"1d\", \"1h\")` or `session(\"15m\")`"),
                            );
                        }
                        _ => {}
                    }
                    if self.schema.keys() > 0 {
                        keyless(
                            "group_by with a window",
                            &self.schema,
                            args.site,
                            &mut self.mistakes,
                        );
                    }
                    window = Some(read);
                }
                Err(fault) => self.mistakes.push(site + fault.at as u32, fault.message),
            }
        }
        let mut i = 0;
        while i < by.len() {
            check_group(&self.schema, &by, i, &mut self.mistakes);
            i += 1;
        }
        Grouped {
            flow: self,
            by,
            window,
        }
    }
}

/// Notes that rows can't be grouped by the `i`th column.
const fn check_group(schema: &Schema<'_>, by: &Columns<'_>, i: usize, mistakes: &mut Mistakes) {
    let (name, site) = (by.get(i), by.site_of(i));
    if name.is_empty() {
        return;
    }
    let Some(column) = schema.column(name) else {
        mistakes.push(site, schema.no_column(name));
        return;
    };
    if let Some(Role::Timestamp) = schema.role(name) {
        mistakes.push(
            site,
            Message::new("")
                .name(name)
                .text(" is the event time: rows can't be grouped by it"),
        );
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
    } else if let Some(ty) = column.ty.as_scalar()
        && !ty.can_be_key()
        && !matches!(ty, Type::Record(_))
    {
        mistakes.push(
            site,
            Message::new("")
                .name(name)
                .text(" is ")
                .computed(&column.ty)
                .text(", which can't be a key"),
        );
    }
}

/// Makes the groups' columns the key and removes all others; with `window` a last key of that name.
pub(super) const fn regroup<'a>(
    schema: &mut Schema<'a>,
    by: &Columns<'a>,
    window: bool,
    mistakes: &mut Mistakes,
) {
    let mut grouped = schema.empty();
    let mut i = 0;
    while i < by.len() {
        check_group(schema, by, i, mistakes);
        if let Some(column) = schema.column(by.get(i)) {
            grouped.push_key(column.name, column.ty);
        }
        i += 1;
    }
    if window {
        grouped.push_key("window", crate::ty::Computed::WINDOW);
    }
    *schema = grouped;
}
