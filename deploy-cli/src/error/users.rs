//! Who somebody is, what they may not do, and what helps.

use deploy_core::repository::users::{IdentityError, RoleError, SigningProblem, UserError, UsersError};

use super::{CommandError, chain, tip_hint};
use crate::ui::one_line;

impl From<IdentityError> for CommandError {
    fn from(error: IdentityError) -> Self {
        match &error {
            IdentityError::Unknown { email, .. } => Self::refused(chain(&error))
                .hint(format!(
                    "somebody with the role Administration enters you: `opcon-deploy user add NAME --email {} --role ROLE`",
                    one_line(email)
                ))
                .hint("`git config user.email ADDRESS` says who you are; `opcon-deploy user list` shows the people"),
            IdentityError::Signing(problem) => {
                signing_hint(problem).into_iter().fold(Self::refused(chain(&error)), Self::hint)
            }
            IdentityError::NoIdentity(_) => Self::failed(chain(&error))
                .hint("`git config --global user.email ADDRESS` and `… user.name NAME` tell it"),
            IdentityError::Users(_) => {
                Self::failed(chain(&error)).hint("`opcon-deploy schema users` describes the keys")
            }
            IdentityError::Tip(cause) => {
                tip_hint(cause).into_iter().fold(Self::failed(chain(&error)), Self::hint)
            }
            IdentityError::Ref(_) => Self::failed(chain(&error)),
        }
    }
}

impl From<RoleError> for CommandError {
    fn from(error: RoleError) -> Self {
        Self::refused(chain(&error)).hint("`opcon-deploy user list` shows who has which role")
    }
}

impl From<UserError> for CommandError {
    fn from(error: UserError) -> Self {
        let text = chain(&error);
        match error {
            UserError::Role(error) => error.into(),
            UserError::Commit(error) => error.into(),
            UserError::LastAdministrator { .. } => Self::refused(text)
                .hint("`opcon-deploy user add NAME --role Administration` gives it to somebody else first"),
            UserError::FirstAdministrator => Self::refused(text)
                .hint("`opcon-deploy user add NAME --email ADDRESS --role Administration` comes first"),
            UserError::Incomplete { name } => Self::usage(text)
                .hint(format!("`opcon-deploy user add \"{}\" --email ADDRESS --role ROLE`", one_line(&name))),
            UserError::Problem(_) => Self::usage(text),
            UserError::Unknown { near: None, .. } => {
                Self::failed(text).hint("`opcon-deploy user list` shows who there is")
            }
            UserError::Toml(_) => Self::failed(text).hint("`opcon-deploy schema users` describes the keys"),
            UserError::Unknown { .. } | UserError::Write(_) | UserError::Object(_) => Self::failed(text),
        }
    }
}

fn signing_hint(problem: &SigningProblem) -> Option<String> {
    Some(match problem {
        SigningProblem::Off => "`git config commit.gpgSign true` signs every commit".to_owned(),
        SigningProblem::NoKey { ssh: true } => {
            "`git config user.signingKey ~/.ssh/id_ed25519.pub` names the public half of your key".to_owned()
        }
        SigningProblem::NoKey { ssh: false } => {
            "`git config user.signingKey FINGERPRINT` names a GPG key; `git config gpg.format ssh` signs with a key of SSH".to_owned()
        }
        SigningProblem::Format(_) => "`git config gpg.format ssh` signs with a key of SSH".to_owned(),
        SigningProblem::File { .. } => {
            "`git config user.signingKey PATH` names the public half of your key".to_owned()
        }
        SigningProblem::Unknown { .. } => {
            "somebody with the role Administration enters it: `opcon-deploy user add NAME --signing-key KEY`".to_owned()
        }
        SigningProblem::Another { .. } => {
            "`git config user.email ADDRESS` and `git config user.signingKey KEY` must be of one person".to_owned()
        }
        SigningProblem::Git(_) => return None,
    })
}

pub(super) fn users_hint(_: &UsersError) -> Option<String> {
    Some("`opcon-deploy schema users` describes the keys".to_owned())
}
