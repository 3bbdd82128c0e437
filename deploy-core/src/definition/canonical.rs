//! The canonical form: one definition, one sequence of bytes.
//!
//! Two-space JSON; `name` and `type` first, other keys sorted; sets sorted by
//! their key; LF; a newline at the end. Values are written as they were read:
//! `"3"` is not `3`, and `1.50` keeps its zero.

use std::cmp::Ordering;

use serde_json::Value;

use super::form::{Node, Order, Part, compare_items, part};

/// Names the rules above. Stored with every hash made of canonical bytes.
pub const CANONICAL_FORM: u32 = 1;

/// Sorts the sets of a definition, innermost first.
pub fn sort_sets(definition: &mut Value) {
    sort_sets_at(definition, Node::root());
}

/// Sorts the sets below one place of the form.
pub(crate) fn sort_sets_at(value: &mut Value, node: &Node) {
    match value {
        Value::Object(map) => {
            for (key, value) in map.iter_mut() {
                if value.is_array() || value.is_object() {
                    sort_sets_at(value, node.child(key));
                }
            }
        }
        Value::Array(items) => {
            for item in items.iter_mut() {
                if item.is_array() || item.is_object() {
                    sort_sets_at(item, node);
                }
            }
            if let Order::Set(key) = node.order()
                && !items.is_sorted_by(|a, b| compare_items(key, a, b).is_le())
            {
                items.sort_by(|a, b| compare_items(key, a, b));
            }
        }
        _ => {}
    }
}

/// The canonical bytes of a value whose sets are sorted ([`sort_sets`]).
pub fn write(value: &Value) -> Vec<u8> {
    let mut out = Vec::with_capacity(96 * 1024);
    write_to(&mut out, value);
    out
}

/// Appends the canonical bytes of a value whose sets are sorted.
pub(crate) fn write_to(out: &mut Vec<u8>, value: &Value) {
    write_value(out, value, 0);
    out.push(b'\n');
}

/// Whether two definitions in canonical bytes differ in nothing but their headers: where they are
/// from, and when they were exported. To be asked before they are read; `false` may be wrong.
pub fn is_same_but_header(one: &[u8], other: &[u8]) -> bool {
    lines_below_header(one).eq(lines_below_header(other))
}

fn lines_below_header(canonical: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut in_header = false;
    canonical.split(|byte| *byte == b'\n').filter(move |line| {
        // Text holds no line break, and only keys at the top stand behind two blanks.
        if let Some(rest) = line.strip_prefix(b"  \"") {
            let key = rest.split(|byte| *byte == b'"').next().and_then(|key| str::from_utf8(key).ok());
            in_header = key.is_some_and(|key| part(key) == Part::Header);
        }
        !in_header
    })
}

/// The order of keys in an object: `name`, `type`, then by their bytes.
fn compare_keys(a: &str, b: &str) -> Ordering {
    let rank = |key: &str| match key {
        "name" => 0u8,
        "type" => 1,
        _ => 2,
    };
    rank(a).cmp(&rank(b)).then_with(|| a.cmp(b))
}

fn write_value(out: &mut Vec<u8>, value: &Value, depth: usize) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(number) => out.extend_from_slice(number.as_str().as_bytes()),
        Value::String(text) => write_string(out, text),
        Value::Array(items) if items.is_empty() => out.extend_from_slice(b"[]"),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                out.push(if index == 0 { b'[' } else { b',' });
                new_line(out, depth + 1);
                write_value(out, item, depth + 1);
            }
            new_line(out, depth);
            out.push(b']');
        }
        Value::Object(map) if map.is_empty() => out.extend_from_slice(b"{}"),
        Value::Object(map) => {
            let mut entries: Vec<(&String, &Value)> = map.iter().collect();
            entries.sort_unstable_by(|a, b| compare_keys(a.0, b.0));
            for (index, (key, value)) in entries.into_iter().enumerate() {
                out.push(if index == 0 { b'{' } else { b',' });
                new_line(out, depth + 1);
                write_string(out, key);
                out.extend_from_slice(b": ");
                write_value(out, value, depth + 1);
            }
            new_line(out, depth);
            out.push(b'}');
        }
    }
}

fn new_line(out: &mut Vec<u8>, depth: usize) {
    const BLANKS: [u8; 64] = [b' '; 64];
    out.push(b'\n');
    let mut missing = depth * 2;
    while missing > 0 {
        let step = missing.min(BLANKS.len());
        out.extend_from_slice(&BLANKS[..step]);
        missing -= step;
    }
}

/// What stands behind the backslash for a byte that JSON does not take as it is.
fn escape(byte: u8) -> Option<u8> {
    match byte {
        b'"' | b'\\' => Some(byte),
        0x08 => Some(b'b'),
        b'\t' => Some(b't'),
        b'\n' => Some(b'n'),
        0x0C => Some(b'f'),
        b'\r' => Some(b'r'),
        _ => None,
    }
}

fn write_string(out: &mut Vec<u8>, text: &str) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut written = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.extend_from_slice(&bytes[written..at]);
        written = at + 1;
        out.push(b'\\');
        match escape(byte) {
            Some(letter) => out.push(letter),
            None => {
                out.extend_from_slice(b"u00");
                out.push(HEX[usize::from(byte >> 4)]);
                out.push(HEX[usize::from(byte & 15)]);
            }
        }
    }
    out.extend_from_slice(&bytes[written..]);
    out.push(b'"');
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::testing::{definition, edit, edited};
    use super::super::{Purpose, equal};
    use super::*;

    #[test]
    fn headers_are_left_out_whatever_is_in_them() {
        let with = |header: Value| {
            let name = "\n  \"descriptionList\": [";
            write(&json!({"calendarList": [], "descriptionList": header, "scheduleList": [{"name": name}]}))
        };
        let (one, other) = (with(json!(["Export Date : 2026-11-18", "x"])), with(json!([])));
        assert!(is_same_but_header(&one, &other) && one != other);
        let renamed = String::from_utf8(other.clone()).unwrap().replace("scheduleList", "scriptList");
        assert!(!is_same_but_header(&one, renamed.as_bytes()));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_the_same_but_for_headers_is_equal(a in definition(), edits in proptest::collection::vec(edit(), 0..3)) {
            let b = edited(&a, &edits);
            if is_same_but_header(&a.to_bytes(), &b.to_bytes()) {
                prop_assert!(equal(a.value(), b.value(), Purpose::Target));
            }
        }
    }
}
