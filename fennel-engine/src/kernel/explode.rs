//! Rows of the elements of lists.

use fennel_core::value::Value;

use super::group::bytes_of;
use super::rows::RowStep;
use super::{Changes, Failure, Pass, Row};

/// About the bytes of the rows that are made of one, at most.
const MOST_BYTES: usize = 64 << 20;

impl RowStep {
    /// A row for each element of the lists of rows, which are those of a stream.
    pub(super) fn exploded(
        &self,
        positions: &[usize],
        changes: Changes,
        pass: &mut Pass<'_>,
    ) -> Changes {
        let rows = changes.removed.iter().chain(&changes.added);
        let bytes = rows.map(|row| Explosion::new(positions, row).bytes());
        // What is too much of one row isn't made at all.
        let bytes = bytes.filter(|bytes| *bytes <= MOST_BYTES).sum();
        if !pass.state.makes(bytes) {
            return Changes::default();
        }
        let explode = |rows: Vec<Row>, failures: &mut Vec<Failure>| {
            let rows = rows.into_iter();
            rows.flat_map(|row| self.explode(positions, row, failures))
                .collect()
        };
        Changes {
            removed: explode(changes.removed, &mut Vec::new()),
            added: explode(changes.added, pass.failures),
            moved: Vec::new(),
        }
    }

    fn explode(
        &self,
        positions: &[usize],
        mut row: Row,
        failures: &mut Vec<Failure>,
    ) -> impl Iterator<Item = Row> + use<> {
        let explosion = Explosion::new(positions, &row);
        let name = |i: usize| self.input.columns.get(i).map_or("", |(name, _)| name);
        let lens = positions.iter().zip(&explosion.lens);
        let reason = if explosion.lens.iter().any(|len| *len != explosion.len()) {
            let lens = lens.map(|(i, len)| format!("`{}` has {len}", name(*i)));
            let lens = lens.collect::<Vec<_>>().join(", ");
            Some(format!(
                "lists that are exploded together are of one length, and {lens}"
            ))
        } else {
            (explosion.bytes() > MOST_BYTES).then(|| format!(
                "a row for each of its {} elements takes {} bytes with the other columns, and {MOST_BYTES} are the most: leave out columns before, or make the list shorter",
                explosion.len(), explosion.bytes()
            ))
        };
        let len = match reason {
            None => explosion.len().max(1),
            Some(reason) => {
                failures.push(self.failure(&row, reason));
                0
            }
        };
        // The lists leave the row, which is copied for each element.
        let lists = positions.iter().filter_map(|i| {
            let list = std::mem::replace(row.values.get_mut(*i)?, Value::Null);
            let elements = match list {
                Value::List(elements) => elements,
                _ => Vec::new(),
            };
            Some((*i, elements.into_iter()))
        });
        let mut lists: Vec<_> = lists.collect();
        (0..len).map(move |element| {
            let mut exploded = row.clone();
            // Ids compare as the elements stand.
            exploded.id = [row.id.as_ref(), &(element as u32).to_be_bytes()]
                .concat()
                .into();
            for (i, elements) in &mut lists {
                if let (Some(value), Some(element)) = (exploded.values.get_mut(*i), elements.next())
                {
                    *value = element;
                }
            }
            exploded
        })
    }
}

/// What it comes to that the lists of a row become rows.
struct Explosion {
    /// How many elements each list has.
    lens: Vec<usize>,
    /// The bytes of all lists, and of the other columns.
    lists: usize,
    others: usize,
}

impl Explosion {
    fn new(positions: &[usize], row: &Row) -> Self {
        let list = |i: &usize| match row.values.get(*i) {
            Some(Value::List(elements)) => elements.as_slice(),
            _ => &[],
        };
        let others = row.values.iter().enumerate();
        let others = others.filter(|(i, _)| !positions.contains(i));
        Self {
            lens: positions.iter().map(|i| list(i).len()).collect(),
            lists: positions.iter().map(|i| bytes_of(list(i).iter())).sum(),
            others: bytes_of(others.map(|(_, value)| value)) + size_of::<Row>(),
        }
    }

    fn len(&self) -> usize {
        self.lens.first().copied().unwrap_or(0)
    }

    /// About the bytes of the rows that it makes.
    fn bytes(&self) -> usize {
        self.lists + self.len().max(1).saturating_mul(self.others)
    }
}
