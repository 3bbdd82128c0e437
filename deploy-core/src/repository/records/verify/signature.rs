//! Signatures of commits: those of SSH are verified here, those of GPG by git,
//! which knows the user's key ring.

use std::collections::HashMap;

use git2::{ErrorCode, Oid};
use ssh_key::{PublicKey, SshSig};

use super::Signatures;
use crate::repository::Repository;
use crate::repository::git::GitError;
use crate::repository::users::SigningKey;

/// What a signature is worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Signature {
    /// The commit is what was signed, with one of these keys: that of SSH; or that of GPG and
    /// its primary key.
    By(Vec<SigningKey>),
    /// It is not of this commit, or is broken.
    Bad(String),
    /// It cannot be looked at here.
    Unchecked,
}

/// What git signs commits for, in signatures of SSH.
const NAMESPACE: &str = "git";

/// The signatures of commits; those that have none are left out.
pub(super) fn of_all(repository: &Repository, commits: &[Oid]) -> Result<Signatures, super::VerifyError> {
    let mut signatures = HashMap::new();
    let mut gpg = String::new();
    for id in commits {
        let (signature, signed) = match repository.git2().extract_signature(id, None) {
            Ok(found) => found,
            Err(error) if error.code() == ErrorCode::NotFound => continue,
            Err(error) => return Err(error.into()),
        };
        match String::from_utf8_lossy(&signature) {
            text if text.contains("BEGIN SSH SIGNATURE") => {
                signatures.insert(*id, of_ssh(&text, &signed));
            }
            text if text.contains("BEGIN PGP SIGNATURE") => {
                gpg.push_str(&format!("{id}\n"));
            }
            _ => {
                signatures.insert(*id, Signature::Unchecked);
            }
        }
    }
    if !gpg.is_empty() {
        of_gpg(repository, &gpg, &mut signatures)?;
    }
    Ok(signatures)
}

fn of_ssh(pem: &str, signed: &[u8]) -> Signature {
    let verified = SshSig::from_pem(pem.trim()).and_then(|signature| {
        let key = PublicKey::from(signature.public_key().clone());
        key.verify(NAMESPACE, signed, &signature).map(|()| key)
    });
    match verified {
        Ok(key) => Signature::By(vec![SigningKey::Ssh(Box::new(key))]),
        Err(error) => Signature::Bad(error.to_string()),
    }
}

fn of_gpg(repository: &Repository, commits: &str, signatures: &mut Signatures) -> Result<(), GitError> {
    let args = ["log", "--no-walk=unsorted", "--stdin", "--format=%H %G? %GF %GP"];
    for line in repository.git().run_with_input(&args, commits.as_bytes())?.lines() {
        let mut words = line.split(' ');
        let (Some(id), Some(state)) = (words.next(), words.next()) else { continue };
        let Ok(id) = Oid::from_str(id) else { continue };
        signatures.insert(id, of_state(state, words));
    }
    Ok(())
}

/// What git's letter says: whether a key is trusted is for users.toml to say, and a key may
/// have run out since.
fn of_state<'w>(state: &str, keys: impl Iterator<Item = &'w str>) -> Signature {
    match state {
        "G" | "U" | "X" | "Y" => Signature::By(keys.filter_map(|key| SigningKey::parse(key).ok()).collect()),
        "R" => Signature::Bad("its GPG key was revoked".to_owned()),
        "B" => Signature::Bad("GPG says it is bad".to_owned()),
        _ => Signature::Unchecked,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_letters_of_git_are_understood() {
        let key = "D4BE3FB90B749BF50D2F1D353DB01FC9FE046B1D";
        let by = Signature::By(vec![SigningKey::Gpg(key.to_owned())]);
        for state in ["G", "U", "X", "Y"] {
            assert_eq!(of_state(state, ["", key].into_iter()), by, "{state}");
        }
        for state in ["B", "R"] {
            assert!(matches!(of_state(state, [key].into_iter()), Signature::Bad(_)), "{state}");
        }
        assert_eq!(of_state("E", [key].into_iter()), Signature::Unchecked);
    }

    #[test]
    fn what_is_no_signature_is_bad() {
        let pem = "-----BEGIN SSH SIGNATURE-----\nU1NIU0lH\n-----END SSH SIGNATURE-----\n";
        assert!(matches!(of_ssh(pem, b"x"), Signature::Bad(_)));
    }
}
