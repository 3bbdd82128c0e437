//! What cannot work in a users.toml that is well-formed.

use std::collections::HashMap;
use std::fmt;

use super::{KeyError, Role, SigningKey, Users};

/// Something that cannot work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserProblem {
    /// Two people have the same name.
    NameTwice(String),
    /// Somebody has no name.
    NoName,
    /// It is no e-mail address.
    Email {
        /// Whose.
        user: String,
        /// What stands there.
        email: String,
    },
    /// An address would name two people.
    EmailTwice {
        /// The address.
        email: String,
        /// Who has it first.
        one: String,
        /// Who has it too.
        other: String,
    },
    /// It is no key.
    Key {
        /// Whose.
        user: String,
        /// What is wrong with it.
        error: KeyError,
    },
    /// A key would name two people.
    KeyTwice {
        /// The key.
        key: String,
        /// Who has it first.
        one: String,
        /// Who has it too.
        other: String,
    },
    /// There are people, and nobody could change them.
    NoAdministrator,
}

impl fmt::Display for UserProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NameTwice(name) => write!(f, "there are two people called `{}`", name.escape_debug()),
            Self::NoName => f.write_str("somebody has no name"),
            Self::Email { user, email } => {
                let (user, email) = (user.escape_debug(), email.escape_debug());
                write!(f, "`{email}` of `{user}` is no e-mail address as git writes them")
            }
            Self::EmailTwice { email, one, other } => {
                let (one, other) = (one.escape_debug(), other.escape_debug());
                write!(f, "`{}` is an address of `{one}` and of `{other}`", email.escape_debug())
            }
            Self::Key { user, error } => write!(f, "a signing key of `{}`: {error}", user.escape_debug()),
            Self::KeyTwice { key, one, other } => {
                let (one, other) = (one.escape_debug(), other.escape_debug());
                write!(f, "the signing key `{key}` is one of `{one}` and of `{other}`")
            }
            Self::NoAdministrator => f.write_str(
                "nobody has the role Administration: nobody may change the people, or deploy a schedule of a package alone",
            ),
        }
    }
}

impl Users {
    /// What cannot work, in the order of the file.
    pub fn problems(&self) -> Vec<UserProblem> {
        let mut problems = Vec::new();
        let mut names = HashMap::new();
        let mut emails: HashMap<String, &str> = HashMap::new();
        let mut keys: Vec<(SigningKey, &str)> = Vec::new();
        for user in &self.users {
            if user.name.trim().is_empty() {
                problems.push(UserProblem::NoName);
            } else if names.insert(user.name.to_lowercase(), ()).is_some() {
                problems.push(UserProblem::NameTwice(user.name.clone()));
            }
            for email in &user.emails {
                let (name, email) = (user.name.clone(), email.clone());
                if !is_email(&email) {
                    problems.push(UserProblem::Email { user: name, email });
                } else if let Some(one) = emails.insert(email.to_lowercase(), &user.name) {
                    problems.push(UserProblem::EmailTwice { email, one: one.to_owned(), other: name });
                }
            }
            for text in &user.signing_keys {
                let (name, key) = (user.name.clone(), SigningKey::parse(text));
                match key {
                    Err(error) => problems.push(UserProblem::Key { user: name, error }),
                    Ok(key) => match keys.iter().find(|(known, _)| known.is(&key)) {
                        Some((_, one)) => {
                            let (key, one) = (key.to_string(), (*one).to_owned());
                            problems.push(UserProblem::KeyTwice { key, one, other: name });
                        }
                        None => keys.push((key, &user.name)),
                    },
                }
            }
        }
        let administered = self.users.iter().any(|user| user.role == Role::Administration);
        if !self.users.is_empty() && !administered {
            problems.push(UserProblem::NoAdministrator);
        }
        problems
    }
}

/// Whether git would write it between `<` and `>` as it is.
fn is_email(text: &str) -> bool {
    let odd =
        |character: char| character.is_whitespace() || character.is_control() || "<>".contains(character);
    text.split_once('@').is_some_and(|(person, host)| !person.is_empty() && !host.is_empty())
        && !text.contains(odd)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_is_told() {
        let key = "D4BE3FB90B749BF50D2F1D353DB01FC9FE046B1D";
        let text = format!(
            "[[user]]\nname = \"Ann\"\nemails = [\"a@x\", \"A@X\", \"ann\", \"a <b@x>\"]\nrole = \"All\"\nsigning_keys = [\"{key}\", \"none\"]\n\n[[user]]\nname = \"ann\"\nemails = [\"a@x\"]\nrole = \"Test\"\nsigning_keys = [\"0x{key}\"]\n\n[[user]]\nname = \" \"\nemails = []\nrole = \"Test\"\n"
        );
        let users: Users = toml::from_str(&text).unwrap();
        let problems: Vec<String> = users.problems().iter().map(ToString::to_string).collect();
        assert_eq!(
            problems,
            [
                "`A@X` is an address of `Ann` and of `Ann`",
                "`ann` of `Ann` is no e-mail address as git writes them",
                "`a <b@x>` of `Ann` is no e-mail address as git writes them",
                "a signing key of `Ann`: it is neither an SSH public key (`ssh-ed25519 AAAA…`) nor the fingerprint of a GPG key (40 hex digits)",
                "there are two people called `ann`",
                "`a@x` is an address of `Ann` and of `ann`",
                "the signing key `GPG D4BE3FB90B749BF50D2F1D353DB01FC9FE046B1D` is one of `Ann` and of `ann`",
                "somebody has no name",
                "nobody has the role Administration: nobody may change the people, or deploy a schedule of a package alone",
            ]
        );
        assert!(Users::default().problems().is_empty());
    }
}
