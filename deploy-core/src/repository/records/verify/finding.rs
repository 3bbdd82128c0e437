//! What verifying finds, and what it cannot know.

use std::collections::HashSet;

use git2::Oid;
use serde::Serialize;

use crate::repository::records::RecordId;

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingKind {
    /// Commits that were seen on the branch are gone.
    Rewritten,
    /// The branch has a commit with two parents.
    Merge,
    /// A file changed that no block tells of, or not as the block tells it.
    Untold,
    /// A block tells of something that did not happen.
    NotDone,
    /// A step that no operation takes.
    Step,
    /// Content does not have the hash that its record gives.
    Hash,
    /// A file cannot be read.
    Damaged,
    /// Something that a record rests on is not there.
    Missing,
    /// A commit of main that a record names is not on main.
    OffMain,
    /// Who is said to have acted is nobody, or not who the record says.
    Person,
    /// A role did not allow it.
    Role,
    /// A commit is not signed, or not by who it should be.
    Signature,
}

impl FindingKind {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rewritten => "rewritten",
            Self::Merge => "merge",
            Self::Untold => "untold",
            Self::NotDone => "not-done",
            Self::Step => "step",
            Self::Hash => "hash",
            Self::Damaged => "damaged",
            Self::Missing => "missing",
            Self::OffMain => "off-main",
            Self::Person => "person",
            Self::Role => "role",
            Self::Signature => "signature",
        }
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Finding {
    /// What kind of thing.
    pub kind: FindingKind,
    /// The commit that shows it.
    #[serde(serialize_with = "oid")]
    pub commit: Option<Oid>,
    /// The record it is about.
    pub record: Option<RecordId>,
    /// What is wrong.
    pub message: String,
}

fn oid<S: serde::Serializer>(oid: &Option<Oid>, serializer: S) -> Result<S::Ok, S::Error> {
    oid.map(|oid| oid.to_string()).serialize(serializer)
}

/// How often something could be neither proved nor disproved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Unproven {
    /// Commits without a signature: who made them is what they say themselves.
    pub unsigned: usize,
    /// Signatures by a key that users.toml does not know, of people who have none there.
    pub unknown_keys: usize,
    /// Signatures that could not be looked at here: a GPG key that is not in the key ring, or x509.
    pub unchecked_signatures: usize,
    /// Actions while users.toml named nobody.
    pub without_roles: usize,
    /// Actions with the remote left out: nobody else could see them at the time.
    pub offline: usize,
    /// Pins lifted by hand: they name no commit of main to go by.
    pub unpinned: usize,
    /// Installations that were taken out of the records.
    pub forgotten: usize,
    /// Operations that have begun and not ended.
    pub unfinished: usize,
    /// Commits of this clone that the remote does not have yet; they are not looked at.
    pub not_pushed: usize,
}

impl Unproven {
    /// Each in a sentence; and what no clone can know.
    pub fn sentences(&self) -> Vec<String> {
        let counted = [
            (self.unsigned, "commits without a signature", "who made them is what they say themselves"),
            (self.unknown_keys, "commits signed with keys that users.toml does not know", "anybody has keys"),
            (
                self.unchecked_signatures,
                "signatures that cannot be looked at here",
                "of GPG keys that are not in the key ring, or of x509",
            ),
            (self.without_roles, "actions while users.toml named nobody", "roles were off"),
            (self.offline, "actions with the remote left out", "nobody else could see them at the time"),
            (self.unpinned, "pins lifted by hand", "they name no commit of main to be judged by"),
            (self.forgotten, "installations forgotten", "they name no commit of main to be judged by"),
            (self.unfinished, "operations under way or cut off", "`opcon-deploy doctor` knows more"),
            (self.not_pushed, "commits that are here and not on the remote", "they were not looked at"),
        ];
        let said = counted.into_iter().filter(|(count, ..)| *count > 0);
        let said = said.map(|(count, what, why)| format!("{what} ({count}): {why}"));
        let always = [
            "what was removed from the branches before this clone first saw them",
            "whether the git host protects the branches, and who may push to them",
            "times: they are those of the computers that made the commits",
        ];
        said.chain(always.map(str::to_owned)).collect()
    }
}

/// The result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The branch that was looked at.
    pub branch: String,
    /// Its last commit; none where there is no branch yet.
    pub tip: Option<Oid>,
    /// How many commits it has.
    pub commits: usize,
    /// How many of them are signed by the very person they should be.
    pub signed: usize,
    /// How many records there are.
    pub records: usize,
    /// What is wrong, in the order of the branch.
    pub findings: Vec<Finding>,
    /// What could not be known.
    pub unproven: Unproven,
}

/// What was found so far; each thing once.
#[derive(Debug, Default)]
pub(super) struct Findings {
    all: Vec<Finding>,
    known: HashSet<Finding>,
    pub(super) unproven: Unproven,
    pub(super) signed: usize,
}

impl Findings {
    pub(super) fn add(
        &mut self,
        kind: FindingKind,
        commit: impl Into<Option<Oid>>,
        record: impl Into<Option<RecordId>>,
        message: impl Into<String>,
    ) {
        let finding = Finding { kind, commit: commit.into(), record: record.into(), message: message.into() };
        if self.known.insert(finding.clone()) {
            self.all.push(finding);
        }
    }

    pub(super) fn report(self, tip: Option<Oid>, commits: usize, records: usize, branch: String) -> Report {
        let (findings, unproven, signed) = (self.all, self.unproven, self.signed);
        Report { branch, tip, commits, signed, records, findings, unproven }
    }
}

/// A commit in eight digits.
pub(super) fn short(commit: Oid) -> String {
    commit.to_string()[..8].to_owned()
}
