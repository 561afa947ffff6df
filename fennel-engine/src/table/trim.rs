//! Removing rows of tables that are older than their history.

use std::ops::Bound;

use super::{Kind, Table, key};
use crate::error::Result;
use crate::kernel::{OPEN, Swept};
use crate::state::{Side, State};
use crate::store::{Bytes, prefix_end};

/// What of a table goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trim {
    /// What holds then, or comes later, stays.
    pub(crate) point: i64,
    /// How many more versions of each key stay.
    pub(crate) spare: usize,
    /// How much is looked at and removed, about.
    pub(crate) limit: usize,
}

impl Table {
    /// Removes some of what had ended at a point, from `from` on; of a table that keeps rows.
    pub(crate) fn trim(
        &self,
        state: &mut State,
        trim: Trim,
        from: Option<&Bytes>,
    ) -> Result<Swept> {
        if !self.is_keyed() {
            return self.trim_stream(state, trim, from);
        }
        let prefix = self.rows_prefix();
        let mut swept = Swept {
            next: Some(from.cloned().unwrap_or_else(|| prefix[..].into())),
            ..Swept::default()
        };
        while let Some(next) = &swept.next
            && swept.groups + swept.gone < trim.limit
        {
            let first = state.scan_from(Side::After, next, &prefix).next();
            let Some((first, _)) = first.transpose()? else {
                swept.next = None;
                break;
            };
            let key = [&prefix[..], &self.key_of(&first)?].concat();
            let left = trim.limit - swept.gone;
            let (gone, until) = match self.kind() {
                Kind::Upserts => self.replaced(state, &key, trim, left)?,
                _ => self.ended(state, &key, trim, left)?,
            };
            swept.until = swept.until.min(until);
            swept.groups += 1;
            swept.gone += gone.len();
            swept.next = match (gone.len() < left, prefix_end(&key)) {
                (false, _) => Some(key.as_slice().into()),
                (true, Bound::Excluded(end)) => Some(end),
                (true, _) => None,
            };
            if !gone.is_empty() {
                state.touch(&key);
            }
            gone.into_iter().for_each(|key| state.delete(key));
        }
        Ok(swept)
    }

    /// Rows without keys go by their event time.
    fn trim_stream(&self, state: &mut State, trim: Trim, from: Option<&Bytes>) -> Result<Swept> {
        let prefix = self.rows_prefix();
        let from = from.cloned().unwrap_or_else(|| prefix[..].into());
        let range = (Bound::Included(from), prefix_end(&prefix));
        let mut swept = Swept::default();
        let mut gone = Vec::new();
        for entry in state.scan(Side::After, range) {
            let (entry, _) = entry?;
            let time = entry
                .get(prefix.len()..)
                .and_then(|rest| rest.first_chunk::<8>());
            let time = key::from_ordered(*time.ok_or_else(|| self.corrupt())?);
            if time >= trim.point {
                swept.until = time;
                break;
            }
            if gone.len() == trim.limit {
                swept.next = Some(entry);
                break;
            }
            gone.push(entry);
        }
        swept.gone = gone.len();
        gone.into_iter().for_each(|key| state.delete(key));
        Ok(swept)
    }

    /// The entries of a key's rows that later ones had replaced, `limit` at most; and the instant that the point has to
    /// pass for others to go. That a key is gone is what it is, too: or it would be there again after a replay of
    /// what is left of the log. Of what says again and again that it is gone, the first tells when a version ended that
    /// is spared.
    fn replaced(
        &self,
        state: &State,
        key: &[u8],
        Trim { point, spare, .. }: Trim,
        limit: usize,
    ) -> Result<(Vec<Bytes>, i64)> {
        let at = [key, &key::ordered(point).map(|byte| !byte)].concat();
        let applied = state.applied(Side::After);
        let (mut gone, mut last, mut left) = (Vec::new(), None, spare);
        // What may be the first that says that the key is gone, of those behind a version.
        let mut ending = None;
        for entry in state.scan_from(Side::After, &at, key) {
            let (entry, value) = entry?;
            let (time, sequence) = self.place_of(&entry, key.len())?;
            if sequence >= applied {
                continue;
            }
            // Of one instant, the row that arrived last comes first, and counts.
            let is_kept = last.is_none();
            let goes = if last.replace(time) == Some(time) {
                Some(entry)
            } else if is_kept {
                None
            } else if left == 0 {
                Some(entry)
            } else if self.said(&value)?.is_some() {
                left -= 1;
                ending = None;
                None
            } else {
                ending.replace(entry)
            };
            if let Some(entry) = goes {
                if gone.len() == limit {
                    break;
                }
                gone.push(entry);
            }
        }
        let later = state.scan_back(Side::After, &at, key).next();
        let until = match later.transpose()? {
            Some((entry, _)) => self.place_of(&entry, key.len())?.0 - 1,
            None => OPEN,
        };
        Ok((gone, until))
    }

    /// The entries of a key's versions that had ended, `limit` at most; and the instant that the point has to pass for
    /// others to go.
    fn ended(
        &self,
        state: &State,
        key: &[u8],
        Trim { point, spare, .. }: Trim,
        limit: usize,
    ) -> Result<(Vec<Bytes>, i64)> {
        let at = [key, &key::ordered(point).map(|byte| !byte)].concat();
        let (mut gone, mut left) = (Vec::new(), spare);
        let mut until = OPEN;
        for entry in state.scan_from(Side::After, &at, key) {
            let (entry, value) = entry?;
            let end = value.first_chunk::<8>().ok_or_else(|| self.corrupt())?;
            let end = key::from_ordered(*end);
            if end > point {
                until = end - 1;
            } else if left > 0 {
                left -= 1;
            } else if gone.len() < limit {
                gone.push(entry);
            } else {
                break;
            }
        }
        if until == OPEN
            && let Some(later) = state.scan_back(Side::After, &at, key).next()
        {
            let later = later?.0;
            let time = later
                .get(key.len()..)
                .and_then(|rest| rest.first_chunk::<8>());
            let time = time.ok_or_else(|| self.corrupt())?;
            until = key::from_ordered(time.map(|byte| !byte));
        }
        Ok((gone, until))
    }
}
