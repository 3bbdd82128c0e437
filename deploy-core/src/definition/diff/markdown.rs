//! A difference as Markdown for a pull request.
//!
//! Everything that comes from the definition stands in code spans, where only
//! backticks have a meaning; so nothing in a name can break the page.

use super::render::{Entry, Piece, Style, entries};
use super::{Difference, visible};

/// A nested list under a title.
pub fn to_markdown(difference: &Difference, title: &str) -> String {
    let mut out = format!("### {}\n", code_span(&visible(title)));
    for entry in entries(difference) {
        if entry.style == Style::Heading || entry.depth == 0 {
            out.push_str(&format!("\n{}\n\n", inline(&entry)));
            continue;
        }
        let sign = match entry.style {
            Style::Added => "**+** ",
            Style::Removed => "**−** ",
            Style::Changed => "**~** ",
            Style::Plain | Style::Heading | Style::Note => "",
        };
        out.push_str(&format!("{}- {sign}{}\n", "  ".repeat(entry.depth - 1), inline(&entry)));
    }
    out
}

fn inline(entry: &Entry) -> String {
    let words = entry.pieces.iter().map(|piece| match piece {
        Piece::Word(word) => (*word).to_owned(),
        Piece::Text(text) => code_span(text),
    });
    words.collect::<Vec<_>>().join(" ")
}

/// A code span whose fence is longer than any run of backticks inside.
fn code_span(text: &str) -> String {
    let longest = text.split(|character| character != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let needs_blank = text.is_empty() || text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']);
    let blank = if needs_blank { " " } else { "" };
    format!("{fence}{blank}{text}{blank}{fence}")
}
