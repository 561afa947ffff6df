//! Sinks as messages, and back.

use super::Decoded;
use super::decode::Decoder;
use super::source::{cdc, read_cdc};
use super::time::{read_duration, read_timestamp, write_duration, write_timestamp};
use crate::connector::{SinkKind, Variables};
use crate::entity::{Dataset, Env, How, Kind, Sink};
use crate::wire::proto::connector::{
    self as proto, Incremental, Recreate, SnapshotData, Style, style,
};

/// The sink as a message.
pub(super) fn write(dataset: &Dataset<'_>, sink: &Sink<'_>, variables: &Variables) -> proto::Sink {
    let how = sink.how.map(|how| match how {
        How::Incremental => style::Style::Incremental(Incremental {}),
        How::Recreate => style::Style::Recreate(Recreate {}),
        How::Snapshot { marker, retain } => style::Style::Snapshot(SnapshotData {
            marker: marker.into(),
            num_retain: retain,
        }),
    });
    proto::Sink {
        table: Some(sink.connector.table(variables)),
        dataset: dataset.name.into(),
        ds_version: dataset.version,
        cdc: sink.cdc.map(|strategy| cdc(strategy).into()),
        every: sink.every.map(write_duration),
        how: how.map(|style| Style { style: Some(style) }),
        create: matches!(sink.connector.sink(), SinkKind::Batches),
        renames: sink
            .renames
            .iter()
            .map(|(column, name)| ((*column).into(), (*name).into()))
            .collect(),
        since: sink.since.map(write_timestamp),
        until: sink.until.map(write_timestamp),
        stacked: None,
    }
}

impl<'a> Decoder<'a, '_> {
    /// The sinks of a dataset.
    pub(super) fn sinks(&mut self, sinks: Vec<&proto::Sink>) -> &'a [Sink<'a>] {
        let sinks = sinks.into_iter().filter_map(|sink| {
            let read = self.sink(sink);
            self.or_problem(read, Kind::Dataset, &sink.dataset, "sink")
        });
        let sinks: Vec<_> = sinks.collect();
        self.arena.slice(&sinks)
    }

    fn sink(&self, sink: &proto::Sink) -> Decoded<Sink<'a>> {
        let style = sink.how.as_ref().and_then(|how| how.style.as_ref());
        let how = style.map(|style| match style {
            style::Style::Incremental(_) => How::Incremental,
            style::Style::Recreate(_) => How::Recreate,
            style::Style::Snapshot(data) => How::Snapshot {
                marker: self.arena.text(&data.marker),
                retain: data.num_retain,
            },
        });
        let renames: Vec<_> = sink
            .renames
            .iter()
            .map(|(column, name)| (self.arena.text(column), self.arena.text(name)))
            .collect();
        Ok(Sink {
            connector: self.connector(sink.table.as_ref(), None)?,
            cdc: sink.cdc.map(read_cdc).transpose()?,
            every: read_duration(sink.every.as_ref())?,
            how,
            renames: self.arena.slice(&renames),
            since: sink.since.as_ref().map(read_timestamp).transpose()?,
            until: sink.until.as_ref().map(read_timestamp).transpose()?,
            env: Env::ANY,
        })
    }
}
