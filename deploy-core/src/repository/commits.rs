//! One pass of `git log` over the first-parent line of a branch, read as it comes.
//!
//! The commits are asked for as they are stored: so a pass that cares neither
//! for the user's settings of `git log` nor for what a name is mapped to also
//! sees whether a commit carries a signature.

use std::borrow::Cow;
use std::io::{BufRead, BufReader, Read};

use git2::Oid;

use super::Repository;
use super::git::{Git, GitError};

/// Why a branch could not be read.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// Telling what happened needs all commits.
    #[error("this clone is shallow: it does not have the whole of what happened")]
    Shallow,
    /// The pass failed.
    #[error(transparent)]
    Git(#[from] GitError),
    /// What git printed was not understood.
    #[error("cannot read the output of `git log`: {0}")]
    Output(String),
    /// A commit could not be read.
    #[error("cannot read the repository: {}", .0.message())]
    Object(#[from] git2::Error),
}

/// One commit as it is stored.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Commit<'a> {
    pub(super) id: Oid,
    /// Its first parent.
    pub(super) parent: Option<Oid>,
    /// `Name <email>`.
    pub(super) author: &'a str,
    /// Who committed it, and when, in seconds since 1970.
    pub(super) committer: &'a str,
    pub(super) time: i64,
    /// Whether it carries a signature, whatever that is worth.
    pub(super) signed: bool,
    /// The message, each line indented.
    message: &'a str,
    /// What it touched, where that was asked for.
    pub(super) paths: Vec<String>,
}

impl Commit<'_> {
    /// The lines of its message.
    pub(super) fn lines(&self) -> impl Iterator<Item = &str> {
        self.message.lines().map(|line| line.strip_prefix("    ").unwrap_or(line))
    }

    /// The first line of its message.
    pub(super) fn subject(&self) -> &str {
        self.lines().next().unwrap_or_default()
    }
}

/// Which commits a pass is over.
#[derive(Debug, Clone, Copy)]
pub(super) struct Range {
    pub(super) tip: Oid,
    /// Known already, with all before it.
    pub(super) since: Option<Oid>,
    /// Whether the paths that a commit touched are wanted.
    pub(super) paths: bool,
}

/// Calls `visit` with each commit of the range, newest first.
pub(super) fn walk(git: &Git, range: Range, visit: impl FnMut(Commit<'_>)) -> Result<(), LogError> {
    let mut args = vec!["-c", "core.useReplaceRefs=false", "log", "-z", "--first-parent"];
    args.extend(["--no-notes", "--no-decorate", "--no-show-signature", "--format=raw"]);
    args.push(if range.paths { "--name-only" } else { "--no-patch" });
    args.extend(["--diff-merges=first-parent", "--no-renames"]);
    let revisions = match range.since {
        Some(since) => format!("{since}..{}", range.tip),
        None => range.tip.to_string(),
    };
    // No paths behind it: limiting makes git look at every tree twice.
    args.extend([revisions.as_str(), "--"]);
    let mut stream = git.stream(&args)?;
    if let Some(stdout) = stream.take_stdout() {
        parse(BufReader::with_capacity(1 << 18, stdout), range.paths, visit)?;
    }
    Ok(stream.finish()?)
}

/// Refuses a clone that does not have all commits.
pub(super) fn whole(repository: &Repository) -> Result<(), LogError> {
    if repository.git2().is_shallow() { Err(LogError::Shallow) } else { Ok(()) }
}

fn parse(
    mut input: BufReader<impl Read>,
    paths: bool,
    mut visit: impl FnMut(Commit<'_>),
) -> Result<(), LogError> {
    let mut field = Vec::new();
    while read_field(&mut input, &mut field)? {
        let text = in_utf8(&field);
        let (head, message) = text.split_once("\n\n").unwrap_or((&text, ""));
        let (message, first_path) = if paths { split_message(message) } else { (message, "") };
        let mut commit = read_head(head)?;
        commit.message = message;
        if !first_path.is_empty() {
            commit.paths.push(first_path.to_owned());
            let mut path = Vec::new();
            // An empty field ends the paths; nothing else does, whatever files are called.
            while read_field(&mut input, &mut path)? && !path.is_empty() {
                commit.paths.push(String::from_utf8_lossy(&path).into_owned());
            }
        }
        visit(commit);
    }
    Ok(())
}

fn read_field(input: &mut impl BufRead, field: &mut Vec<u8>) -> Result<bool, LogError> {
    field.clear();
    let length = input.read_until(0, field).map_err(|error| LogError::Output(error.to_string()))?;
    if field.last() == Some(&0) {
        field.pop();
    }
    Ok(length > 0)
}

/// As text; bytes that are none are replaced.
fn in_utf8(bytes: &[u8]) -> Cow<'_, str> {
    // Most often all are, and finding that out is quicker than replacing what is not.
    std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

/// The indented lines, and the path that follows an empty one.
fn split_message(text: &str) -> (&str, &str) {
    let mut end = 0;
    for line in text.split_inclusive('\n') {
        if !line.starts_with("    ") {
            break;
        }
        end += line.len();
    }
    (&text[..end], text[end..].trim_start_matches('\n'))
}

fn read_head(head: &str) -> Result<Commit<'_>, LogError> {
    let unknown = || LogError::Output(head.lines().next().unwrap_or_default().to_owned());
    let oid = |hex: &str| Oid::from_str(hex).map_err(|_| unknown());
    let mut lines = head.lines();
    let id = lines.next().and_then(|line| line.strip_prefix("commit ")).ok_or_else(unknown)?;
    let mut commit = Commit {
        id: oid(id)?,
        parent: None,
        author: "",
        committer: "",
        time: 0,
        signed: false,
        message: "",
        paths: Vec::new(),
    };
    for line in lines {
        let Some((key, value)) = line.split_once(' ') else { continue };
        match key {
            "parent" if commit.parent.is_none() => commit.parent = Some(oid(value)?),
            "author" => commit.author = signature(value).0,
            "committer" => (commit.committer, commit.time) = signature(value),
            "gpgsig" | "gpgsig-sha256" => commit.signed = true,
            _ => {}
        }
    }
    Ok(commit)
}

/// `Name <email> seconds zone`.
fn signature(text: &str) -> (&str, i64) {
    let (person, when) = text.rsplit_once("> ").unwrap_or((text, ""));
    let person = &text[..(person.len() + 1).min(text.len())];
    (person, when.split(' ').next().and_then(|seconds| seconds.parse().ok()).unwrap_or_default())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Seen {
        committer: String,
        time: i64,
        signed: bool,
        lines: Vec<String>,
        paths: Vec<String>,
    }

    fn seen(output: &str) -> Vec<Seen> {
        let mut seen = Vec::new();
        parse(BufReader::new(output.as_bytes()), true, |commit| {
            let lines = commit.lines().map(str::to_owned).collect();
            let (committer, time, signed) = (commit.committer.to_owned(), commit.time, commit.signed);
            seen.push(Seen { committer, time, signed, lines, paths: commit.paths });
        })
        .unwrap();
        seen
    }

    #[test]
    fn commits_are_read_with_signature_message_and_paths() {
        let (one, two) = ("1".repeat(40), "2".repeat(40));
        let output = format!(
            "commit {one}\ntree {two}\nparent {two}\nparent {one}\nauthor A <a@x> 5 +0000\n\
             committer Jürgen <j@x> 1795156503 +0100\ngpgsig -----BEGIN\n \n parent {one}\n -----END\n\n    Subject\n    \n    \
             Key: value\n\nschedules/a é.json\0commit {two}\ntree {two}\0\0\
             commit {two}\ntree {two}\nauthor A <a@x> 5 +0000\ncommitter A <a@x> 7 +0000\n\n    Second\n\0\
             commit {two}\ntree {two}\nauthor A <a@x> 5 +0000\ncommitter broken\n\n\ndeploy.toml\0"
        );
        let all = seen(&output);
        assert_eq!(all.len(), 3);
        assert_eq!((all[0].committer.as_str(), all[0].time), ("Jürgen <j@x>", 1795156503));
        assert_eq!(all[0].lines, ["Subject", "", "Key: value"]);
        // A file that is called like a commit is a file.
        assert_eq!(all[0].paths, ["schedules/a é.json".to_owned(), format!("commit {two}\ntree {two}")]);
        assert_eq!(all[1].lines, ["Second"]);
        assert_eq!((all[2].committer.as_str(), all[2].time), ("broken", 0));
        assert_eq!((all[2].lines.len(), all[2].paths.as_slice()), (0, ["deploy.toml".to_owned()].as_slice()));
        assert_eq!(all.iter().map(|commit| commit.signed).collect::<Vec<_>>(), [true, false, false]);
    }

    #[test]
    fn the_first_parent_counts() {
        let (one, two) = ("1".repeat(40), "2".repeat(40));
        let head = format!("commit {one}\ntree {one}\nparent {two}\nparent {one}");
        assert_eq!(read_head(&head).unwrap().parent.unwrap().to_string(), two);
    }

    #[test]
    fn unknown_output_is_shown() {
        let error = parse(BufReader::new(&b"fatal: what\0"[..]), false, |_| {}).unwrap_err();
        assert_eq!(error.to_string(), "cannot read the output of `git log`: fatal: what");
    }
}
