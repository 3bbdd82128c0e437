//! "What changed", in a few words: written into the trailer of the commit that
//! makes a version, else worked out when it is asked for, and remembered.

use std::collections::HashMap;
use std::fs;
use std::io::Write;

use git2::Oid;

use super::history::Version;
use super::{Repository, cache_lines};
use crate::definition::Definition;
use crate::definition::diff::diff;

/// The trailer that holds it: `Schedule: <file stem> | <what changed>`.
pub const TRAILER: &str = "Schedule";

/// The words for a definition in the place of something that was none.
pub const AGAIN: &str = "a definition again";

/// The words for a first version.
pub fn of_new(definition: &Definition) -> String {
    let jobs = definition.schedules()[0]["jobList"].as_array().map_or(0, Vec::len);
    format!("new: {jobs} {}", if jobs == 1 { "job" } else { "jobs" })
}

/// The words for a change.
pub fn between(before: &Definition, after: &Definition) -> String {
    let difference = diff(before, after);
    match difference.changes.is_empty() {
        true => "only what the exporter writes: ids, stamps, dates".to_owned(),
        false => difference.in_words(),
    }
}

/// Appends a trailer line.
pub fn push_trailer(message: &mut String, stem: &str, what: &str) {
    message.push_str(&format!("{TRAILER}: {stem} | {what}\n"));
}

/// The words of a trailer for a file stem, where a commit message has one.
pub fn in_message<'m>(message: &'m str, trailer: &str, stem: &str) -> Option<&'m str> {
    message.lines().rev().find_map(|line| {
        line.strip_prefix(trailer)?.strip_prefix(": ")?.strip_prefix(stem)?.strip_prefix(" | ")
    })
}

/// What a version changed, against the one before it.
pub fn of_version(
    repository: &Repository,
    stem: &str,
    before: Option<&Version>,
    version: &Version,
) -> Result<String, git2::Error> {
    let Some(blob) = version.blob else { return Ok("deleted".to_owned()) };
    if let Some(before) = before
        && before.path != version.path
        && before.blob == Some(blob)
    {
        return Ok(format!("moved from {}", before.path));
    }
    let git = repository.git2();
    let commit = git.find_commit(version.commit)?;
    if let Some(words) = commit.message().ok().and_then(|message| in_message(message, TRAILER, stem)) {
        return Ok(words.to_owned());
    }
    let before = before.and_then(|before| before.blob);
    if let Some(words) = Remembered::read(repository, blob).get(before) {
        return Ok(words);
    }
    let read = |blob: Oid| Ok::<_, git2::Error>(Definition::read(git.find_blob(blob)?.content()));
    let words = match (before.map(read).transpose()?, read(blob)?) {
        (_, Err(error)) => format!("not a definition: {error}"),
        (None, Ok(after)) => of_new(&after),
        (Some(Err(_)), Ok(_)) => AGAIN.to_owned(),
        (Some(Ok(before)), Ok(after)) => between(&before, &after),
    };
    Remembered::add(repository, before, blob, &words);
    Ok(words)
}

/// Words that were worked out: lines `<blob before> <blob> <words>` in one of 256 files.
struct Remembered {
    words: HashMap<Option<Oid>, String>,
}

impl Remembered {
    fn file(blob: Oid) -> String {
        format!("words/{:02x}", blob.as_bytes()[0])
    }

    fn read(repository: &Repository, blob: Oid) -> Self {
        let bytes = repository.read_cache(&Self::file(blob)).unwrap_or_default();
        let (id, none) = (blob.to_string(), Oid::ZERO_SHA1);
        let words = cache_lines::read(&bytes).filter_map(|line| {
            let (before, rest) = line.split_once(' ')?;
            let words = rest.strip_prefix(&id)?.strip_prefix(' ')?;
            let before = Oid::from_str(before).ok()?;
            Some((Some(before).filter(|before| *before != none), words.to_owned()))
        });
        Self { words: words.collect() }
    }

    fn get(mut self, before: Option<Oid>) -> Option<String> {
        self.words.remove(&before)
    }

    /// Appended in one write; what cannot be remembered is worked out again.
    fn add(repository: &Repository, before: Option<Oid>, blob: Oid, words: &str) {
        let path = repository.private_dir().join(Self::file(blob));
        let line = cache_lines::line(&format!("{} {blob} {words}", before.unwrap_or(Oid::ZERO_SHA1)));
        let append = || {
            fs::create_dir_all(path.parent()?).ok()?;
            let mut file = fs::File::options().append(true).create(true).open(&path).ok()?;
            file.write_all(line.as_bytes()).ok()
        };
        let _ = append();
    }
}
