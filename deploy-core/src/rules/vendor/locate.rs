//! Where a value stands in the text of a JSON file.

use crate::rules::replace::At;

/// A step on the way to a value.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step<'s> {
    Key(&'s str),
    Index(usize),
}

/// Line and column of a value (of its key, for a value in an object) in text that is known to be JSON.
pub(super) fn locate(text: &str, path: &[Step<'_>]) -> Option<At> {
    let mut scan = Scan { bytes: text.as_bytes(), at: text.find(['{', '['])? };
    let mut offset = scan.at;
    for step in path {
        offset = scan.enter(*step)?;
    }
    let before = text.get(..offset)?;
    let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
    Some(At { line: before.matches('\n').count() + 1, column })
}

struct Scan<'s> {
    bytes: &'s [u8],
    at: usize,
}

impl Scan<'_> {
    fn blanks(&mut self) {
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
    }

    /// Goes to a value inside the one at hand; answers where it (or its key) begins.
    fn enter(&mut self, step: Step<'_>) -> Option<usize> {
        self.at += 1;
        let mut index = 0;
        loop {
            self.blanks();
            let start = self.at;
            match (self.bytes.get(self.at)?, step) {
                (b'}' | b']', _) => return None,
                (b',', _) => {
                    self.at += 1;
                    continue;
                }
                (b'"', Step::Key(wanted)) => {
                    self.skip();
                    let key: String = serde_json::from_slice(&self.bytes[start..self.at]).ok()?;
                    self.blanks();
                    self.at += 1;
                    self.blanks();
                    if key == wanted {
                        return Some(start);
                    }
                }
                (_, Step::Index(wanted)) if index == wanted => return Some(start),
                _ => {}
            }
            index += 1;
            self.skip();
        }
    }

    /// Passes one value.
    fn skip(&mut self) {
        let (mut depth, mut in_text) = (0usize, false);
        while let Some(byte) = self.bytes.get(self.at) {
            match byte {
                b'\\' if in_text => self.at += 1,
                b'"' => {
                    in_text = !in_text;
                    if !in_text && depth == 0 {
                        self.at += 1;
                        return;
                    }
                }
                _ if in_text => {}
                b'{' | b'[' => depth += 1,
                b'}' | b']' if depth <= 1 => {
                    self.at += depth;
                    return;
                }
                b'}' | b']' => depth -= 1,
                b',' if depth == 0 => return,
                _ => {}
            }
            self.at += 1;
        }
    }
}
