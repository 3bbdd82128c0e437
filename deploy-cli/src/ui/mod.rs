//! Output: results on stdout, everything else on stderr.

pub mod markdown;
mod progress;
mod table;

use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};
use std::sync::OnceLock;

use anstyle::{AnsiColor, Style};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::cli::Global;
use crate::error::CommandError;
pub use progress::ProgressBar;
pub use table::Table;

/// Styles by their meaning.
pub mod style {
    use super::{AnsiColor, Style};

    /// What a block of lines is about.
    pub const HEADING: Style = Style::new().bold();
    /// Something that came.
    pub const ADDED: Style = AnsiColor::Green.on_default();
    /// Something that went.
    pub const REMOVED: Style = AnsiColor::Red.on_default();
    /// Something that is not as it was.
    pub const CHANGED: Style = AnsiColor::Yellow.on_default();
    /// What matters less.
    pub const DIM: Style = Style::new().dimmed();
    /// A command that can be pasted.
    pub const COMMAND: Style = AnsiColor::Cyan.on_default();
}

/// How the user wants to be spoken to.
#[derive(Debug)]
pub struct Ui {
    json: bool,
    quiet: bool,
    verbose: bool,
    /// Whether nobody is to be asked, even where there is somebody.
    unattended: bool,
    /// Why the result could not be written as a whole.
    lost: OnceLock<io::Error>,
}

impl Ui {
    /// As the options say.
    pub fn new(global: &Global) -> Self {
        Self {
            json: global.json,
            quiet: global.quiet,
            verbose: global.verbose,
            unattended: false,
            lost: OnceLock::new(),
        }
    }

    /// Never asks anybody anything.
    pub fn unattended(self) -> Self {
        Self { unattended: true, ..self }
    }

    /// Whether the result is wanted as JSON.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Text of the result.
    pub fn print(&self, text: &str) {
        self.wrote(write!(anstream::stdout().lock(), "{text}"));
    }

    /// A line of the result.
    pub fn line(&self, text: impl AsRef<str>) {
        self.wrote(writeln!(anstream::stdout().lock(), "{}", text.as_ref()));
    }

    /// Bytes of the result, as they are.
    pub fn bytes(&self, bytes: &[u8]) {
        self.wrote(io::stdout().lock().write_all(bytes));
    }

    /// Whether the whole result could be written; the reason if not.
    pub fn finish(self) -> io::Result<()> {
        self.wrote(io::stdout().flush());
        self.lost.into_inner().map_or(Ok(()), Err)
    }

    fn wrote(&self, result: io::Result<()>) {
        match result {
            // A reader that has seen enough (`| head`) is no error.
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                let _ = self.lost.set(error);
            }
            _ => {}
        }
    }

    /// The result as `{"schema":1,"<name>":…}`.
    pub fn json(&self, name: &str, value: &impl Serialize) -> Result<(), CommandError> {
        self.json_with(name, value, &serde_json::Map::new())
    }

    /// The same with what is known besides.
    pub fn json_with(
        &self,
        name: &str,
        value: &impl Serialize,
        besides: &serde_json::Map<String, serde_json::Value>,
    ) -> Result<(), CommandError> {
        let mut out = io::BufWriter::new(io::stdout().lock());
        // As it is made: a long list is not held twice.
        match serde_json::to_writer(&mut out, &Object { name, value, besides }) {
            Err(error) if error.is_io() => self.wrote(Err(error.into())),
            written => {
                written?;
                self.wrote(writeln!(out).and_then(|()| out.flush()));
            }
        }
        Ok(())
    }

    /// A text of the result that need not be read whole: on a terminal so much of it.
    pub fn short<'t>(&self, text: &'t str, characters: usize) -> Cow<'t, str> {
        match io::stdout().is_terminal() {
            true => cut(text, characters),
            false => Cow::Borrowed(text),
        }
    }

    /// Something worth knowing besides the result.
    pub fn note(&self, text: impl AsRef<str>) {
        if !self.quiet {
            let _ = writeln!(anstream::stderr().lock(), "{}", text.as_ref());
        }
    }

    /// Another command holds the clone.
    pub fn waiting(&self) {
        self.note("Waiting for another command in this clone to finish");
    }

    /// Something only the curious want to know.
    pub fn detail(&self, text: impl AsRef<str>) {
        if self.verbose {
            self.note(text);
        }
    }

    /// Something that may be wrong.
    pub fn warning(&self, text: impl AsRef<str>) {
        let yellow = style::CHANGED.bold();
        self.note(format!("{yellow}Warning:{yellow:#} {}", text.as_ref()));
    }

    /// A command that helps.
    pub fn hint(&self, text: impl AsRef<str>) {
        let cyan = style::COMMAND;
        self.note(format!("{cyan}Hint:{cyan:#} {}", text.as_ref()));
    }

    /// What failed; printed even when quiet.
    pub fn error(&self, text: &str) {
        let red = style::REMOVED.bold();
        let _ = writeln!(anstream::stderr().lock(), "{red}Error:{red:#} {text}");
    }

    /// Whether there is somebody to be asked.
    pub fn can_ask(&self) -> bool {
        !self.json && !self.unattended && io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// A question to be answered with yes or no; `None` where nobody can be asked.
    pub fn ask(&self, question: &str) -> Option<bool> {
        if !self.can_ask() {
            return None;
        }
        let _ = write!(anstream::stderr().lock(), "{question} [y/N] ");
        let mut answer = String::new();
        let read = std::io::stdin().read_line(&mut answer);
        Some(read.is_ok() && matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
    }

    /// A question to be answered with a line of text; an empty answer means the
    /// usual one. `None` where nobody can be asked, or nothing was answered.
    pub fn ask_text(&self, question: &str, usual: &str) -> Option<String> {
        if !self.can_ask() {
            return None;
        }
        let shown = if usual.is_empty() { String::new() } else { format!(" [{usual}]") };
        let _ = write!(anstream::stderr().lock(), "{question}{shown}: ");
        let mut answer = String::new();
        std::io::stdin().read_line(&mut answer).ok()?;
        let answer = if answer.trim().is_empty() { usual } else { answer.trim() };
        (!answer.is_empty()).then(|| answer.to_owned())
    }

    /// A progress bar on stderr: on a terminal, and only when the work takes a while.
    pub fn progress(&self, total: usize, doing: &str) -> ProgressBar {
        let shown = !self.quiet && !self.json && std::io::stderr().is_terminal();
        ProgressBar::start(shown, total, doing)
    }
}

/// One object with a schema number and what it is about.
struct Object<'a, T> {
    name: &'a str,
    value: &'a T,
    besides: &'a serde_json::Map<String, serde_json::Value>,
}

impl<T: Serialize> Serialize for Object<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(None)?;
        object.serialize_entry("schema", &1)?;
        object.serialize_entry(self.name, self.value)?;
        for (key, value) in self.besides {
            object.serialize_entry(key, value)?;
        }
        object.end()
    }
}

/// Text in a style.
pub fn styled(style: Style, text: impl std::fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}

/// One line of text: control characters and line ends written out.
pub fn one_line(text: &str) -> String {
    if text.chars().any(char::is_control) { text.escape_debug().to_string() } else { text.to_owned() }
}

/// So many characters of a text; that there is more is marked.
fn cut(text: &str, characters: usize) -> Cow<'_, str> {
    match text.char_indices().nth(characters) {
        None => Cow::Borrowed(text),
        Some(_) => {
            let kept: String = text.chars().take(characters.saturating_sub(1)).collect();
            Cow::Owned(format!("{}…", kept.trim_end()))
        }
    }
}

/// `1 job`, `2 jobs`.
pub fn count(number: usize, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

/// A time in seconds since 1970, in the user's zone, to the minute.
pub fn local_time(seconds: i64) -> String {
    match chrono::DateTime::from_timestamp(seconds, 0) {
        Some(time) => time.with_timezone(&chrono::Local).format("%Y-%m-%d %H:%M").to_string(),
        None => seconds.to_string(),
    }
}

/// A time in seconds since 1970 as RFC 3339 in UTC, for JSON.
pub fn utc_time(seconds: i64) -> String {
    chrono::DateTime::from_timestamp(seconds, 0).map(|time| time.to_rfc3339()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_at_characters() {
        assert_eq!(cut("Jürgen", 6), "Jürgen");
        assert_eq!(cut("Jürgen", 5), "Jürg…");
        assert_eq!(cut("two words", 5), "two…");
        assert_eq!(cut("", 5), "");
    }
}
