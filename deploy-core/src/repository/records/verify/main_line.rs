//! Main as far as trust rests on it: who changed the people, the settings and the
//! servers, by the people there were just before.

use git2::Oid;

use super::finding::{FindingKind as Kind, Findings, short};
use super::people::People;
use super::roles::Made;
use super::{Signatures, VerifyError};
use crate::repository::Repository;
use crate::repository::layout::SERVERS;
use crate::repository::{settings, users};

/// The commits on main's line that changed them, oldest first.
pub(super) fn commits(repository: &Repository) -> Result<Vec<Oid>, VerifyError> {
    let tip = repository.shared_main()?.0.to_string();
    let args = [
        "log",
        "--first-parent",
        "--reverse",
        "--format=%H",
        &tip,
        "--",
        users::FILE,
        settings::FILE,
        SERVERS,
    ];
    let log = repository.git().run(&args)?;
    Ok(log.lines().filter_map(|line| Oid::from_str(line).ok()).collect())
}

/// Checks them; the first one is believed.
pub(super) fn check(
    repository: &Repository,
    commits: &[Oid],
    signatures: &Signatures,
    people: &mut People<'_>,
    findings: &mut Findings,
) -> Result<(), git2::Error> {
    for id in commits {
        let commit = repository.git2().find_commit(*id)?;
        let Ok(parent) = commit.parent(0) else { continue };
        let Some(before) = people.at(parent.id())? else { continue };
        let Ok(known) = &before.users else { continue };
        if known.users.is_empty() {
            findings.unproven.without_roles += 1;
            continue;
        }
        let made = Made::of(&commit, signatures.get(id).cloned());
        made.check_signature(&before, known, findings);
        let file = |tree: git2::Tree<'_>| tree.get_name(users::FILE).map(|entry| entry.id());
        if file(parent.tree()?) == file(commit.tree()?) {
            continue;
        }
        // Where the git host commits for somebody, that one is the author.
        let by = made.person(known).or_else(|| known.by_email(&made.author));
        let at = short(parent.id());
        match by {
            Some(user) if user.role.administers() => {}
            Some(user) => {
                let message = format!(
                    "it changes users.toml, and is by `{}` with the role {} at {at}: that is for Administration",
                    user.name.escape_debug(),
                    user.role
                );
                findings.add(Kind::Role, *id, None, message);
            }
            None => {
                let message = format!(
                    "it changes users.toml, and is by `{}`, who is nobody there at {at}",
                    made.author.escape_debug()
                );
                findings.add(Kind::Person, *id, None, message);
            }
        }
    }
    Ok(())
}
