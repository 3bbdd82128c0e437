//! Tokens in text: `[[Name]]`, `{{Name}}`, `[[SI."File.Name".Schedule]]`.
//!
//! A token is a scope, a name and qualifiers, separated by dots; a part that
//! holds a dot is quoted. Tokens nest: what is inside the inner token belongs
//! to the inner token. `[[=…]]` is an expression: only its tokens are names.

/// What precedes the first dot of a token that is not a global property.
const SCOPES: &[&str] = &["OI", "MI", "SI", "JI", "SSI", "SJI", "RI"];

/// One part of a token: the name (index 0) or a qualifier behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Part<'t> {
    /// `SI`, `JI` … in capitals; empty for a global property.
    pub(crate) scope: &'t str,
    /// 0 is the name, from 1 on the qualifiers.
    pub(crate) index: usize,
    /// The part without its quotes.
    pub(crate) name: &'t str,
}

/// Names all tokens of a text refer to: their parts in order, innermost tokens included.
pub(crate) fn parts(text: &str) -> Vec<(String, usize, String)> {
    let mut found = Vec::new();
    rewrite(text, &mut |part| {
        found.push((part.scope.to_owned(), part.index, part.name.to_owned()));
        None
    });
    found
}

/// Gives every part of every token to `map`; the text with the parts that
/// `map` answered, or `None` where nothing changed.
pub(crate) fn rewrite(text: &str, map: &mut dyn FnMut(Part<'_>) -> Option<String>) -> Option<String> {
    let mut out = String::new();
    let mut written = 0;
    let mut at = 0;
    while let Some(start) = next_open(text, at) {
        let Some(end) = close_of(text, start) else {
            // Never closed: what follows may still hold whole tokens.
            at = start + 2;
            continue;
        };
        if let Some(inner) = rewrite_inner(&text[start + 2..end], map) {
            out.push_str(&text[written..start + 2]);
            out.push_str(&inner);
            written = end;
        }
        at = end + 2;
    }
    if written == 0 {
        return None;
    }
    out.push_str(&text[written..]);
    Some(out)
}

fn next_open(text: &str, from: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    (from..bytes.len().saturating_sub(1)).find(|&at| matches!(&bytes[at..at + 2], b"[[" | b"{{"))
}

/// Where the token that opens at `start` closes (the offset of `]]` or `}}`).
fn close_of(text: &str, start: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut open = vec![bytes[start]];
    let mut at = start + 2;
    while at + 1 < bytes.len() {
        match &bytes[at..at + 2] {
            b"[[" | b"{{" => {
                open.push(bytes[at]);
                at += 2;
            }
            pair @ (b"]]" | b"}}") if (pair[0] == b']') == (open.last() == Some(&b'[')) => {
                open.pop();
                if open.is_empty() {
                    return Some(at);
                }
                at += 2;
            }
            _ => at += 1,
        }
    }
    None
}

/// The separator-free pieces of a text: split at `separator`, not inside tokens.
pub(crate) fn split_outside(text: &str, separator: u8) -> Vec<&str> {
    let bytes = text.as_bytes();
    let (mut pieces, mut from, mut at) = (Vec::new(), 0, 0);
    while at < bytes.len() {
        if matches!(bytes.get(at..at + 2), Some(b"[[" | b"{{"))
            && let Some(end) = close_of(text, at)
        {
            at = end + 2;
        } else if bytes[at] == separator {
            pieces.push(&text[from..at]);
            at += 1;
            from = at;
        } else {
            at += 1;
        }
    }
    pieces.push(&text[from..]);
    pieces
}

/// Rewrites the inside of one token (also: the first argument of a property event).
pub(crate) fn rewrite_inner(inner: &str, map: &mut dyn FnMut(Part<'_>) -> Option<String>) -> Option<String> {
    if inner.starts_with('=') {
        return rewrite(inner, map);
    }
    let pieces = split_outside_quotes(inner);
    let scope = pieces.first().copied().unwrap_or_default();
    let scope = SCOPES.iter().find(|known| known.eq_ignore_ascii_case(scope)).copied();
    match scope {
        Some(scope) if pieces.len() > 1 => {
            let mut changed = false;
            let mut parts = vec![pieces[0].to_owned()];
            for (index, piece) in pieces[1..].iter().enumerate() {
                let new = rewrite_part(scope, index, piece, map);
                changed |= new.is_some();
                parts.push(new.unwrap_or_else(|| (*piece).to_owned()));
            }
            changed.then(|| parts.join("."))
        }
        _ => rewrite_part("", 0, inner, map),
    }
}

fn rewrite_part(
    scope: &str,
    index: usize,
    piece: &str,
    map: &mut dyn FnMut(Part<'_>) -> Option<String>,
) -> Option<String> {
    if next_open(piece, 0).is_some() {
        return rewrite(piece, map);
    }
    let trimmed = piece.trim();
    let quoted = trimmed.len() >= 2 && trimmed.starts_with('"') && trimmed.ends_with('"');
    let (name, tail) = if quoted { (&trimmed[1..trimmed.len() - 1], "") } else { split_offset(trimmed) };
    let new = map(Part { scope, index, name })?;
    let needs_quotes = quoted || (new.contains('.') && !name.contains('.'));
    let name = if needs_quotes { format!("\"{new}\"") } else { new };
    let start = piece.len() - piece.trim_start().len();
    let end = piece.trim_end().len();
    Some(format!("{}{name}{tail}{}", &piece[..start], &piece[end..]))
}

/// Splits a date offset (`$DATE +1d`) off a system property.
fn split_offset(name: &str) -> (&str, &str) {
    if !name.starts_with('$') {
        return (name, "");
    }
    let Some(sign) = name.rfind(['+', '-']) else {
        return (name, "");
    };
    let offset = name[sign + 1..].trim_start();
    let is_offset =
        offset.starts_with(|c: char| c.is_ascii_digit()) && offset.chars().all(|c| c.is_ascii_alphanumeric());
    if is_offset { name.split_at(name[..sign].trim_end().len()) } else { (name, "") }
}

/// Splits at dots that are neither quoted nor inside a nested token.
fn split_outside_quotes(text: &str) -> Vec<&str> {
    let bytes = text.as_bytes();
    let (mut pieces, mut from, mut at, mut quoted) = (Vec::new(), 0, 0, false);
    while at < bytes.len() {
        match bytes[at] {
            b'"' => quoted = !quoted,
            b'[' | b'{' if bytes.get(at + 1) == Some(&bytes[at]) => {
                if let Some(end) = close_of(text, at) {
                    at = end + 1;
                }
            }
            b'.' if !quoted => {
                pieces.push(&text[from..at]);
                from = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    pieces.push(&text[from..]);
    pieces
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    fn upper(text: &str) -> Option<String> {
        rewrite(text, &mut |part| {
            let wanted = part.scope.is_empty() || part.index > 0;
            (wanted && part.name != part.name.to_uppercase()).then(|| part.name.to_uppercase())
        })
    }

    #[test]
    fn tokens_are_found_wherever_they_stand() {
        let cases = [
            ("no token", None),
            ("[[a]] and {{b}}", Some("[[A]] and {{B}}")),
            ("[[SI.name]]", None),
            ("[[si.name.my schedule]]", Some("[[si.name.MY SCHEDULE]]")),
            ("[[SI.\"file.name\".\"a.b\"]]", Some("[[SI.\"file.name\".\"A.B\"]]")),
            ("[[max.threads]]", Some("[[MAX.THREADS]]")),
            ("[[x{{inner}}y]]", Some("[[x{{INNER}}y]]")),
            ("[[=ToInt(\"[[a]]\") + 1]]", Some("[[=ToInt(\"[[A]]\") + 1]]")),
            ("[[$date +1d]]", Some("[[$DATE +1d]]")),
            ("[[$date-1]]", Some("[[$DATE-1]]")),
            ("[[open and [[b]]", Some("[[open and [[B]]")),
            ("{{é\\$*}}", Some("{{É\\$*}}")),
            ("[[", None),
            ("]] [[a]", None),
        ];
        for (text, want) in cases {
            assert_eq!(upper(text).as_deref(), want, "{text}");
        }
    }

    #[test]
    fn pieces_do_not_break_tokens() {
        assert_eq!(split_outside("a,[[x,y]],{{p,[[q,r]]}},", b','), ["a", "[[x,y]]", "{{p,[[q,r]]}}", ""]);
        assert_eq!(split_outside("a,[[x", b','), ["a", "[[x"]);
    }

    #[test]
    fn a_new_name_with_a_dot_is_quoted() {
        let dotted = rewrite("[[SI.a]] [[b]]", &mut |_| Some("x.y".to_owned()));
        assert_eq!(dotted.unwrap(), "[[SI.\"x.y\"]] [[\"x.y\"]]");
    }
}
