//! Changing the people: every change is one commit of users.toml.

use super::{Administering, FILE, Identity, Role, RoleError, SigningKey, User, UserProblem, Users};
use crate::repository::Repository;
use crate::repository::change::{Change, CommitError, Committed, Content, Interrupted};
use crate::repository::package::CommitOptions;
use crate::repository::toml_file::{TomlError, nearest, read_toml};

/// What is to be known of a person; what is left out stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserEntry {
    /// E-mail addresses to add.
    pub emails: Vec<String>,
    /// What they may do; a new person needs it.
    pub role: Option<Role>,
    /// Their user name in OpCon.
    pub opcon_user: Option<String>,
    /// Keys to add that sign their commits.
    pub signing_keys: Vec<String>,
    /// Whether they may read the audit.
    pub view_audit: Option<bool>,
    /// Whether they may run what others asked for.
    pub runner: Option<bool>,
}

/// What to do with a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserAction {
    /// Enter them, or change what is known of them.
    Put(UserEntry),
    /// Take them out.
    Remove,
}

/// The people were changed, or were so already.
#[derive(Debug)]
pub struct UserChanged {
    /// The person, as they are written.
    pub name: String,
    /// What changed, in a few words; empty where nothing did.
    pub what: String,
    /// The person afterwards; none where they were taken out.
    pub user: Option<User>,
    /// The commit; none where nothing changed.
    pub committed: Option<Committed>,
    /// What a killed command had left and this one has finished.
    pub recovered: Option<Interrupted>,
}

/// Why the people were not changed.
#[derive(Debug, thiserror::Error)]
pub enum UserError {
    /// It is for Administration.
    #[error(transparent)]
    Role(#[from] RoleError),
    /// No such person.
    #[error("nobody in {FILE} on `{branch}` is called `{name}`{}", .near.as_ref().map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
    Unknown {
        /// As it was written.
        name: String,
        /// Where it was looked for.
        branch: String,
        /// The nearest name.
        near: Option<String>,
    },
    /// A new person needs an address and a role.
    #[error("`{name}` is new: an e-mail address and a role are needed")]
    Incomplete {
        /// The person.
        name: String,
    },
    /// Nobody could change the people any more.
    #[error("`{name}` is the last with the role Administration: nobody could change the people any more")]
    LastAdministrator {
        /// The person.
        name: String,
    },
    /// The first person switches roles on and must be able to go on.
    #[error(
        "the first person of all must have the role Administration: nobody could change the people any more"
    )]
    FirstAdministrator,
    /// What was given cannot work.
    #[error("{0}; nothing was changed")]
    Problem(UserProblem),
    /// The file is wrong.
    #[error(transparent)]
    Toml(#[from] TomlError),
    /// The file could not be written.
    #[error("cannot write {FILE}: {0}")]
    Write(#[source] toml_edit::TomlError),
    /// The commit was not made.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// The repository could not be read.
    #[error("cannot read the repository: {}", .0.message())]
    Object(#[from] git2::Error),
}

/// Changes one person, on behalf of somebody.
pub fn change_user(
    repository: &Repository,
    by: &Identity,
    name: &str,
    action: &UserAction,
    options: &CommitOptions,
    waiting: &dyn Fn(),
) -> Result<UserChanged, UserError> {
    by.may_administer(Administering::Users)?;
    let mut commit = Change::begin(repository, &options.destination, waiting)?;
    let text = commit.read(FILE)?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let before: Users = match &text {
        Some(text) => read_toml(FILE, text)?,
        None => Users::default(),
    };
    let mut after = before.clone();
    let known = after.users.iter().position(|user| user.name.to_lowercase() == name.to_lowercase());
    let (name, what) = match (action, known) {
        (UserAction::Remove, Some(at)) => (after.users.remove(at).name, "removed".to_owned()),
        (UserAction::Remove, None) => return Err(unknown(&before, name, commit.branch())),
        (UserAction::Put(entry), Some(at)) => {
            (before.users[at].name.clone(), entry.apply_to(&mut after.users[at]))
        }
        (UserAction::Put(entry), None) => {
            let user = entry.new_user(name)?;
            let role = user.role;
            after.users.push(user);
            (name.to_owned(), format!("added with the role {role}"))
        }
    };
    refuse_what_cannot_work(&before, &after, &name)?;
    let user = after.users.iter().find(|user| user.name == name).cloned();
    let recovered = commit.recovered().cloned();
    let committed = if before == after {
        None
    } else {
        let text = after.write(text.as_deref()).map_err(UserError::Write)?;
        commit.put(FILE, Content::Bytes(text.into_bytes()));
        commit.commit(&message(options, &name, &what), options.push)?
    };
    Ok(UserChanged { name, what, user, committed, recovered })
}

fn message(options: &CommitOptions, name: &str, what: &str) -> String {
    match options.message.as_deref().map(str::trim).filter(|message| !message.is_empty()) {
        Some(message) => format!("{message}\n\nUser: {} | {what}\n", name.escape_debug()),
        None => format!("User {}: {what}\n", name.escape_debug()),
    }
}

fn unknown(users: &Users, name: &str, branch: &str) -> UserError {
    let names: Vec<&str> = users.users.iter().map(|user| user.name.as_str()).collect();
    UserError::Unknown {
        name: name.to_owned(),
        branch: branch.to_owned(),
        near: nearest(name, &names).map(str::to_owned),
    }
}

fn refuse_what_cannot_work(before: &Users, after: &Users, name: &str) -> Result<(), UserError> {
    let administered = |users: &Users| users.users.iter().any(|user| user.role == Role::Administration);
    if administered(before) && !administered(after) {
        return Err(UserError::LastAdministrator { name: name.to_owned() });
    }
    if before.users.is_empty() && !administered(after) {
        return Err(UserError::FirstAdministrator);
    }
    let known = before.problems();
    let new = after.problems().into_iter().find(|problem| !known.contains(problem));
    new.map_or(Ok(()), |problem| Err(UserError::Problem(problem)))
}

impl UserEntry {
    fn new_user(&self, name: &str) -> Result<User, UserError> {
        let (Some(role), false) = (self.role, self.emails.is_empty()) else {
            return Err(UserError::Incomplete { name: name.to_owned() });
        };
        let mut user = User {
            name: name.to_owned(),
            emails: Vec::new(),
            role,
            opcon_user: None,
            signing_keys: Vec::new(),
            view_audit: false,
            runner: false,
        };
        self.apply_to(&mut user);
        Ok(user)
    }

    /// Changes a person; says what changed.
    fn apply_to(&self, user: &mut User) -> String {
        let mut what: Vec<String> = Vec::new();
        if let Some(role) = self.role.filter(|role| *role != user.role) {
            what.push(format!("role {} → {role}", user.role));
            user.role = role;
        }
        for email in &self.emails {
            if !user.emails.iter().any(|known| known.to_lowercase() == email.to_lowercase()) {
                what.push(format!("e-mail address {}", email.escape_debug()));
                user.emails.push(email.clone());
            }
        }
        if self.opcon_user.is_some() && self.opcon_user != user.opcon_user {
            let name = self.opcon_user.clone().unwrap_or_default();
            what.push(format!("OpCon user {}", name.escape_debug()));
            user.opcon_user = Some(name).filter(|name| !name.is_empty());
        }
        for text in &self.signing_keys {
            let text = text.trim();
            let key = SigningKey::parse(text).ok();
            let is_known = key.as_ref().is_some_and(|key| user.keys().any(|known| known.is(key)));
            if !is_known {
                what.push(key.map_or_else(|| "signing key".to_owned(), |key| format!("signing key {key}")));
                user.signing_keys.push(text.to_owned());
            }
        }
        for (label, asked, has) in
            [("view_audit", self.view_audit, &mut user.view_audit), ("runner", self.runner, &mut user.runner)]
        {
            if let Some(asked) = asked.filter(|asked| asked != has) {
                what.push(format!("{label} {}", if asked { "on" } else { "off" }));
                *has = asked;
            }
        }
        what.join("; ")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::repository::change::Destination;
    use crate::repository::settings::Settings;
    use crate::repository::testing::Sandbox;
    use crate::repository::users::identify;

    fn change(sandbox: &Sandbox, name: &str, action: &UserAction) -> Result<UserChanged, UserError> {
        let repository = sandbox.repository();
        let by = identify(&repository, &Settings::default()).unwrap();
        let options = CommitOptions { destination: Destination::Head, message: None, push: false };
        change_user(&repository, &by, name, action, &options, &|| {})
    }

    fn entry(email: &str, role: Role) -> UserEntry {
        UserEntry { emails: vec![email.to_owned()], role: Some(role), ..UserEntry::default() }
    }

    #[test]
    fn people_come_change_and_go() {
        let sandbox = Sandbox::new();
        let bob = UserAction::Put(entry("bob@corp", Role::Test));
        assert_eq!(change(&sandbox, "Bob", &bob).unwrap().what, "added with the role Test");
        assert!(change(&sandbox, "bob", &bob).unwrap().committed.is_none(), "nothing to change");
        let more = UserAction::Put(UserEntry {
            opcon_user: Some("BOB".to_owned()),
            runner: Some(true),
            ..entry("b@corp", Role::All)
        });
        let changed = change(&sandbox, "Bob", &more).unwrap();
        assert_eq!(changed.what, "role Test → All; e-mail address b@corp; OpCon user BOB; runner on");
        assert_eq!(sandbox.git(&["log", "-1", "--format=%s"]), format!("User Bob: {}", changed.what));
        let near = change(&sandbox, "Bobb", &UserAction::Remove).unwrap_err().to_string();
        assert_eq!(near, "nobody in users.toml on `main` is called `Bobb`; did you mean `Bob`?");
        change(&sandbox, "Bob", &UserAction::Remove).unwrap();
        assert!(!sandbox.read(FILE).contains("Bob"));
    }

    #[test]
    fn what_would_lock_everybody_out_is_refused() {
        let sandbox = Sandbox::new();
        let refused = |name: &str, action| change(&sandbox, name, &action).unwrap_err().to_string();
        assert!(refused("Ann", UserAction::Remove).contains("the last with the role Administration"));
        let demoted = UserAction::Put(UserEntry { role: Some(Role::All), ..UserEntry::default() });
        assert!(refused("Ann", demoted).contains("the last with the role Administration"));
        let incomplete = UserAction::Put(UserEntry::default());
        assert!(refused("Bob", incomplete).contains("`Bob` is new"));
        let taken = UserAction::Put(entry("ANN@example.org", Role::All));
        assert!(refused("Bob", taken).contains("is an address of `Ann` and of `Bob`"));
        let odd = UserEntry { signing_keys: vec!["x".into()], ..entry("bob@corp", Role::All) };
        assert!(refused("Bob", UserAction::Put(odd)).contains("a signing key of `Bob`: it is neither"));
        sandbox.write(FILE, "");
        sandbox.commit("Nobody");
        let bob = UserAction::Put(entry("bob@corp", Role::Test));
        assert!(change(&sandbox, "Bob", &bob).unwrap_err().to_string().contains("the first person of all"));
    }

    #[test]
    fn only_administrators_change_people() {
        let sandbox = Sandbox::new();
        change(&sandbox, "Bob", &UserAction::Put(entry("bob@corp", Role::All))).unwrap();
        sandbox.git(&["config", "user.email", "bob@corp"]);
        let error = change(&sandbox, "Eve", &UserAction::Put(entry("eve@corp", Role::Administration)));
        assert_eq!(
            error.unwrap_err().to_string(),
            "`Bob` has the role All, which may not change users: that is for Administration"
        );
    }
}
