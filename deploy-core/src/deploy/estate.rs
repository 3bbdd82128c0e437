//! What a target has besides its schedules, made ready for looking things up:
//! names of OpCon are the same whatever their case.

use std::collections::{HashMap, HashSet};

use crate::opcon::{Inventory, Machine};

/// The inventory of a target, by names.
pub(super) struct Estate {
    machines: Vec<Machine>,
    /// By name: their places.
    by_name: HashMap<String, usize>,
    /// By group: the places of its machines.
    by_group: HashMap<String, Vec<usize>>,
    machine_groups: HashSet<String>,
    /// With the platform, where that is said.
    batch_users: HashSet<(Option<i64>, String)>,
    /// Of each shared list of a definition.
    shared: HashMap<&'static str, HashSet<String>>,
    encrypted: HashSet<String>,
}

/// Lists of resources and thresholds: a definition has both in one.
pub(super) const RESOURCES: &str = "resources";
pub(super) const THRESHOLDS: &str = "thresholds";

impl Estate {
    pub(super) fn of(inventory: Inventory) -> Self {
        fn names<'n>(names: impl Iterator<Item = &'n str>) -> HashSet<String> {
            names.map(fold).collect()
        }
        let machines = inventory.machines;
        let mut by_group: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, machine) in machines.iter().enumerate() {
            for group in &machine.groups {
                by_group.entry(fold(group)).or_default().push(at);
            }
        }
        let properties = &inventory.properties;
        let shared = HashMap::from([
            ("roleList", names(inventory.roles.iter().map(|role| role.0.as_str()))),
            ("accessCodeList", names(inventory.access_codes.iter().map(|code| code.0.as_str()))),
            ("departmentList", names(inventory.departments.iter().map(|department| department.0.as_str()))),
            ("calendarList", names(inventory.calendars.iter().map(|calendar| calendar.name.as_str()))),
            ("propertyList", names(properties.iter().map(|property| property.name.as_str()))),
            (RESOURCES, names(inventory.resources.iter().map(|resource| resource.name.as_str()))),
            (THRESHOLDS, names(inventory.thresholds.iter().map(|threshold| threshold.name.as_str()))),
        ]);
        let encrypted = properties.iter().filter(|property| property.encrypted);
        Self {
            by_name: machines.iter().enumerate().map(|(at, machine)| (fold(&machine.name), at)).collect(),
            by_group,
            machine_groups: names(inventory.machine_groups.iter().map(|group| group.name.as_str())),
            batch_users: inventory
                .batch_users
                .iter()
                .map(|user| (user.platform, fold(&user.login)))
                .collect(),
            encrypted: names(encrypted.map(|property| property.name.as_str())),
            machines,
            shared,
        }
    }

    pub(super) fn machine(&self, name: &str) -> Option<&Machine> {
        self.by_name.get(&fold(name)).map(|at| &self.machines[*at])
    }

    /// The machines of a group.
    pub(super) fn machines_in(&self, group: &str) -> impl Iterator<Item = &Machine> {
        self.by_group.get(&fold(group)).into_iter().flatten().map(|at| &self.machines[*at])
    }

    pub(super) fn has_group(&self, name: &str) -> bool {
        self.machine_groups.contains(&fold(name))
    }

    /// Whether a user exists on a platform.
    pub(super) fn has_user(&self, platform: i64, login: &str) -> bool {
        [Some(platform), None].into_iter().any(|of| self.batch_users.contains(&(of, fold(login))))
    }

    /// Whether there is a shared object of that list and name.
    pub(super) fn has(&self, list: &str, name: &str) -> bool {
        self.shared.get(list).is_some_and(|names| names.contains(&fold(name)))
    }

    /// Whether a property is encrypted, by its name in small letters.
    pub(super) fn is_encrypted(&self, folded: &str) -> bool {
        self.encrypted.contains(folded)
    }

    /// Whether any property is.
    pub(super) fn encrypts(&self) -> bool {
        !self.encrypted.is_empty()
    }
}

/// Names of OpCon are the same whatever their case.
pub(super) fn fold(name: &str) -> String {
    name.to_lowercase()
}
