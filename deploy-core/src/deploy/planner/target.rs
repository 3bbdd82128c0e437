//! The target as it is asked once for all transactions of a command.

use std::collections::{BTreeSet, HashMap};
use std::sync::{PoisonError, RwLock};

use crate::deploy::estate::{Estate, fold};
use crate::opcon::{OpConError, OpConSystem, SystemVersion};

/// A schedule that stands on the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Master {
    pub(super) id: i64,
    /// As the target writes it.
    pub(super) name: String,
}

/// What does not change while a command runs, but for what the command itself inserts.
pub(super) struct Target {
    pub(super) version: SystemVersion,
    pub(super) estate: Estate,
    /// By their names in small letters.
    masters: RwLock<HashMap<String, Master>>,
}

impl Target {
    /// Asks a licensed target; with it who is signed on.
    pub(super) async fn ask(system: &dyn OpConSystem) -> Result<(Self, Option<String>), OpConError> {
        let ((), version, user, schedules, inventory) = tokio::try_join!(
            system.require_licence(),
            system.version(),
            system.user(),
            system.schedules(&[]),
            system.inventory(),
        )?;
        let masters = schedules
            .into_iter()
            .map(|schedule| (fold(&schedule.name), Master { id: schedule.id, name: schedule.name }));
        Ok((Self { version, estate: Estate::of(inventory), masters: RwLock::new(masters.collect()) }, user))
    }

    /// The schedule of a name, where it stands there.
    pub(super) fn master(&self, name: &str) -> Option<Master> {
        self.masters.read().unwrap_or_else(PoisonError::into_inner).get(&fold(name)).cloned()
    }

    /// Remembers what was inserted since.
    pub(super) fn inserted(&self, names: &[&str]) {
        let mut masters = self.masters.write().unwrap_or_else(PoisonError::into_inner);
        for name in names {
            masters.entry(fold(name)).or_insert_with(|| Master { id: 0, name: (*name).to_owned() });
        }
    }
}

/// Names folded, to look for others.
pub(super) fn folded<'n>(names: impl IntoIterator<Item = &'n str>) -> BTreeSet<String> {
    names.into_iter().map(fold).collect()
}
