//! Values as words: on one line, harmless to a terminal, short, and with the
//! place where two of them differ in sight.

use serde_json::Value;

/// Longest value that is shown whole, in characters.
const LONGEST: usize = 96;

/// What is kept of equal text on either side of a differing region.
const CONTEXT: usize = 24;

/// The text with line breaks, control and direction characters written out.
pub(crate) fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{200e}'
            | '\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
            | '\u{2028}'
            | '\u{2029}' => {
                out.extend(character.escape_unicode());
            }
            other if other.is_control() => out.extend(other.escape_unicode()),
            other => out.push(other),
        }
    }
    out
}

/// A value on one line, whole.
fn full(value: &Value) -> String {
    match value {
        Value::String(text) if text.is_empty() => "\"\"".to_owned(),
        Value::String(text) => visible(text),
        other => visible(&other.to_string()),
    }
}

/// A value on one line, long ones without their middle.
pub(crate) fn in_words(value: &Value) -> String {
    without_middle(&full(value).chars().collect::<Vec<_>>())
}

/// Whether a value is too long for `old → new` on one line.
pub(super) fn is_long(value: &Value) -> bool {
    const SHORT: usize = 40;
    full(value).chars().count() > SHORT
}

/// Two values that differ, each on one line: with quotes where only the type
/// tells them apart, long ones cut to where they differ.
pub(crate) fn pair_in_words(old: &Value, new: &Value) -> (String, String) {
    let (mut left, mut right) = (full(old), full(new));
    if left == right && old != new {
        (left, right) = (old.to_string(), new.to_string());
    }
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let start = left.iter().zip(&right).take_while(|(a, b)| a == b).count();
    let end = left[start..].iter().rev().zip(right[start..].iter().rev()).take_while(|(a, b)| a == b).count();
    (around(&left, start, end), around(&right, start, end))
}

/// The text from shortly before its differing region to shortly after it.
fn around(text: &[char], start: usize, end: usize) -> String {
    if text.len() <= LONGEST {
        return text.iter().collect();
    }
    // Cutting a few characters only would tell less than the mark that stands for them.
    let from = if start > CONTEXT + 3 { start - CONTEXT } else { 0 };
    let to = if end > CONTEXT + 3 { text.len() - end + CONTEXT } else { text.len() };
    let mark = |is_cut: bool| if is_cut { "…" } else { "" };
    format!("{}{}{}", mark(from > 0), without_middle(&text[from..to]), mark(to < text.len()))
}

fn without_middle(text: &[char]) -> String {
    if text.len() <= LONGEST {
        return text.iter().collect();
    }
    let half = (LONGEST - 3) / 2;
    let (head, tail) = (&text[..half], &text[text.len() - half..]);
    format!("{} … {}", head.iter().collect::<String>(), tail.iter().collect::<String>())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_one_harmless_line() {
        let cases = [
            (json!("plain"), "plain"),
            (json!(""), "\"\""),
            (json!("a\r\nb\u{1b}[31m\u{202e}"), "a\\r\\nb\\u{1b}[31m\\u{202e}"),
            (json!({"a": ["1", 2]}), r#"{"a":["1",2]}"#),
        ];
        for (value, words) in cases {
            assert_eq!(in_words(&value), words);
        }
    }

    #[test]
    fn the_difference_of_long_values_stays_in_sight() {
        let long = |middle: &str| json!(format!("{}{middle}{}", "a".repeat(80), "z".repeat(80)));
        let (old, new) = pair_in_words(&long("-t25"), &long("-t20"));
        assert_eq!(old, format!("…{}-t25{}…", "a".repeat(21), "z".repeat(24)));
        assert!(new.contains("-t20") && new.chars().count() < 60);
        let (old, new) = pair_in_words(&json!("x".repeat(500)), &json!("y".repeat(500)));
        assert!(old.chars().count() <= 96 && new.contains(" … "));
    }

    #[test]
    fn types_are_told_apart() {
        assert_eq!(pair_in_words(&json!("3"), &json!(3)), ("\"3\"".to_owned(), "3".to_owned()));
    }
}
