//! Numeric ids and stamps belong to the system a definition stands on: the
//! same schedule has other ids elsewhere.

use deploy_core::definition::form;
use serde_json::Value;

use crate::text::whole;

/// Ids stay below this prime, so that moving them keeps different ids different.
const IDS: i64 = 999_983;

/// Moves every id by the system's own distance and stamps every object with `now`.
/// Objects that stand here already take their ids back from what is stored
/// (`Definition::keep_noise_of`).
pub(super) fn renumber(value: &mut Value, distance: u32, now: &str) {
    match value {
        Value::Object(map) => {
            for (key, value) in map.iter_mut() {
                if !form::is_noise(key, value) {
                    renumber(value, distance, now);
                } else if let Some(id) = whole(value) {
                    move_id(value, id, distance);
                } else if value.is_string() {
                    *value = Value::from(now);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| renumber(item, distance, now)),
        _ => {}
    }
}

/// 0 and negative ids mean "none" and stay; a number in a string stays one.
fn move_id(value: &mut Value, id: i64, distance: u32) {
    if id <= 0 {
        return;
    }
    let moved = 1 + (id - 1 + i64::from(distance)) % IDS;
    *value = if value.is_string() { Value::from(moved.to_string()) } else { Value::from(moved) };
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ids_move_together_and_keep_their_kind() {
        let mut value = json!({
            "data": {"id": "3", "typeId": 4, "name": "id", "createdDate": "2020-01-01"},
            "versionList": [{"scriptId": 3, "version": 1, "id": 999_983}],
            "machineGroupId": "0", "code": "12",
        });
        renumber(&mut value, 100, "NOW");
        assert_eq!(
            value,
            json!({
                "data": {"id": "103", "typeId": 104, "name": "id", "createdDate": "NOW"},
                "versionList": [{"scriptId": 103, "version": 1, "id": 100}],
                "machineGroupId": "0", "code": "12",
            })
        );
    }
}
