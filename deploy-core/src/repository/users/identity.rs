//! Who acts, and whether they may.

use git2::Oid;

use super::signing::signer;
use super::{FILE, Role, SigningProblem, User, Users, UsersError};
use crate::repository::git::GitError;
use crate::repository::init::parse_ident;
use crate::repository::records::Person;
use crate::repository::servers::ServerClass;
use crate::repository::settings::Settings;
use crate::repository::{Repository, TipError};

/// Who acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// As records name them.
    pub person: Person,
    /// What they may do; none where roles are off.
    pub role: Option<Role>,
    /// Their entry in users.toml; none where roles are off.
    pub user: Option<User>,
    /// The commit of main whose people these are; records name it as that of their settings.
    pub commit: Oid,
}

/// Why it is not known who acts, or why they are nobody here.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// Git does not know who commits.
    #[error("git does not say who you are: {0}")]
    NoIdentity(#[source] GitError),
    /// users.toml names people, and not this one.
    #[error(
        "nobody in {FILE} on `{branch}` has the e-mail address `{email}`: without a role nothing may be done"
    )]
    Unknown {
        /// The address of git's committer.
        email: String,
        /// Whose file was read.
        branch: String,
    },
    /// Commits must be signed by somebody whose key is known.
    #[error(transparent)]
    Signing(#[from] SigningProblem),
    /// The file cannot be read.
    #[error(transparent)]
    Users(#[from] UsersError),
    /// There is no main.
    #[error(transparent)]
    Tip(#[from] TipError),
    /// A ref could not be read.
    #[error("cannot read the branches: {}", .0.message())]
    Ref(#[from] git2::Error),
}

/// A role does not allow something.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` has the role {role}, which may not {what}")]
pub struct RoleError {
    /// Who was refused.
    pub name: String,
    /// Their role.
    pub role: Role,
    /// What it does not allow, with the verb.
    pub what: String,
}

/// What is kept for the role Administration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Administering {
    /// Deploying a schedule of a package on its own.
    PackagedScheduleAlone,
    /// Changing users.toml.
    Users,
    /// Breaking the lease of somebody who is alive.
    BreakLock,
    /// Taking versions out of the lists.
    Archive,
}

/// Who commits in this clone, by the people of the shared main. Nothing is fetched.
/// Where commits must be signed, the key that git signs with decides.
pub fn identify(repository: &Repository, settings: &Settings) -> Result<Identity, IdentityError> {
    let ident = repository.git().run(&["var", "GIT_COMMITTER_IDENT"]).map_err(IdentityError::NoIdentity)?;
    let (name, email) = parse_ident(&ident);
    if !settings.trust.require_signed {
        return identify_email(repository, name, email);
    }
    let (commit, branch) = repository.shared_main()?;
    let users = Users::at(repository, commit)?;
    if users.users.is_empty() {
        return Ok(Identity::nobody(name, email, commit));
    }
    let signer = signer(repository.git(), &users, &branch)?;
    match users.by_email(email) {
        Some(other) if other.name != signer.name => Err(IdentityError::Signing(SigningProblem::Another {
            owner: signer.name.clone(),
            email: email.to_owned(),
            other: other.name.clone(),
        })),
        _ => Ok(Identity::of(signer.clone(), email, commit)),
    }
}

/// Who an e-mail address is, by the people of the shared main: for work that
/// somebody asked for and another one runs. Where roles are off it is the name given.
pub fn identify_email(repository: &Repository, name: &str, email: &str) -> Result<Identity, IdentityError> {
    let (commit, branch) = repository.shared_main()?;
    let users = Users::at(repository, commit)?;
    if users.users.is_empty() {
        return Ok(Identity::nobody(name, email, commit));
    }
    match users.by_email(email) {
        Some(user) => Ok(Identity::of(user.clone(), email, commit)),
        None => Err(IdentityError::Unknown { email: email.to_owned(), branch }),
    }
}

impl Identity {
    /// Somebody where roles are off.
    fn nobody(name: &str, email: &str, commit: Oid) -> Self {
        let person = Person { name: name.to_owned(), email: email.to_owned(), opcon_user: None, role: None };
        Self { person, role: None, user: None, commit }
    }

    fn of(user: User, email: &str, commit: Oid) -> Self {
        let person = Person {
            name: user.name.clone(),
            email: email.to_owned(),
            opcon_user: user.opcon_user.clone(),
            role: Some(user.role.as_str().to_owned()),
        };
        Self { person, role: Some(user.role), user: Some(user), commit }
    }

    /// Whether definitions may be imported from servers of a class.
    pub fn may_import_from(&self, class: ServerClass) -> Result<(), RoleError> {
        let allowed = |role: Role| role.imports_from(class);
        self.may(allowed, || format!("import from servers of the {} class", class.as_str()))
    }

    /// Whether servers of a class may be changed.
    pub fn may_deploy_to(&self, class: ServerClass) -> Result<(), RoleError> {
        let allowed = |role: Role| role.deploys_to(class);
        self.may(allowed, || format!("change servers of the {} class", class.as_str()))
    }

    /// Whether something may be done that is kept for administrators.
    pub fn may_administer(&self, what: Administering) -> Result<(), RoleError> {
        self.may(Role::administers, || {
            let what = match what {
                Administering::PackagedScheduleAlone => "deploy a schedule of a package on its own",
                Administering::Users => "change users",
                Administering::BreakLock => "break a lock",
                Administering::Archive => "archive versions",
            };
            format!("{what}: that is for Administration")
        })
    }

    /// Whether the audit may be read: a permission of its own, whatever the role.
    pub fn may_view_audit(&self) -> Result<(), RoleError> {
        self.has(|user| user.view_audit, "read the audit: `view_audit` is not set")
    }

    /// Whether work that others asked for may be run.
    pub fn may_run_for_others(&self) -> Result<(), RoleError> {
        self.has(|user| user.runner, "run what others asked for: `runner` is not set")
    }

    fn may(&self, allowed: impl Fn(Role) -> bool, what: impl Fn() -> String) -> Result<(), RoleError> {
        match self.role {
            Some(role) if !allowed(role) => {
                Err(RoleError { name: self.person.name.clone(), role, what: what() })
            }
            _ => Ok(()),
        }
    }

    fn has(&self, permission: impl Fn(&User) -> bool, what: &str) -> Result<(), RoleError> {
        match &self.user {
            Some(user) if !permission(user) => {
                Err(RoleError { name: user.name.clone(), role: user.role, what: what.to_owned() })
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::repository::testing::Sandbox;

    const PEOPLE: &str = r#"
[[user]]
name = "Ann"
emails = ["Ann@Example.org"]
role = "Development"
opcon_user = "ann"
"#;

    fn who(sandbox: &Sandbox) -> Result<Identity, IdentityError> {
        let repository = sandbox.repository();
        identify(&repository, &Settings::default())
    }

    #[test]
    fn the_address_decides_whatever_its_case() {
        let sandbox = Sandbox::new();
        sandbox.write(FILE, PEOPLE);
        sandbox.commit("People");
        let ann = who(&sandbox).unwrap();
        assert_eq!(ann.role, Some(Role::Development));
        assert_eq!(ann.person.opcon_user.as_deref(), Some("ann"));
        assert_eq!(ann.person.email, "ann@example.org");
        ann.may_deploy_to(ServerClass::Development).unwrap();
        assert_eq!(
            ann.may_deploy_to(ServerClass::Production).unwrap_err().to_string(),
            "`Ann` has the role Development, which may not change servers of the production class"
        );
        ann.may_view_audit().unwrap_err();
        sandbox.git(&["config", "user.email", "eve@example.org"]);
        assert_eq!(
            who(&sandbox).unwrap_err().to_string(),
            "nobody in users.toml on `main` has the e-mail address `eve@example.org`: without a role nothing may be done"
        );
    }

    #[test]
    fn without_users_roles_are_off() {
        let sandbox = Sandbox::new();
        sandbox.write(FILE, "# nobody\n");
        sandbox.commit("Nobody");
        let anybody = who(&sandbox).unwrap();
        assert_eq!((anybody.role, anybody.person.name.as_str()), (None, "Ann"));
        anybody.may_deploy_to(ServerClass::Production).unwrap();
        anybody.may_administer(Administering::BreakLock).unwrap();
        anybody.may_view_audit().unwrap();
    }

    #[test]
    fn what_is_only_in_the_work_tree_or_not_pushed_counts_for_nothing() {
        let sandbox = Sandbox::new();
        sandbox.write(FILE, PEOPLE);
        sandbox.commit("People");
        sandbox.write(FILE, PEOPLE.replace("Development", "Administration"));
        assert_eq!(who(&sandbox).unwrap().role, Some(Role::Development));
        sandbox.git(&["config", "remote.origin.url", "nowhere"]);
        sandbox.git(&["update-ref", "refs/remotes/origin/main", "HEAD"]);
        sandbox.commit("Make me an administrator");
        assert_eq!(who(&sandbox).unwrap().role, Some(Role::Development));
    }
}
