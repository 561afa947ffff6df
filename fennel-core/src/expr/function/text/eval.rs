//! Functions of texts over columns.

use std::sync::Arc;

use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::{ArrayRef, BooleanArray, Int64Array, StringArray};
use arrow_schema::DataType;
use chrono::NaiveDate;
use chrono::format::{Item, ParseErrorKind, Parsed, StrftimeItems};
use chrono_tz::Tz;

use super::Function;
use super::json::decode;
use crate::column;
use crate::expr::Expr;
use crate::expr::eval::{Compiler, Failures, Inputs, Node, call, coerced, shape};
use crate::expr::function::Call;
use crate::expr::function::json_path::Path;
use crate::expr::function::zone::{self, instant_of};
use crate::message::Message;
use crate::time::Timestamp;
use crate::ty::Computed;
use crate::value::{Shape, Value};

impl Function {
    /// The node of a call.
    pub(in crate::expr::function) fn compile<'a>(
        self,
        written: &Call<'_, 'a>,
        _: Computed<'a>,
        compiler: &mut Compiler<'_, 'a>,
    ) -> Result<Node, Message> {
        let signature = self.signature();
        let operand = written.compile_operand(compiler)?;
        let operand = coerced(operand, Computed::STRING)?;
        let text = |i| written.text(&signature, i).unwrap_or_default().to_owned();
        Ok(match self {
            Function::Lower => call([operand], |inputs, _| mapped(inputs, str::to_lowercase)),
            Function::Upper => call([operand], |inputs, _| mapped(inputs, str::to_uppercase)),
            Function::Len => call([operand], |inputs, _| {
                let texts = inputs.texts(0);
                let lengths = (0..inputs.rows).map(|row| {
                    let length = texts.get(row)?.chars().count();
                    i64::try_from(length).ok()
                });
                Arc::new(lengths.collect::<Int64Array>())
            }),
            Function::Contains | Function::StartsWith | Function::EndsWith | Function::Concat => {
                let argument = written.compile_required(&signature, 0, compiler)?;
                let nodes = [operand, coerced(argument, Computed::STRING)?];
                match self {
                    Function::Concat => call(nodes, |inputs, _| concat(inputs)),
                    Function::StartsWith => {
                        call(nodes, |inputs, _| tested(inputs, |a, b| a.starts_with(b)))
                    }
                    Function::EndsWith => {
                        call(nodes, |inputs, _| tested(inputs, |a, b| a.ends_with(b)))
                    }
                    _ => call(nodes, |inputs, _| tested(inputs, |a, b| a.contains(b))),
                }
            }
            Function::Split => {
                let separator = text(0);
                call([operand], move |inputs, _| split(inputs, &separator))
            }
            Function::JsonExtract => {
                let path = Path::new(&text(0))?;
                call([operand], move |inputs, _| {
                    let texts = inputs.texts(0);
                    let found = (0..inputs.rows).map(|row| path.extract(texts.get(row)?));
                    Arc::new(found.collect::<StringArray>())
                })
            }
            Function::Parse => {
                let Some((_, Expr::Type(ty))) = written.argument(&signature, 0) else {
                    return Err(signature.missing(crate::expr::function::call::TYPE));
                };
                let shape = shape(Computed::of(&ty))?;
                call([operand], move |inputs, failures| {
                    parse(inputs, &shape, failures)
                })
            }
            Function::Strptime => {
                let format = Format::new(&text(0), written.text(&signature, 1))?;
                call([operand], move |inputs, failures| {
                    let texts = inputs.texts(0);
                    column::instants((0..inputs.rows).map(|row| {
                        let instant = format.read(texts.get(row)?);
                        let instant = instant.map_err(|why| failures.add(row, why));
                        instant.ok().map(Timestamp::micros)
                    }))
                })
            }
        })
    }
}

fn mapped(inputs: &Inputs<'_>, function: impl Fn(&str) -> String) -> ArrayRef {
    let texts = inputs.texts(0);
    let made = (0..inputs.rows).map(|row| texts.get(row).map(&function));
    Arc::new(made.collect::<StringArray>())
}

fn tested(inputs: &Inputs<'_>, test: impl Fn(&str, &str) -> bool) -> ArrayRef {
    let (a, b) = (inputs.texts(0), inputs.texts(1));
    let made = (0..inputs.rows).map(|row| Some(test(a.get(row)?, b.get(row)?)));
    Arc::new(made.collect::<BooleanArray>())
}

fn concat(inputs: &Inputs<'_>) -> ArrayRef {
    let (a, b) = (inputs.texts(0), inputs.texts(1));
    let made = (0..inputs.rows).map(|row| Some([a.get(row)?, b.get(row)?].concat()));
    Arc::new(made.collect::<StringArray>())
}

fn split(inputs: &Inputs<'_>, separator: &str) -> ArrayRef {
    let texts = inputs.texts(0);
    let mut lists = ListBuilder::new(StringBuilder::new()).with_field(column::item(DataType::Utf8));
    for row in 0..inputs.rows {
        let Some(text) = texts.get(row) else {
            lists.append_null();
            continue;
        };
        if separator.is_empty() {
            let mut letter = [0; 4];
            for char in text.chars() {
                lists.values().append_value(char.encode_utf8(&mut letter));
            }
        } else {
            for piece in text.split(separator) {
                lists.values().append_value(piece);
            }
        }
        lists.append(true);
    }
    Arc::new(lists.finish())
}

/// What the texts are the JSON of: null where that is of another type.
fn parse(inputs: &Inputs<'_>, shape: &Shape, failures: &mut Failures) -> ArrayRef {
    let texts = inputs.texts(0);
    let values = (0..inputs.rows).map(|row| {
        let Some(text) = texts.get(row) else {
            return Value::Null;
        };
        match serde_json::from_str(text) {
            Ok(json) => decode(shape, &json),
            Err(_) => {
                let text = Value::String(text.into());
                failures.add(row, format!("{text} is no JSON"));
                Value::Null
            }
        }
    });
    let values: Vec<Value> = values.collect();
    column::array(shape, values.iter())
}

/// A format of `strptime`, taken apart.
struct Format {
    items: Vec<Item<'static>>,
    written: String,
    zone: Tz,
}

impl Format {
    fn new(format: &str, zone: Option<&str>) -> Result<Format, Message> {
        Ok(Format {
            items: StrftimeItems::new(format).map(Item::to_owned).collect(),
            written: format.into(),
            zone: zone::find(zone.unwrap_or(zone::UTC))?,
        })
    }

    /// The instant that a text says.
    fn read(&self, text: &str) -> Result<Timestamp, String> {
        let mut parsed = Parsed::new();
        let unlike = |_| {
            let text = Value::String(text.into());
            format!("{text} is not written as {:?}", self.written)
        };
        chrono::format::parse(&mut parsed, text, self.items.iter()).map_err(unlike)?;
        let offset = parsed.offset();
        let local = parsed.to_naive_datetime_with_offset(offset.unwrap_or(0));
        let local = match local {
            Err(error) if error.kind() == ParseErrorKind::NotEnough => {
                completed(&mut parsed).map_err(unlike)?
            }
            local => local.map_err(unlike)?,
        };
        match offset {
            None => instant_of(local, self.zone),
            Some(seconds) => local
                .checked_sub_signed(chrono::TimeDelta::seconds(seconds.into()))
                .and_then(|utc| Timestamp::from_datetime(&utc.and_utc()))
                .ok_or_else(|| format!("{text:?} is outside the years 1 to 9999")),
        }
    }
}

/// What was read, with the rest from midnight of the first day of year 1.
fn completed(parsed: &mut Parsed) -> Result<chrono::NaiveDateTime, chrono::ParseError> {
    let date = match parsed.to_naive_date() {
        Err(error) if error.kind() == ParseErrorKind::NotEnough => {
            if parsed.year().is_none() {
                parsed.set_year(1)?;
            }
            if parsed.month().is_none() {
                parsed.set_month(1)?;
            }
            if parsed.day().is_none() {
                parsed.set_day(1)?;
            }
            parsed.to_naive_date()?
        }
        date => date?,
    };
    if parsed.hour_div_12().is_none() && parsed.hour_mod_12().is_none() {
        parsed.set_hour(0)?;
    }
    if parsed.minute().is_none() {
        parsed.set_minute(0)?;
    }
    Ok(NaiveDate::and_time(&date, parsed.to_naive_time()?))
}
