//! What all lists have in common: filters, order, pages, the total.

use std::cmp::Ordering;

use chrono::{DateTime, NaiveDateTime, Utc};
use serde_json::Value;

use crate::answer::{Answer, Outcome, Refusal};
use crate::request::{Query, Request};
use crate::text::{field, whole, wildcard};

/// Answers a list in the order and the part that are asked for.
pub(super) fn page(request: &Request, mut items: Vec<Value>) -> Outcome {
    let query = &request.query;
    let limit = query.number("limit")?;
    let offset = query.number("offset")?.unwrap_or(0);
    let count = query.flag("includecount")?.unwrap_or(false);
    sort(&mut items, &query.list(&["sortby", "sortorders"]))?;
    let total = items.len();
    let limit = match limit {
        Some(0) if !count => usize::MAX,
        Some(limit) => limit,
        None => usize::MAX,
    };
    let part: Vec<Value> = items.into_iter().skip(offset).take(limit).collect();
    let mut answer = Answer::ok(&Value::Array(part));
    answer.total = count.then_some(total);
    Ok(answer)
}

/// Sorts by `name`, `name:desc`, several of them.
fn sort(items: &mut [Value], columns: &[&str]) -> Result<(), Refusal> {
    let mut orders = Vec::new();
    for column in columns {
        let (name, direction) = column.split_once(':').unwrap_or((column, "asc"));
        match direction.to_ascii_lowercase().as_str() {
            "asc" | "ascending" => orders.push((name, false)),
            "desc" | "descending" => orders.push((name, true)),
            _ => {
                return Err(Refusal::malformed(format!(
                    "The order '{column}' of sortBy is neither asc nor desc"
                )));
            }
        }
    }
    if !orders.is_empty() {
        items.sort_by(|a, b| {
            let compared = orders.iter().map(|(name, descending)| {
                let order = compare(column(a, name), column(b, name));
                if *descending { order.reverse() } else { order }
            });
            compared.fold(Ordering::Equal, Ordering::then)
        });
    }
    Ok(())
}

/// A column may be an object; then its name or description is meant.
fn column<'v>(item: &'v Value, name: &str) -> Option<&'v Value> {
    let value = field(item, name)?;
    match value {
        Value::Object(_) => {
            field(value, "name").or_else(|| field(value, "description")).or_else(|| field(value, "state"))
        }
        _ => Some(value),
    }
}

fn compare(a: Option<&Value>, b: Option<&Value>) -> Ordering {
    match (a, b) {
        (Some(Value::Number(a)), Some(Value::Number(b))) => {
            a.as_f64().partial_cmp(&b.as_f64()).unwrap_or(Ordering::Equal)
        }
        (Some(Value::String(a)), Some(Value::String(b))) => a.to_lowercase().cmp(&b.to_lowercase()),
        (a, b) => a.map(Value::to_string).cmp(&b.map(Value::to_string)),
    }
}

/// Whether a value is among those asked for, `*` and `?` allowed; nothing asked is everything.
pub(super) fn named(query: &Query, parameters: &[&str], value: &str) -> bool {
    let patterns = query.list(parameters);
    patterns.is_empty() || patterns.iter().any(|pattern| wildcard(pattern, value))
}

/// Whether a field of an item is among those asked for.
pub(super) fn selected(query: &Query, parameters: &[&str], item: &Value, path: &str) -> bool {
    let value = path.split('/').try_fold(item, |value, key| value.get(key));
    let text = match value {
        Some(Value::String(text)) => text.clone(),
        Some(value) if !value.is_null() => value.to_string(),
        _ => String::new(),
    };
    named(query, parameters, &text)
}

/// The id in a path.
pub(super) fn id(text: &str) -> Option<u32> {
    whole(&Value::from(text)).and_then(|id| u32::try_from(id).ok())
}

/// A moment as the vendor writes it.
pub(crate) fn stamp(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%dT%H:%M:%S%.6f0+00:00").to_string()
}

/// A moment of the daily, where there is one.
pub(super) fn moment(time: Option<NaiveDateTime>) -> Value {
    time.map_or(Value::Null, |time| Value::from(stamp(time.and_utc())))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_are_sorted_by_several_columns() {
        let mut items = vec![
            json!({"name": "b", "type": {"description": "UNIX"}}),
            json!({"name": "A", "type": {"description": "Windows"}}),
            json!({"name": "c", "type": {"description": "UNIX"}}),
        ];
        sort(&mut items, &["Type", "name:desc"]).unwrap();
        let names: Vec<&str> = items.iter().filter_map(|item| item["name"].as_str()).collect();
        assert_eq!(names, ["c", "b", "A"]);
        assert!(sort(&mut items, &["name:up"]).is_err());
    }

    #[test]
    fn moments_have_seven_digits_and_an_offset() {
        let time = DateTime::UNIX_EPOCH + chrono::TimeDelta::milliseconds(1500);
        assert_eq!(stamp(time), "1970-01-01T00:00:01.5000000+00:00");
    }
}
