//! What a system is signed on with; never shown.

use std::fmt;

use zeroize::Zeroizing;

/// Text that nothing prints: its `Debug` form is a placeholder, and its memory
/// is wiped when it is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text over.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text itself, for the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// Whose right is used on an OpCon system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// An OpCon user.
    User {
        /// The login name.
        login: String,
        /// The password.
        password: Secret,
    },
    /// An application token that was made on the system before. It is used as it is:
    /// nothing renews it, and signing off does not end it.
    Application {
        /// The token itself, not its name.
        id: Secret,
    },
}

impl Credential {
    /// An OpCon user with a password.
    pub fn user(login: impl Into<String>, password: impl Into<String>) -> Self {
        Self::User { login: login.into(), password: Secret::new(password) }
    }

    /// An application token made on the system before.
    pub fn application(id: impl Into<String>) -> Self {
        Self::Application { id: Secret::new(id) }
    }

    /// Who signs on, for messages: never holds the secret.
    pub fn who(&self) -> String {
        match self {
            Self::User { login, .. } => format!("user `{login}`"),
            Self::Application { .. } => "the application token".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_form_of_a_credential_shows_the_secret() {
        for credential in [Credential::user("ann", "hunter2"), Credential::application("hunter2")] {
            let shown = format!("{credential:?} {credential:#?} {}", credential.who());
            assert!(!shown.contains("hunter2"), "{shown}");
        }
    }
}
