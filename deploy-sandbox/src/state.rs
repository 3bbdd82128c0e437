//! What a system holds: masters, shared objects, inventory, the daily.

use std::collections::BTreeMap;
use std::sync::Arc;

use deploy_core::definition::form::{self, SHARED_LISTS};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::daily::Daily;
use crate::impex::Master;

/// Everything that survives a restart. The masters are kept in files of their own.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct State {
    /// The last id given out; every kind of object draws from it.
    pub(crate) last_id: u32,
    /// Grows with every change.
    pub(crate) revision: u64,
    /// Grows when something changes that extracts of other schedules show.
    pub(crate) shared_revision: u64,
    /// The masters by folded name.
    #[serde(skip)]
    pub(crate) masters: BTreeMap<String, Arc<Master>>,
    pub(crate) shared: Shared,
    pub(crate) inventory: Inventory,
    pub(crate) daily: Daily,
    /// Answers of actions and builds that clients come back for.
    pub(crate) actions: BTreeMap<u32, Value>,
}

impl State {
    pub(crate) fn next_id(&mut self) -> u32 {
        self.last_id += 1;
        self.last_id
    }

    pub(crate) fn touch(&mut self) {
        self.revision += 1;
    }

    pub(crate) fn touch_shared(&mut self) {
        self.revision += 1;
        self.shared_revision += 1;
    }

    pub(crate) fn master(&self, name: &str) -> Option<&Arc<Master>> {
        self.masters.get(&fold(name))
    }

    pub(crate) fn master_by_id(&self, id: u32) -> Option<&Arc<Master>> {
        self.masters.values().find(|master| master.id == id)
    }
}

/// What two spellings of one name have in common.
pub(crate) fn fold(name: &str) -> String {
    name.to_lowercase()
}

/// An object that definitions share: a property, a calendar, a script …
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SharedObject {
    /// Its id in the REST API.
    pub(crate) id: u32,
    /// The entry as it stands in definitions.
    pub(crate) entry: Value,
}

/// Shared objects by the list of the definition they stand in, then by folded name.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Shared(BTreeMap<String, BTreeMap<String, SharedObject>>);

impl Shared {
    /// The name under which an entry of a shared list is kept.
    pub(crate) fn key(list: &str, entry: &Value) -> Option<String> {
        let (_, fields) = SHARED_LISTS.iter().find(|(name, _)| *name == list)?;
        let words: Option<Vec<&str>> =
            fields.iter().map(|path| form::field(entry, path).and_then(Value::as_str)).collect();
        words.map(|words| fold(&words.join(" ")))
    }

    pub(crate) fn list(&self, list: &str) -> impl Iterator<Item = &SharedObject> {
        self.0.get(list).into_iter().flat_map(BTreeMap::values)
    }

    pub(crate) fn get(&self, list: &str, key: &str) -> Option<&SharedObject> {
        self.0.get(list)?.get(&fold(key))
    }

    pub(crate) fn put(&mut self, list: &str, key: &str, object: SharedObject) {
        self.0.entry(list.to_owned()).or_default().insert(fold(key), object);
    }

    pub(crate) fn remove(&mut self, list: &str, key: &str) {
        if let Some(objects) = self.0.get_mut(list) {
            objects.remove(&fold(key));
        }
    }
}

/// Objects that definitions only name: machines, groups, batch users, users.
/// Each is kept as the REST API shows it.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Inventory {
    pub(crate) machines: BTreeMap<u32, Value>,
    pub(crate) machine_groups: BTreeMap<u32, Value>,
    pub(crate) batch_users: BTreeMap<u32, Value>,
    pub(crate) users: BTreeMap<u32, Value>,
}

impl Inventory {
    pub(crate) fn machine(&self, name: &str) -> Option<&Value> {
        named(&self.machines, "name", name)
    }

    pub(crate) fn machine_group(&self, name: &str) -> Option<&Value> {
        named(&self.machine_groups, "name", name)
    }

    pub(crate) fn user(&self, login: &str) -> Option<&Value> {
        named(&self.users, "loginName", login)
    }
}

fn named<'v>(table: &'v BTreeMap<u32, Value>, key: &str, name: &str) -> Option<&'v Value> {
    table.values().find(|item| item[key].as_str().is_some_and(|other| fold(other) == fold(name)))
}
