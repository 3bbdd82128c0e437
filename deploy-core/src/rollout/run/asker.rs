//! Who asked for a rollout: the last committer of its file, with the role of today.

use crate::repository::Repository;
use crate::repository::git::GitError;
use crate::repository::records::Person;
use crate::repository::users::{Identity, identify_email};
use crate::rollout::path;

/// Who asked for a rollout.
#[derive(Debug, Clone)]
pub(super) struct Asker {
    /// As records name them.
    pub(super) person: Person,
    /// What they may do now, or why they are nobody here.
    pub(super) identity: Result<Identity, String>,
}

impl Asker {
    /// The last committer of a rollout's file.
    pub(super) fn of(repository: &Repository, commit: git2::Oid, id: &str) -> Result<Self, GitError> {
        let path = format!(":(literal){}", path(id));
        let commit = commit.to_string();
        let args = ["log", "-1", "--no-show-signature", "--format=%cn%x00%ce", &commit, "--", &path];
        let line = repository.git().run(&args)?;
        let (name, email) = line.trim_end().split_once('\0').unwrap_or_default();
        let identity = identify_email(repository, name, email).map_err(|error| error.to_string());
        let person = match &identity {
            Ok(identity) => identity.person.clone(),
            Err(_) => Person { name: name.to_owned(), email: email.to_owned(), opcon_user: None, role: None },
        };
        Ok(Self { person, identity })
    }

    /// Whether it is the one who runs it.
    pub(super) fn is(&self, other: &Person) -> bool {
        self.person.email.eq_ignore_ascii_case(&other.email) || self.person.name == other.name
    }
}
