//! Finding a record by its name or the beginning of it.

use super::super::RecordId;
use super::{RecordLog, Row, build};

/// Why a record was not found.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// Not a name, nor the beginning of one.
    #[error("`{given}` is not the id of a record, nor the beginning of one")]
    NotAnId {
        /// As it was written.
        given: String,
    },
    /// No record is called so.
    #[error("there is no record `{given}`")]
    Unknown {
        /// As it was written.
        given: String,
    },
    /// Several begin so.
    #[error("{count} records begin with `{given}`, such as {}", names(.some))]
    Ambiguous {
        /// As it was written.
        given: String,
        /// How many.
        count: usize,
        /// Some of them.
        some: Vec<RecordId>,
    },
}

fn names(ids: &[RecordId]) -> String {
    ids.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(" and ")
}

impl RecordLog {
    /// Finds a record by its name, or by the beginning of it where only one begins so.
    pub fn find(&self, given: &str) -> Result<Row<'_>, FindError> {
        let wanted: String = given.chars().filter(|c| *c != '-').flat_map(char::to_lowercase).collect();
        if wanted.is_empty() || wanted.len() > 32 || !wanted.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(FindError::NotAnId { given: given.to_owned() });
        }
        let begins = |id: &[u8]| wanted.bytes().zip(nibbles(id)).all(|(wanted, nibble)| wanted == nibble);
        let found: Vec<u32> =
            self.ids().zip(0u32..).filter(|(id, _)| begins(id)).map(|(_, number)| number).collect();
        match found.as_slice() {
            [one] => Row::of(self, *one).ok_or_else(|| FindError::Unknown { given: given.to_owned() }),
            [] => Err(FindError::Unknown { given: given.to_owned() }),
            many => Err(FindError::Ambiguous {
                given: given.to_owned(),
                count: many.len(),
                some: many.iter().take(2).filter_map(|number| Some(Row::of(self, *number)?.id())).collect(),
            }),
        }
    }

    /// How many characters of their names it takes to tell all records apart.
    pub fn id_length(&self) -> usize {
        let mut ids: Vec<&[u8]> = self.ids().collect();
        ids.sort_unstable();
        let common =
            |pair: &[&[u8]]| nibbles(pair[0]).zip(nibbles(pair[1])).take_while(|(a, b)| a == b).count();
        let digits = (ids.windows(2).map(common).max().unwrap_or_default() + 1).clamp(8, 32);
        // The hyphens before the digits.
        digits + [8, 12, 16, 20].iter().filter(|place| digits > **place).count()
    }

    fn ids(&self) -> impl Iterator<Item = &[u8]> {
        self.table(build::IDS).chunks_exact(build::ID)
    }
}

/// The digits of a name.
fn nibbles(id: &[u8]) -> impl Iterator<Item = u8> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    id.iter().flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]])
}
