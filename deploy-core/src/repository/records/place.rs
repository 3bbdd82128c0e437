//! Where things lie on the records branch.

use sha2::{Digest as _, Sha256};

use super::RecordId;
use crate::definition::encode;

/// A thing on the records branch; its path is made of encoded names only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place<'a> {
    /// The folder of the schedule that stands on a server.
    Active(&'a str, &'a str),
    /// The folder of an operation that has begun.
    Open(RecordId),
    /// The record of a package on a server.
    Package(&'a str, &'a str),
    /// The record of a script on a server.
    Script(&'a str, &'a str),
    /// The pin of a schedule on a server.
    Pin(&'a str, &'a str),
}

impl Place<'_> {
    /// The path from the root of the branch: of a folder, or of a file.
    pub fn path(&self) -> String {
        match *self {
            Place::Active(server, schedule) => {
                let schedule = encode(schedule);
                format!("active/{}/{}/{schedule}", encode(server), fan_out(&schedule))
            }
            Place::Open(id) => format!("open/{id}"),
            Place::Package(server, package) => {
                format!("packages/{}/{}.toml", encode(server), encode(package))
            }
            Place::Script(server, script) => format!("scripts/{}/{}.toml", encode(server), encode(script)),
            Place::Pin(server, schedule) => {
                let schedule = encode(schedule);
                format!("pins/{}/{}/{schedule}.toml", encode(server), fan_out(&schedule))
            }
        }
    }

    /// A file in the folder.
    pub fn file(&self, name: &str) -> String {
        format!("{}/{name}", self.path())
    }
}

/// The folder between server and schedule, so that a commit never rewrites a tree of thousands.
fn fan_out(encoded: &str) -> String {
    format!("{:02x}", Sha256::digest(encoded.as_bytes())[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_from_outside_never_leave_their_folder() {
        assert_eq!(
            Place::Active("PROD", "Payroll").file("record.toml"),
            "active/PROD/53/Payroll/record.toml"
        );
        let hostile = Place::Pin("../..", "/etc/passwd").path();
        assert!(hostile.starts_with("pins/%2E.%2F.%2E/"), "{hostile}");
        assert_eq!(hostile.matches('/').count(), 3, "{hostile}");
    }
}
