//! A block of a message in the cache file: numbers of fixed width.

use crate::repository::cache_tables::number;

/// What a block says of a record, each a text of the cache file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub(super) enum Key {
    Action,
    Kind,
    Server,
    Name,
    OriginalName,
    Version,
    Blob,
    Status,
    Phase,
    User,
    Runner,
    Role,
    Package,
    Rules,
    Tag,
    Description,
    TransactionId,
    Undoes,
    Offline,
    Reason,
    Pinned,
    Unpinned,
    By,
    Archived,
    At,
}

/// How many keys there are.
pub(super) const KEYS: usize = Key::At as usize + 1;

impl Key {
    /// The key as it stands in a block; others are not kept.
    pub(super) fn of(word: &str) -> Option<Self> {
        Some(match word {
            "Action" => Self::Action,
            "Kind" => Self::Kind,
            "Server" => Self::Server,
            "Name" => Self::Name,
            "Original-Name" => Self::OriginalName,
            "Version" => Self::Version,
            "Blob" => Self::Blob,
            "Status" => Self::Status,
            "Phase" => Self::Phase,
            "User" => Self::User,
            "Runner" => Self::Runner,
            "Role" => Self::Role,
            "Package" => Self::Package,
            "Rules" => Self::Rules,
            "Tag" => Self::Tag,
            "Description" => Self::Description,
            "Transaction-Id" => Self::TransactionId,
            "Undoes" => Self::Undoes,
            "Offline" => Self::Offline,
            "Reason" => Self::Reason,
            "Pinned" => Self::Pinned,
            "Unpinned" => Self::Unpinned,
            "By" => Self::By,
            "Archived" => Self::Archived,
            "At" => Self::At,
            _ => return None,
        })
    }
}

/// The width of a row: the record, the commit, and a text for each key.
pub(super) const BLOCK: usize = 4 * (2 + KEYS);

/// A row where it lies.
#[derive(Debug, Clone, Copy)]
pub(super) struct BlockRow<'l>(&'l [u8]);

impl<'l> BlockRow<'l> {
    pub(super) fn at(table: &'l [u8], place: u32) -> Option<Self> {
        table.get(place as usize * BLOCK..)?.get(..BLOCK).map(Self)
    }

    pub(super) fn all(table: &'l [u8]) -> impl Iterator<Item = Self> {
        table.chunks_exact(BLOCK).map(Self)
    }

    /// The number of the record.
    #[inline]
    pub(super) fn record(&self) -> u32 {
        number(self.0, 0).unwrap_or_default()
    }

    /// The number of the commit.
    #[inline]
    pub(super) fn commit(&self) -> u32 {
        number(self.0, 4).unwrap_or_default()
    }

    /// The number of a text.
    #[inline]
    pub(super) fn text(&self, key: Key) -> u32 {
        number(self.0, 8 + 4 * key as usize).unwrap_or_default()
    }

    /// Whether it says all of a record, not only what became of it.
    pub(super) fn is_full(&self) -> bool {
        self.text(Key::Action) != 0
    }

    /// Whether it says where the record stands.
    pub(super) fn has_status(&self) -> bool {
        self.text(Key::Status) != 0
    }

    /// Whether it says that the record has left the lists.
    pub(super) fn is_archived(&self) -> bool {
        self.text(Key::Archived) != 0
    }

    /// Whether it tells of something that was done, and not only of what followed from that.
    pub(super) fn is_act(&self) -> bool {
        self.is_full() || [Key::Pinned, Key::Unpinned, Key::By].iter().any(|key| self.text(*key) != 0)
    }
}

/// Appends a row.
pub(super) fn encode(record: u32, commit: u32, texts: &[u32; KEYS], out: &mut Vec<u8>) {
    for number in [record, commit].iter().chain(texts) {
        out.extend_from_slice(&number.to_le_bytes());
    }
}
