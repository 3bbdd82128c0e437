//! Names of OpCon and the file names they become.
//!
//! Whatever is unsafe on Linux, macOS or Windows is percent-encoded, so that
//! any name from anywhere makes one file inside its folder, and the name can
//! be read back from the file name.

use std::fmt;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

/// Characters that no file name may hold on some system, and `%` itself.
const UNSAFE: &AsciiSet = &CONTROLS
    .add(b'%')
    .add(b'/')
    .add(b'\\')
    .add(b':')
    .add(b'*')
    .add(b'?')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'|');

/// Longest file name (without its extension) that every file system takes.
const LONGEST_STEM: usize = 240;

/// Characters OpCon does not allow in names of schedules and jobs.
pub const FORBIDDEN: &str = "<>&'\"|;%()[]{}=\\!*?,";

/// Why text cannot be a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing in it.
    #[error("a name cannot be empty")]
    Empty,
    /// No file system takes it.
    #[error("the name `{}…` is too long to be a file name ({bytes} bytes encoded, {LONGEST_STEM} at most)", name.chars().take(40).collect::<String>())]
    TooLong {
        /// The name.
        name: String,
        /// Its length as a file name.
        bytes: usize,
    },
}

/// The file name (without extension) that a name becomes.
pub fn encode(name: &str) -> String {
    let mut stem = utf8_percent_encode_keeping_unicode(name);
    if let Some(first @ (b'.' | b' ')) = name.bytes().next() {
        stem.replace_range(..1, &format!("%{first:02X}"));
    }
    if let Some(last @ (b'.' | b' ')) = name.bytes().last()
        && name.len() > 1
    {
        stem.truncate(stem.len() - 1);
        stem.push_str(&format!("%{last:02X}"));
    }
    if is_reserved_on_windows(&stem) {
        let first = stem.as_bytes()[0];
        stem.replace_range(..1, &format!("%{first:02X}"));
    }
    stem
}

/// Percent-encodes unsafe ASCII; characters beyond ASCII stay readable, except controls.
fn utf8_percent_encode_keeping_unicode(name: &str) -> String {
    let mut stem = String::with_capacity(name.len());
    for character in name.chars() {
        let mut buffer = [0; 4];
        let text = character.encode_utf8(&mut buffer);
        if character.is_ascii() || character.is_control() {
            stem.extend(utf8_percent_encode(text, UNSAFE));
        } else {
            stem.push(character);
        }
    }
    stem
}

fn is_reserved_on_windows(stem: &str) -> bool {
    let base = stem.split('.').next().unwrap_or(stem).trim_end().to_ascii_uppercase();
    matches!(base.as_str(), "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$")
        || base.strip_prefix("COM").or_else(|| base.strip_prefix("LPT")).is_some_and(|rest| {
            matches!(rest, "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "¹" | "²" | "³")
        })
}

/// The name that a file name (without extension) stands for; `None` where
/// [`encode`] would have written another file name.
pub fn decode(stem: &str) -> Option<String> {
    let name = percent_decode_str(stem).decode_utf8().ok()?.into_owned();
    (!name.is_empty() && encode(&name) == stem).then_some(name)
}

macro_rules! name_type {
    ($(#[$doc:meta])* $type:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
        #[serde(transparent)]
        pub struct $type(String);

        impl $type {
            /// Checks that the name can be kept in a file.
            pub fn new(name: impl Into<String>) -> Result<Self, NameError> {
                let name = name.into();
                if name.is_empty() {
                    return Err(NameError::Empty);
                }
                let bytes = encode(&name).len();
                if bytes > LONGEST_STEM {
                    return Err(NameError::TooLong { name, bytes });
                }
                Ok(Self(name))
            }

            /// The name that a file name (without extension) stands for.
            pub fn from_stem(stem: &str) -> Option<Self> {
                decode(stem).map(Self)
            }

            /// The name as OpCon writes it.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The file name, without extension.
            pub fn stem(&self) -> String {
                encode(&self.0)
            }

            /// What two names that differ only in case have in common.
            pub fn folded(&self) -> String {
                self.0.to_lowercase()
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $type {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    };
}

name_type!(
    /// The name of a schedule.
    ScheduleName
);
name_type!(
    /// The name of a package.
    PackageName
);
name_type!(
    /// The name of a transformation rule.
    RuleName
);
name_type!(
    /// The name of an OpCon script.
    ScriptName
);
name_type!(
    /// The name of a server (an OpCon system).
    ServerName
);

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn unsafe_names_become_safe_files() {
        let cases = [
            ("Payroll Daily", "Payroll Daily"),
            ("a/b\\c:d*e?", "a%2Fb%5Cc%3Ad%2Ae%3F"),
            ("..", "%2E%2E"),
            (".", "%2E"),
            (".git", "%2Egit"),
            ("CON", "%43ON"),
            ("con.txt", "%63on.txt"),
            ("CON .x", "%43ON .x"),
            ("COM1", "%43OM1"),
            ("COM10", "COM10"),
            ("Console", "Console"),
            ("end.", "end%2E"),
            ("end ", "end%20"),
            (" ", "%20"),
            ("100%", "100%25"),
            ("tab\there", "tab%09here"),
            ("Trésorerie ⏰", "Trésorerie ⏰"),
            ("a@3#x", "a@3#x"),
        ];
        for (name, stem) in cases {
            assert_eq!(encode(name), stem);
            assert_eq!(decode(stem).as_deref(), Some(name));
        }
    }

    #[test]
    fn other_spellings_of_a_file_name_are_not_names() {
        for stem in ["CON", "end.", "a%2fb", "%41", "", "%FF", "a:b"] {
            assert_eq!(decode(stem), None, "{stem}");
        }
    }

    #[test]
    fn names_have_limits() {
        assert_eq!(ScheduleName::new(""), Err(NameError::Empty));
        assert!(matches!(ScheduleName::new("x".repeat(241)), Err(NameError::TooLong { bytes: 241, .. })));
        assert!(ScheduleName::new("€".repeat(80)).is_ok());
    }
}
