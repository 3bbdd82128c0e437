//! One pass of `git log` over the first-parent line, read as it comes.

use std::io::{BufRead, BufReader, Read};

use git2::Oid;

use super::HistoryError;
use crate::repository::git::Git;
use crate::repository::layout::Kind;

/// What a commit did to one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Touch {
    pub(super) kind: Kind,
    pub(super) stem: String,
    pub(super) path: String,
    /// `None`: deleted.
    pub(super) blob: Option<Oid>,
}

/// A commit that touched versioned files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Commit {
    pub(super) id: Oid,
    pub(super) time: i64,
    pub(super) author: String,
    pub(super) touches: Vec<Touch>,
}

/// Calls `visit` with each commit of `range` that touched a versioned file, newest first.
pub(super) fn walk(git: &Git, range: &str, visit: impl FnMut(Commit)) -> Result<(), HistoryError> {
    let mut stream = git.stream(&[
        "-c",
        "core.useReplaceRefs=false",
        "log",
        "--first-parent",
        "--diff-merges=first-parent",
        "--raw",
        "-z",
        "--no-abbrev",
        "--no-renames",
        "--no-show-signature",
        "--format=%x01%H%x00%at%x00%an",
        // No paths behind it: limiting makes git look at every tree twice.
        range,
        "--",
    ])?;
    if let Some(stdout) = stream.take_stdout() {
        parse(BufReader::with_capacity(1 << 18, stdout), visit)?;
    }
    Ok(stream.finish()?)
}

fn parse(mut input: BufReader<impl Read>, mut visit: impl FnMut(Commit)) -> Result<(), HistoryError> {
    let mut field = Vec::new();
    let mut current: Option<Commit> = None;
    loop {
        field.clear();
        let length =
            input.read_until(0, &mut field).map_err(|error| HistoryError::Output(error.to_string()))?;
        if length == 0 {
            break;
        }
        let text = field.strip_suffix(b"\0").unwrap_or(&field);
        let text = text.strip_prefix(b"\n").unwrap_or(text);
        match text.first() {
            None => {}
            Some(1) => {
                current.take().into_iter().for_each(&mut visit);
                let id = parse_oid(&text[1..])?;
                let time = next_text(&mut input)?;
                let time = time.trim().parse().map_err(|_| HistoryError::Output(format!("date `{time}`")))?;
                current = Some(Commit { id, time, author: next_text(&mut input)?, touches: Vec::new() });
            }
            Some(b':') => {
                // :<mode> <mode> <old blob> <new blob> <status>
                let blob = text.split(|&byte| byte == b' ').nth(3).unwrap_or_default();
                let blob = Some(parse_oid(blob)?).filter(|blob| !blob.is_zero());
                let path = next_text(&mut input)?;
                if let (Some(commit), Some((kind, stem))) = (&mut current, Kind::of(&path)) {
                    commit.touches.push(Touch { kind, stem: stem.to_owned(), blob, path });
                }
            }
            Some(_) => return Err(HistoryError::Output(String::from_utf8_lossy(text).into_owned())),
        }
    }
    current.into_iter().for_each(visit);
    Ok(())
}

fn next_text(input: &mut impl BufRead) -> Result<String, HistoryError> {
    let mut field = Vec::new();
    input.read_until(0, &mut field).map_err(|error| HistoryError::Output(error.to_string()))?;
    field.pop();
    Ok(String::from_utf8_lossy(&field).into_owned())
}

fn parse_oid(hex: &[u8]) -> Result<Oid, HistoryError> {
    let hex = String::from_utf8_lossy(hex);
    Oid::from_str(&hex).map_err(|_| HistoryError::Output(format!("object id `{hex}`")))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn commits_and_their_files_are_read() {
        let (one, two, zero) = ("1".repeat(40), "2".repeat(40), "0".repeat(40));
        let output = format!(
            "\x01{one}\0001795156503\0Jürgen\0\n:100644 100644 {two} {one} M\0schedules/a é.json\0\
             :100644 000000 {two} {zero} D\0rules/tests/x.toml\0:100644 000000 {two} {zero} D\0packages/P.toml\0\
             \x01{two}\0001795156502\0\0\n:000000 100644 {zero} {two} A\0schedules/x/b.json\0"
        );
        let mut seen = Vec::new();
        parse(BufReader::new(output.as_bytes()), |commit| seen.push(commit)).unwrap();
        assert_eq!(seen.len(), 2);
        assert_eq!((seen[0].time, seen[0].author.as_str()), (1795156503, "Jürgen"));
        let stems: Vec<_> = seen[0].touches.iter().map(|touch| (touch.kind, touch.stem.as_str())).collect();
        assert_eq!(stems, [(Kind::Schedule, "a é"), (Kind::Package, "P")]);
        assert_eq!(seen[0].touches[1].blob, None);
        assert_eq!(seen[1].touches[0].path, "schedules/x/b.json");
    }

    #[test]
    fn unknown_output_is_shown() {
        let error = parse(BufReader::new(&b"fatal: what\0"[..]), |_| {}).unwrap_err();
        assert_eq!(error.to_string(), "cannot read the output of `git log`: fatal: what");
    }
}
