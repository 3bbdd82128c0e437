//! Matching one value and making the new one.

use serde_json::Value;

/// What a call looks for in a value, and puts there.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Matcher<'r> {
    /// The whole value.
    Whole { current: &'r str, new: &'r str },
    /// Every occurrence inside the value.
    Part { current: &'r str, new: &'r str },
    /// Any value that is there.
    Any { new: &'r str },
    /// By a mask.
    Mask { current: &'r str, new: &'r str },
}

impl Matcher<'_> {
    /// Whether the new text would be longer than any text may be.
    pub(crate) fn is_too_long(self, text: &str) -> bool {
        let Self::Part { current, new } = self else {
            return false;
        };
        if current.is_empty() || new.len() <= current.len() {
            return false;
        }
        let grows = text.matches(current).count().saturating_mul(new.len() - current.len());
        text.len().saturating_add(grows) > LONGEST
    }

    /// What a text must hold in which this could match; nothing where any might.
    pub(crate) fn needle(&self) -> Option<&str> {
        match self {
            Self::Whole { current, .. } | Self::Part { current, .. } => Some(current),
            Self::Any { .. } | Self::Mask { .. } => None,
        }
    }

    /// Whether the text is what is looked for.
    pub(crate) fn matches(self, text: &str) -> bool {
        match self {
            Self::Whole { current, .. } => text == current,
            Self::Part { current, .. } => !current.is_empty() && text.contains(current),
            Self::Any { .. } => !text.is_empty(),
            Self::Mask { current, .. } => captures(current, text).is_some(),
        }
    }

    /// The new text, where it is what is looked for. One that would be too long is made just long
    /// enough to be refused: whoever writes it down looks at [`LONGEST`].
    pub(crate) fn apply(self, text: &str) -> Option<String> {
        if !self.matches(text) {
            return None;
        }
        if self.is_too_long(text) {
            return Some(" ".repeat(LONGEST + 1));
        }
        match self {
            Self::Whole { new, .. } | Self::Any { new } => Some(new.to_owned()),
            Self::Part { current, new } => Some(text.replace(current, new)),
            Self::Mask { current, new } => apply_mask(current, new, text),
        }
    }
}

/// Bytes of the longest text that a replacement makes.
pub(crate) const LONGEST: usize = 4 << 20;

/// Replaces in a text; nothing where the result would be too long.
pub(crate) fn replace_all(text: &str, old: &str, new: &str) -> Option<String> {
    let too_long = Matcher::Part { current: old, new }.is_too_long(text);
    (!too_long).then(|| if old.is_empty() { text.to_owned() } else { text.replace(old, new) })
}

/// The text of a scalar; whole values are compared as text, whether they are written `4` or `"4"`.
pub(crate) fn text_of(value: &Value) -> Option<std::borrow::Cow<'_, str>> {
    match value {
        Value::String(text) => Some(text.as_str().into()),
        Value::Number(number) => Some(number.as_str().into()),
        Value::Bool(true) => Some("true".into()),
        Value::Bool(false) => Some("false".into()),
        _ => None,
    }
}

/// A new text as a value of the kind that stood there.
pub(crate) fn like(old: &Value, text: String) -> Value {
    match old {
        Value::Number(_) => match text.parse::<serde_json::Number>() {
            Ok(number) => Value::Number(number),
            Err(_) => Value::String(text),
        },
        Value::Bool(_) if text == "true" => Value::Bool(true),
        Value::Bool(_) if text == "false" => Value::Bool(false),
        _ => Value::String(text),
    }
}

/// Whether a pair of masks can be applied at all.
pub(crate) fn check_masks(current: &str, new: &str) -> Result<(), String> {
    let fits = runs(current).len() == runs(new).len() || current.chars().count() == new.chars().count();
    if [current, new].iter().any(|mask| mask.find('*').is_some_and(|at| at + 1 < mask.len())) {
        return Err(format!("in a mask `*` stands at the end, which it does not in `{current}` → `{new}`"));
    }
    if fits { Ok(()) } else { Err(format!("the masks `{current}` and `{new}` do not fit each other")) }
}

/// The runs of wild cards in a mask.
fn runs(mask: &str) -> Vec<&str> {
    mask.split(|c| c != '?' && c != '*').filter(|run| !run.is_empty()).collect()
}

/// What stands under each run of wild cards, where the text fits the mask.
fn captures<'t>(mask: &str, text: &'t str) -> Option<Vec<&'t str>> {
    let mut found = Vec::new();
    let mut rest = text;
    let mut start: Option<&str> = None;
    for c in mask.chars() {
        match c {
            '?' => {
                start.get_or_insert(rest);
                rest = rest.get(rest.chars().next()?.len_utf8()..)?;
            }
            '*' => {
                start.get_or_insert(rest);
                rest = "";
            }
            literal => {
                if let Some(from) = start.take() {
                    found.push(&from[..from.len() - rest.len()]);
                }
                rest = rest.strip_prefix(literal)?;
            }
        }
    }
    if let Some(from) = start {
        found.push(&from[..from.len() - rest.len()]);
    }
    rest.is_empty().then_some(found)
}

fn apply_mask(current: &str, new: &str, text: &str) -> Option<String> {
    let kept = captures(current, text)?;
    let mut out = String::new();
    if runs(new).len() == kept.len() {
        let mut kept = kept.into_iter();
        let mut in_run = false;
        for c in new.chars() {
            let wild = c == '?' || c == '*';
            if wild && !in_run {
                out.push_str(kept.next().unwrap_or_default());
            } else if !wild {
                out.push(c);
            }
            in_run = wild;
        }
        return Some(out);
    }
    let mut characters = text.chars();
    for c in new.chars() {
        let here = characters.next();
        match c {
            '?' => out.extend(here),
            '*' => {
                out.extend(here);
                out.extend(characters.by_ref());
            }
            literal => out.push(literal),
        }
    }
    Some(out)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn masks_keep_what_they_say() {
        let cases = [
            ("T*", "P*", "TLOAD", Some("PLOAD")),
            ("T*", "P*", "T", Some("P")),
            ("T*", "P*", "XLOAD", None),
            ("T?????A", "P????B", "T12345A", Some("P12345B")),
            ("T????A", "P????B", "TäöüßA", Some("PäöüßB")),
            ("T????A", "P????B", "T123A", None),
            ("T???A", "P?X?B", "T123A", Some("P1X3B")),
            ("AB", "CD", "AB", Some("CD")),
            ("?X*", "?Y*", "1X23", Some("1Y23")),
            ("*", "P*", "LOAD", Some("PLOAD")),
        ];
        for (current, new, text, want) in cases {
            check_masks(current, new).unwrap();
            assert_eq!(Matcher::Mask { current, new }.apply(text).as_deref(), want, "{current} {new} {text}");
        }
        assert!(check_masks("T*A", "P*B").is_err());
        assert!(check_masks("T?A", "PPPP").is_err());
    }

    #[test]
    fn text_is_only_text() {
        let part = Matcher::Part { current: r"\d$*", new: "$1\\0" };
        assert_eq!(part.apply(r"a\d$*b\d$*").unwrap(), "a$1\\0b$1\\0");
        assert_eq!(Matcher::Whole { current: "*", new: "x" }.apply("abc"), None);
        assert_eq!(Matcher::Part { current: "", new: "x" }.apply("abc"), None);
        assert_eq!(Matcher::Part { current: "É", new: "e" }.apply("CAFÉ é").unwrap(), "CAFe é");
    }
}
