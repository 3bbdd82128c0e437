//! Whether who acted was allowed to, by the people and servers of main at the
//! commit that the record names.

use git2::{Commit, Oid};

use super::finding::{FindingKind as Kind, Findings, short};
use super::people::{AsOf, People};
use super::signature::Signature;
use super::step::Act;
use crate::repository::records::{Action, Kind as RecordKind, Person, Record};
use crate::repository::servers::ServerClass;
use crate::repository::users::{User, Users};

/// Who made a commit, as it says itself and as its signature proves.
pub(super) struct Made {
    pub(super) commit: Oid,
    pub(super) committer: String,
    pub(super) author: String,
    pub(super) signature: Option<Signature>,
}

impl Made {
    pub(super) fn of(commit: &Commit<'_>, signature: Option<Signature>) -> Self {
        let email = |who: git2::Signature<'_>| String::from_utf8_lossy(who.email_bytes()).into_owned();
        Self {
            commit: commit.id(),
            committer: email(commit.committer()),
            author: email(commit.author()),
            signature,
        }
    }

    /// Who made it: whose key it is, where it is signed with a key that is known; else whose
    /// address it is.
    pub(super) fn person<'u>(&self, users: &'u Users) -> Option<&'u User> {
        self.signer(users).or_else(|| users.by_email(&self.committer))
    }

    fn signer<'u>(&self, users: &'u Users) -> Option<&'u User> {
        match &self.signature {
            Some(Signature::By(keys)) => keys.iter().find_map(|key| users.by_key(key)),
            _ => None,
        }
    }

    /// Looks at the signature, as the people and settings of main had it at a commit.
    pub(super) fn check_signature(&self, as_of: &AsOf, users: &Users, findings: &mut Findings) {
        let at = short(as_of.commit);
        let message = match &self.signature {
            None if as_of.require_signed => {
                format!("it is not signed, and deploy.toml at {at} asks for signed commits")
            }
            None => return findings.unproven.unsigned += 1,
            Some(Signature::Unchecked) => return findings.unproven.unchecked_signatures += 1,
            Some(Signature::Bad(why)) => format!("its signature is not good: {why}"),
            Some(Signature::By(keys)) => {
                if self.signer(users).is_some() {
                    return findings.signed += 1;
                }
                let has_keys =
                    users.by_email(&self.committer).is_some_and(|user| !user.signing_keys.is_empty());
                if !as_of.require_signed && !has_keys {
                    return findings.unproven.unknown_keys += 1;
                }
                let key = keys.first().map(ToString::to_string).unwrap_or_default();
                format!("it is signed with the key `{key}`, which is nobody's in users.toml at {at}")
            }
        };
        findings.add(Kind::Signature, self.commit, None, message);
    }
}

/// Checks everything that a commit of the records did. `newest` is the newest commit of main
/// that a record has named so far.
pub(super) fn check(
    made: &Made,
    acts: &[Act],
    newest: &mut Option<Oid>,
    people: &mut People<'_>,
    findings: &mut Findings,
) -> Result<(), git2::Error> {
    for act in acts {
        if let Act::Begun(record) = act {
            begun(made, record, newest, people, findings)?;
        }
    }
    for act in acts {
        match act {
            Act::Went(record) => went(made, record, *newest, people, findings)?,
            Act::Unpinned => findings.unproven.unpinned += 1,
            Act::Archived => archived(made, *newest, people, findings)?,
            Act::Forgotten => findings.unproven.forgotten += 1,
            Act::Begun(_) => {}
        }
    }
    // By what was known to the branch then: a key that users.toml has lost is nobody's any more.
    let of_act = |act: &Act| match act {
        Act::Begun(record) | Act::Went(record) => settings(record),
        Act::Unpinned | Act::Archived | Act::Forgotten => None,
    };
    let named = newest.or_else(|| acts.iter().find_map(of_act));
    match named.map(|commit| people.at(commit)).transpose()?.flatten() {
        Some(as_of) => match &as_of.users {
            Ok(users) => made.check_signature(&as_of, users, findings),
            Err(_) => findings.unproven.unsigned += 1,
        },
        None => findings.unproven.unsigned += 1,
    }
    Ok(())
}

fn settings(record: &Record) -> Option<Oid> {
    Oid::from_str(record.settings.as_deref()?).ok()
}

/// Versions left the lists, which is for Administration.
fn archived(
    made: &Made,
    newest: Option<Oid>,
    people: &mut People<'_>,
    findings: &mut Findings,
) -> Result<(), git2::Error> {
    let as_of = newest.map(|commit| people.at(commit)).transpose()?.flatten();
    let Some(as_of) = as_of else { return Ok(()) };
    let Ok(users) = &as_of.users else { return Ok(()) };
    let user = made.person(users);
    if users.users.is_empty() || user.is_some_and(|user| user.role.administers()) {
        return Ok(());
    }
    let who = user.map_or(&made.committer, |user| &user.name).escape_debug();
    let message = format!("`{who}` archived versions, which is for Administration");
    findings.add(Kind::Role, made.commit, None, message);
    Ok(())
}

/// Somebody asked for it, and somebody ran it.
fn begun(
    made: &Made,
    record: &Record,
    newest: &mut Option<Oid>,
    people: &mut People<'_>,
    findings: &mut Findings,
) -> Result<(), git2::Error> {
    let mut add = |kind, message: String| findings.add(kind, made.commit, record.id, message);
    let Some(commit) = settings(record) else {
        add(Kind::Missing, "it names no commit of main whose people and servers applied".to_owned());
        return Ok(());
    };
    let Some(as_of) = people.at(commit)? else {
        let message =
            format!("the commit {} of main, whose people and servers applied, is not there", short(commit));
        add(Kind::Missing, message);
        return Ok(());
    };
    if !as_of.on_main {
        let message = format!("its people and servers are those of {}, which is not on main", short(commit));
        add(Kind::OffMain, message);
    }
    for (kind, message) in allowed(made, record, &as_of, people) {
        add(kind, message);
    }
    // Records are made after a look at main: one that names an older commit than another before
    // it must be allowed by what was known then, too.
    match *newest {
        Some(known) if known != commit && people.is_after(known, commit)? => {
            if let Some(later) = people.at(known)? {
                for (kind, message) in allowed(made, record, &later, people) {
                    let message = format!("{message} (known to the branch when it was made)");
                    add(kind, message);
                }
            }
        }
        Some(known) if !people.is_after(commit, known)? => {}
        _ if as_of.on_main => *newest = Some(commit),
        _ => {}
    }
    if record.offline {
        findings.unproven.offline += 1;
    }
    if as_of.users.as_ref().is_ok_and(|users| users.users.is_empty()) {
        findings.unproven.without_roles += 1;
    }
    Ok(())
}

/// What speaks against it.
fn allowed(made: &Made, record: &Record, as_of: &AsOf, people: &mut People<'_>) -> Vec<(Kind, String)> {
    let at = short(as_of.commit);
    let users = match &as_of.users {
        Ok(users) => users,
        Err(error) => return vec![(Kind::Damaged, format!("users.toml at {at} cannot be read: {error}"))],
    };
    let ran = record.runner.as_ref().unwrap_or(&record.user);
    if users.users.is_empty() {
        let same = ran.email.eq_ignore_ascii_case(&made.committer);
        let message =
            format!("`{}` is said to have done it, and `{}` committed it", ran.email, made.committer);
        return if same { Vec::new() } else { vec![(Kind::Person, message)] };
    }
    let mut against = Vec::new();
    let Some(user) = find(users, &record.user, as_of) else {
        let message = format!("`{}` is nobody in users.toml at {at}", record.user.email.escape_debug());
        return vec![(Kind::Person, message)];
    };
    let name = user.name.escape_debug();
    if record.user.role.as_deref() != Some(user.role.as_str()) {
        let said = record.user.role.as_deref().unwrap_or("none").escape_debug();
        let message =
            format!("it says that `{name}` had the role {said}; users.toml at {at} says {}", user.role);
        against.push((Kind::Role, message));
    }
    match people.class(as_of.commit, &record.server) {
        None => {
            let message = format!(
                "nothing on main at {at} says what kind of server `{}` is",
                record.server.escape_debug()
            );
            against.push((Kind::Missing, message));
        }
        Some(class) => {
            // What is adopted was imported; the server was not touched.
            let (may, what) = match record.action {
                Action::Import | Action::Adopt => (user.role.imports_from(class), "import from"),
                Action::Simulate => (true, ""),
                _ => (user.role.deploys_to(class), "change"),
            };
            if !may {
                let message = format!(
                    "`{name}` had the role {} at {at}, which may not {what} servers of the {} class",
                    user.role,
                    class.as_str()
                );
                against.push((Kind::Role, message));
            }
            against.extend(off_main(record, class, as_of, people));
        }
    }
    let schedule = record.original_name.as_ref().unwrap_or(&record.name);
    let alone =
        record.kind == RecordKind::Schedule && record.action == Action::Deploy && record.package.is_none();
    if alone
        && !user.role.administers()
        && let Some(package) = people.package_of(as_of.commit, schedule)
    {
        let message = format!(
            "it belonged to package `{}` at {at} and was deployed alone, which is for Administration",
            package.escape_debug()
        );
        against.push((Kind::Role, message));
    }
    let runner = match &record.runner {
        None => user,
        Some(runner) => match find(users, runner, as_of) {
            None => {
                let message =
                    format!("`{}`, who ran it, is nobody in users.toml at {at}", runner.email.escape_debug());
                against.push((Kind::Person, message));
                return against;
            }
            Some(runner) => {
                if runner.name != user.name && !runner.runner {
                    let message = format!(
                        "`{}` ran what `{name}` had asked for, without `runner` in users.toml at {at}",
                        runner.name.escape_debug()
                    );
                    against.push((Kind::Role, message));
                }
                runner
            }
        },
    };
    if made.person(users).is_none_or(|made| made.name != runner.name) {
        let by = match made.person(users) {
            Some(user) => user.name.clone(),
            None => made.committer.clone(),
        };
        let message = format!(
            "`{}` is said to have done it, and `{}` committed it",
            runner.name.escape_debug(),
            by.escape_debug()
        );
        against.push((Kind::Person, message));
    }
    against
}

/// A production server took something that is neither on main nor on a ref that it takes.
fn off_main(
    record: &Record,
    class: ServerClass,
    as_of: &AsOf,
    people: &People<'_>,
) -> Option<(Kind, String)> {
    let is_deployment = record.action == Action::Deploy && record.kind != RecordKind::Script;
    if class != ServerClass::Production || !is_deployment || !as_of.production_refs.is_empty() {
        return None;
    }
    let commit = Oid::from_str(record.source.commit.as_deref()?).ok()?;
    (!people.is_on_main(commit)).then(|| {
        let message =
            format!("a production server was given the commit {}, which is not on main", short(commit));
        (Kind::OffMain, message)
    })
}

/// The person of a record: by address, or by name where the key decides.
fn find<'u>(users: &'u Users, person: &Person, as_of: &AsOf) -> Option<&'u User> {
    let by_name = || users.users.iter().find(|user| as_of.require_signed && user.name == person.name);
    users.by_email(&person.email).or_else(by_name)
}

/// An operation went on: by who ran it, or by somebody who settled what another one left.
fn went(
    made: &Made,
    record: &Record,
    newest: Option<Oid>,
    people: &mut People<'_>,
    findings: &mut Findings,
) -> Result<(), git2::Error> {
    let commit = match (newest, settings(record)) {
        (Some(known), Some(own)) if people.is_on_main(own) && people.is_after(own, known)? => own,
        (Some(commit), _) | (None, Some(commit)) => commit,
        (None, None) => return Ok(()),
    };
    let Some(as_of) = people.at(commit)? else { return Ok(()) };
    let Ok(users) = &as_of.users else { return Ok(()) };
    if users.users.is_empty() {
        return Ok(());
    }
    let ran = record.runner.as_ref().unwrap_or(&record.user);
    let at = short(as_of.commit);
    let message = match made.person(users) {
        Some(user) if find(users, ran, &as_of).is_some_and(|ran| ran.name == user.name) => return Ok(()),
        // Whoever runs what others had asked for also records that it failed.
        Some(user) if user.runner && record.scheduled.is_some() => return Ok(()),
        Some(user) => match people.class(as_of.commit, &record.server) {
            Some(class) if !user.role.deploys_to(class) => format!(
                "`{}` went on with it and had the role {} at {at}, which may not change servers of the {} class",
                user.name.escape_debug(),
                user.role,
                class.as_str()
            ),
            _ => return Ok(()),
        },
        // Who began it may have left since.
        None if made.committer.eq_ignore_ascii_case(&ran.email) => return Ok(()),
        None => {
            let committer = made.committer.escape_debug();
            let message = format!("`{committer}` went on with it, who is nobody in users.toml at {at}");
            findings.add(Kind::Person, made.commit, record.id, message);
            return Ok(());
        }
    };
    findings.add(Kind::Role, made.commit, record.id, message);
    Ok(())
}
