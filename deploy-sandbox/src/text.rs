//! Small readings of what clients send: wildcards, and numbers and booleans
//! that come as strings.

use chrono::NaiveDate;
use serde_json::Value;

/// Whether a text matches a pattern of `*` and `?`, in any case.
pub(crate) fn wildcard(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.to_lowercase().chars().collect();
    let text: Vec<char> = text.to_lowercase().chars().collect();
    let (mut p, mut t, mut retry) = (0, 0, None);
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                retry = Some((p, t));
                p += 1;
            }
            Some(&c) if c == '?' || c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match retry {
                Some((star, from)) => {
                    retry = Some((star, from + 1));
                    p = star + 1;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

/// A field by its name; another case will do.
pub(crate) fn field<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    let map = value.as_object()?;
    map.get(name)
        .or_else(|| map.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
        .filter(|value| !value.is_null())
}

/// A text; a number or boolean as it is written.
pub(crate) fn text(value: &Value, name: &str) -> Option<String> {
    match field(value, name)? {
        Value::String(text) => Some(text.clone()),
        other @ (Value::Number(_) | Value::Bool(_)) => Some(other.to_string()),
        _ => None,
    }
}

/// A text that is there and not empty, as it stands.
pub(crate) fn filled<'v>(value: &'v Value, name: &str) -> Option<&'v str> {
    value.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// A whole number, also in a string.
pub(crate) fn integer(value: &Value, name: &str) -> Option<i64> {
    whole(field(value, name)?)
}

/// A whole number, also in a string.
pub(crate) fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// A boolean, also as a string or a number.
pub(crate) fn boolean(value: &Value, name: &str) -> Option<bool> {
    match field(value, name)? {
        Value::Bool(value) => Some(*value),
        Value::Number(number) => Some(number.as_i64() != Some(0)),
        Value::String(text) => truth(text),
        _ => None,
    }
}

/// A boolean in text.
pub(crate) fn truth(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "1" | "y" | "yes" => Some(true),
        "false" | "0" | "n" | "no" | "" => Some(false),
        _ => None,
    }
}

/// The items of a list field.
pub(crate) fn items<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    field(value, name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A date as clients write it: `2026-11-20`, `2026/11/20`, or with a time behind it.
pub(crate) fn date(text: &str) -> Option<NaiveDate> {
    let day = text.trim().get(..10)?;
    NaiveDate::parse_from_str(&day.replace('/', "-"), "%Y-%m-%d").ok()
}

/// Minutes in `HH:MM`.
pub(crate) fn minutes(text: &str) -> Option<i64> {
    let (hours, rest) = text.trim().split_once(':')?;
    let minutes = rest.split(':').next()?;
    Some(hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn wildcards_match_whole_texts_in_any_case() {
        for (pattern, text, matches) in [
            ("*", "", true),
            ("pay*", "Payroll", true),
            ("*roll", "Payroll", true),
            ("p?y*l*", "Payroll", true),
            ("pay", "Payroll", false),
            ("*a*b*", "xxbxxa", false),
            ("a*b?c", "a--b--bxc", true),
            ("é*", "ÉTÉ", true),
        ] {
            assert_eq!(wildcard(pattern, text), matches, "{pattern} {text}");
        }
    }

    #[test]
    fn strings_stand_for_numbers_booleans_and_dates() {
        let body = json!({"Limit": "25", "hold": "TRUE", "on": 0, "name": 7, "gone": null});
        assert_eq!(integer(&body, "limit"), Some(25));
        assert_eq!(boolean(&body, "hold"), Some(true));
        assert_eq!(boolean(&body, "on"), Some(false));
        assert_eq!(text(&body, "name").as_deref(), Some("7"));
        assert_eq!(text(&body, "gone"), None);
        assert_eq!(date("2026/11/20"), date("2026-11-20T04:00:00Z"));
        assert_eq!(minutes("04:30"), Some(270));
        assert_eq!(minutes("noon"), None);
    }
}
