//! What must hold for every definition: the canonical form, splitting, file names.

use proptest::prelude::*;

use super::form::Node;
use super::testing::{any_value, definition, export, reversed_sets};
use super::{Definition, decode, encode, join, read_json, split, write};

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn canonical_form_is_idempotent(export in export()) {
        let bytes = Definition::from_value(export).unwrap().to_bytes();
        prop_assert_eq!(Definition::read(&bytes).unwrap().to_bytes(), bytes);
    }

    #[test]
    fn canonical_form_is_free_of_order(export in export()) {
        let other = reversed_sets(&export, Node::root());
        prop_assert_eq!(
            Definition::from_value(export).unwrap().to_bytes(),
            Definition::from_value(other).unwrap().to_bytes()
        );
    }

    #[test]
    fn writing_loses_nothing(value in any_value()) {
        prop_assert_eq!(read_json(&write(&value)).unwrap(), value);
    }

    #[test]
    fn joining_what_was_split_gives_the_whole(definition in definition()) {
        let (joined, disagreements) = join(split(definition.clone()));
        prop_assert_eq!(disagreements, vec![]);
        prop_assert_eq!(joined.to_bytes(), definition.to_bytes());
    }

    #[test]
    fn file_names_are_reversible(name in "[ -~\u{1}\u{85}äé⏰.]{1,20}") {
        let stem = encode(&name);
        prop_assert!(!stem.contains(['/', '\\', ':', '*', '?', '"', '<', '>', '|']));
        prop_assert_eq!(decode(&stem), Some(name));
    }
}
