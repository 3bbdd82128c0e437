//! What records rest on: the content and the rules that they name are there, and on main
//! where they say so.

use std::collections::{BTreeMap, HashSet};
use std::io::{BufRead, BufReader};

use git2::Oid;

use super::VerifyError;
use super::finding::{FindingKind as Kind, Findings, short};
use super::people::People;
use super::step::Act;
use crate::repository::Repository;
use crate::repository::records::RecordId;

/// The first record that names something.
#[derive(Debug, Clone)]
struct Named {
    record: RecordId,
    /// The commit of the branch that holds the record.
    commit: Oid,
    what: String,
}

/// All that records name.
#[derive(Debug, Default)]
pub(super) struct Sources {
    blobs: BTreeMap<Oid, Named>,
    /// Blobs that records have from commits: they must be reachable if those are on main.
    of_commits: BTreeMap<Oid, Oid>,
    commits: BTreeMap<Oid, Named>,
    /// Names that are none.
    wrong: Vec<Named>,
}

impl Sources {
    /// Takes what a record names.
    pub(super) fn add(&mut self, act: &Act, commit: Oid) {
        let Act::Begun(record) = act else { return };
        let named = |what: String| Named { record: record.id, commit, what };
        let blob = record.source.blob.as_deref().map(|blob| (blob, "its content".to_owned()));
        let rules = record.rules.iter().map(|rule| (rule.blob.as_str(), format!("the rule `{}`", rule.name)));
        for (blob, what) in blob.into_iter().chain(rules) {
            match Oid::from_str(blob) {
                Ok(id) => drop(self.blobs.entry(id).or_insert_with(|| named(what))),
                Err(_) => self.wrong.push(named(what)),
            }
        }
        let Some(source) = &record.source.commit else { return };
        match (Oid::from_str(source), record.source.blob.as_deref().map(Oid::from_str)) {
            (Ok(source), blob) => {
                self.commits.entry(source).or_insert_with(|| named("the commit of its content".to_owned()));
                if let Some(Ok(blob)) = blob {
                    self.of_commits.insert(blob, source);
                }
            }
            (Err(_), _) => self.wrong.push(named("the commit of its content".to_owned())),
        }
    }

    /// Looks whether it is there.
    pub(super) fn check(
        self,
        repository: &Repository,
        people: &People<'_>,
        findings: &mut Findings,
    ) -> Result<(), VerifyError> {
        for Named { record, commit, what } in self.wrong {
            findings.add(
                Kind::Missing,
                commit,
                record,
                format!("{what} is named by something that is no object"),
            );
        }
        let objects = repository.git2().odb()?;
        let there = |id: &Oid| objects.exists(*id);
        for (id, named) in self.blobs.iter().chain(&self.commits).filter(|(id, _)| !there(id)) {
            let message = format!("{} ({}) is not in this clone", named.what, short(*id));
            findings.add(Kind::Missing, named.commit, named.record, message);
        }
        let mut wanted: HashSet<Oid> = self
            .of_commits
            .into_iter()
            .filter(|(blob, commit)| there(blob) && people.is_on_main(*commit))
            .map(|(blob, _)| blob)
            .collect();
        unreachable(repository, &mut wanted)?;
        for (id, named) in self.blobs.iter().filter(|(id, _)| wanted.contains(id)) {
            let message = format!(
                "{} ({}) is said to be of a commit on main, and is in none of it",
                named.what,
                short(*id)
            );
            findings.add(Kind::OffMain, named.commit, named.record, message);
        }
        Ok(())
    }
}

/// Leaves those that no commit of main reaches.
fn unreachable(repository: &Repository, wanted: &mut HashSet<Oid>) -> Result<(), VerifyError> {
    if wanted.is_empty() {
        return Ok(());
    }
    let (shared, tip) = (repository.shared_main()?.0.to_string(), repository.tip()?.commit.to_string());
    let mut stream = repository.git().stream(&["rev-list", "--objects", &shared, &tip])?;
    let Some(stdout) = stream.take_stdout() else { return Ok(()) };
    let mut lines = BufReader::new(stdout);
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = lines.read_until(b'\n', &mut line);
        let read = read.map_err(|error| git2::Error::from_str(&error.to_string()))?;
        if read == 0 {
            break;
        }
        let name = line.get(..40).and_then(|name| std::str::from_utf8(name).ok());
        if let Some(id) = name.and_then(|name| Oid::from_str(name).ok()) {
            wanted.remove(&id);
        }
    }
    Ok(stream.finish()?)
}
