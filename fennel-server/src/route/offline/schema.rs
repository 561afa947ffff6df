//! What the calls of offline queries take and answer, for their description.

use crate::openapi::Schema;

pub(super) fn request() -> Schema {
    let names = || Schema::list(Schema::text().example("Fs.feature"));
    let csv = Schema::object([]).optional([
        ("delimiter", Schema::count().at_most(127).default(44)),
        ("headers", Schema::list(Schema::text()).or_null()),
    ]);
    let format = || {
        let words = Schema::words(["csv", "json", "parquet"]);
        Schema::either([words, Schema::object([("csv", csv.clone())])])
    };
    let map = || Schema::map(Schema::text()).or_null();
    let keys = Schema::object([
        ("access_key", Schema::text()),
        ("secret_key", Schema::text()),
    ]);
    let s3 = Schema::object([]).optional([
        ("creds", keys.or_null()),
        ("role_arn", Schema::text().or_null()),
    ]);
    let db = Schema::object([("db", Schema::object([("S3", s3)]))])
        .optional([("name", Schema::text().or_null())]);
    let table = Schema::object([
        ("bucket", Schema::text()),
        ("path_prefix", Schema::text()),
        ("format", format()),
    ])
    .optional([("pre_sorted", Schema::boolean()), ("db", db.or_null())]);
    let objects = Schema::object([("s3_table", table.clone())]).optional([
        ("compression", Schema::text().or_null()),
        ("feature_to_column_map", map()),
    ]);
    let files = Schema::object([("path", Schema::text()), ("format", format())])
        .optional([("feature_to_column_map", map())]);
    let logged = Schema::object([]).optional([
        ("workflow", Schema::text().default("default")),
        ("from", Schema::text().or_null()),
        ("to", Schema::text().or_null()),
    ]);
    let frame = Schema::map(Schema::list(Schema::any())).about("Values by column.");
    Schema::object([
        ("input_features", names()),
        ("output_features", names()),
        ("timestamp_column", Schema::text()),
        (
            "input",
            Schema::either([
                Schema::object([("Pandas", frame)]),
                Schema::object([("File", files)]),
                Schema::object([("S3", objects)]),
                Schema::object([("Logged", logged)]),
            ]),
        ),
    ])
    .optional([
        (
            "output",
            Schema::text()
                .or_null()
                .about("A file of the server's machine, as a URL."),
        ),
        ("s3_output", table.or_null()),
        ("workflow", Schema::text().or_null()),
        ("use_v2", Schema::boolean().or_null()),
        ("num_dpus", Schema::count().or_null()),
    ])
}

pub(super) fn status() -> Schema {
    let rate = || Schema::number().about("From 0 to 1.");
    let failure = Schema::object([("row", Schema::count()), ("reason", Schema::text())])
        .optional([("file", Schema::text()), ("line", Schema::count())]);
    Schema::object([
        ("request_id", Schema::text()),
        (
            "status",
            Schema::words(["pending", "running", "completed", "failed", "cancelled"]),
        ),
        ("completion_rate", rate()),
        ("failure_rate", rate()),
        ("output_bucket", Schema::text().or_null()),
        ("output_prefix", Schema::text().or_null()),
        ("output", Schema::text().about("Where the output goes.")),
        (
            "rows",
            Schema::count().or_null().about("Once they are counted."),
        ),
        ("rows_done", Schema::count()),
        ("rows_failed", Schema::count()),
        (
            "failures",
            Schema::list(failure).about("The first failed rows."),
        ),
        ("error", Schema::text().or_null()),
        ("workflow", Schema::text().or_null()),
    ])
}
