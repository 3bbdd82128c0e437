//! Which key git signs commits with here, as far as git's configuration says.

use std::path::{Path, PathBuf};

use ssh_key::{PrivateKey, PublicKey};

use super::{SigningKey, User, Users};
use crate::repository::git::{Git, GitError};

/// Why commits made here would not be signed by a person of users.toml.
#[derive(Debug, thiserror::Error)]
pub enum SigningProblem {
    /// Git is not told to sign.
    #[error(
        "`[trust] require_signed` asks for signed commits, but git does not sign here: `commit.gpgSign` is not set"
    )]
    Off,
    /// Git is not told with which key.
    #[error(
        "`[trust] require_signed` asks for signed commits, but `user.signingKey` does not say with which key"
    )]
    NoKey {
        /// Whether the key is one of SSH.
        ssh: bool,
    },
    /// A kind of signature that is not verified.
    #[error("commits are signed as `gpg.format = {0}` here; what can be verified is `ssh` and `openpgp`")]
    Format(String),
    /// The file of the key cannot be read.
    #[error("cannot read the signing key `{}`: {message}", path.display())]
    File {
        /// The file that `user.signingKey` names.
        path: PathBuf,
        /// Why.
        message: String,
    },
    /// It is nobody's.
    #[error("the signing key `{key}` of this clone belongs to nobody in users.toml on `{branch}`")]
    Unknown {
        /// The key.
        key: String,
        /// Whose file was read.
        branch: String,
    },
    /// It is somebody else's than the e-mail address.
    #[error("the signing key of this clone belongs to `{owner}`, the e-mail address `{email}` to `{other}`")]
    Another {
        /// Whose key.
        owner: String,
        /// The address.
        email: String,
        /// Whose address.
        other: String,
    },
    /// Git's configuration could not be read.
    #[error(transparent)]
    Git(#[from] GitError),
}

/// The person whose key signs here.
pub(super) fn signer<'u>(git: &Git, users: &'u Users, branch: &str) -> Result<&'u User, SigningProblem> {
    let on = git.run(&["config", "--type=bool", "--default=false", "--get", "commit.gpgSign"])?;
    if on != "true" {
        return Err(SigningProblem::Off);
    }
    let unknown = |key: String| SigningProblem::Unknown { key, branch: branch.to_owned() };
    let key = git.config("user.signingKey")?.filter(|key| !key.trim().is_empty());
    match git.config("gpg.format")?.as_deref().unwrap_or("openpgp") {
        "openpgp" => {
            let id = key.ok_or(SigningProblem::NoKey { ssh: false })?;
            users.by_any_key(|key| key.is_gpg_id(&id)).ok_or_else(|| unknown(id))
        }
        "ssh" => {
            let key = ssh_key(git, &key.ok_or(SigningProblem::NoKey { ssh: true })?)?;
            users.by_key(&key).ok_or_else(|| unknown(key.to_string()))
        }
        other => Err(SigningProblem::Format(other.to_owned())),
    }
}

/// The key itself, or the file of it, as git takes it.
fn ssh_key(git: &Git, value: &str) -> Result<SigningKey, SigningProblem> {
    let literal = value.strip_prefix("key::").or_else(|| value.starts_with("ssh-").then_some(value));
    let (path, key) = match literal {
        Some(text) => (PathBuf::from(value), public_key(text)),
        None => {
            let path = git.run(&["config", "--type=path", "--get", "user.signingKey"])?;
            let path = git.dir().join(path);
            let key = read(&path);
            (path, key)
        }
    };
    key.map(|key| SigningKey::Ssh(Box::new(key))).map_err(|message| SigningProblem::File { path, message })
}

/// The public half, from whichever half the file is: that of a private key stands there unencrypted.
fn read(path: &Path) -> Result<PublicKey, String> {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    if !text.contains("PRIVATE KEY") {
        return public_key(&text);
    }
    let mut beside = path.as_os_str().to_owned();
    beside.push(".pub");
    match std::fs::read_to_string(beside) {
        Ok(text) => public_key(&text),
        Err(_) => PrivateKey::from_openssh(&text)
            .map(|key| key.public_key().clone())
            .map_err(|error| error.to_string()),
    }
}

fn public_key(text: &str) -> Result<PublicKey, String> {
    PublicKey::from_openssh(text.trim()).map_err(|error| error.to_string())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::{FILE, Identity, IdentityError, identify};
    use crate::repository::settings::{Settings, TrustSettings};
    use crate::repository::testing::Sandbox;

    const ANN: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";
    const GPG: &str = "D4BE3FB90B749BF50D2F1D353DB01FC9FE046B1D";

    fn who(sandbox: &Sandbox) -> Result<Identity, IdentityError> {
        let settings = Settings { trust: TrustSettings { require_signed: true }, ..Settings::default() };
        identify(&sandbox.repository(), &settings)
    }

    fn people() -> Sandbox {
        let sandbox = Sandbox::new();
        let person = |name: &str, email: &str, key: &str| {
            format!(
                "[[user]]\nname = \"{name}\"\nemails = [\"{email}\"]\nrole = \"All\"\nsigning_keys = [\"{key}\"]\n\n"
            )
        };
        sandbox.write(FILE, [person("Ann", "ann@corp", ANN), person("Bob", "bob@corp", GPG)].concat());
        sandbox.commit("People");
        sandbox
    }

    #[test]
    fn what_is_missing_is_said_step_by_step() {
        let sandbox = people();
        let refused = || who(&sandbox).unwrap_err().to_string();
        assert!(refused().contains("`commit.gpgSign` is not set"), "{}", refused());
        sandbox.git(&["config", "commit.gpgSign", "true"]);
        assert!(refused().contains("`user.signingKey` does not say"), "{}", refused());
        sandbox.git(&["config", "user.signingKey", "no-such-file"]);
        sandbox.git(&["config", "gpg.format", "x509"]);
        assert!(refused().contains("`gpg.format = x509` here"), "{}", refused());
        sandbox.git(&["config", "gpg.format", "ssh"]);
        assert!(refused().starts_with("cannot read the signing key `"), "{}", refused());
        let strange = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBXUGH1qXMGmPf7kT4kmFWOqRjwxs5Rj5kVyjjTbNgVL";
        sandbox.git(&["config", "user.signingKey", strange]);
        let message = refused();
        assert!(message.contains("belongs to nobody in users.toml on `main`"), "{message}");
    }

    #[test]
    fn the_key_decides_and_never_against_the_address() {
        let sandbox = people();
        sandbox.git(&["config", "commit.gpgSign", "true"]);
        sandbox.git(&["config", "gpg.format", "ssh"]);
        sandbox.write("ann.pub", format!("{ANN} ann@laptop\n"));
        for key in [ANN.to_owned(), format!("key::{ANN}"), sandbox.path("ann.pub").display().to_string()] {
            sandbox.git(&["config", "user.signingKey", &key]);
            let ann = who(&sandbox).unwrap();
            assert_eq!((ann.person.name.as_str(), ann.person.email.as_str()), ("Ann", "ann@example.org"));
        }
        sandbox.git(&["config", "user.email", "bob@corp"]);
        assert_eq!(
            who(&sandbox).unwrap_err().to_string(),
            "the signing key of this clone belongs to `Ann`, the e-mail address `bob@corp` to `Bob`"
        );
        sandbox.git(&["config", "gpg.format", "openpgp"]);
        sandbox.git(&["config", "user.signingKey", &GPG[24..]]);
        assert_eq!(who(&sandbox).unwrap().person.name, "Bob");
    }
}
