//! What scripts import: other rules, by plain name, compiled beforehand.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use rhai::{Engine, EvalAltResult, Module, ModuleResolver, Position, Shared};

/// The imported rules of one set.
#[derive(Clone, Default)]
pub(crate) struct Modules(Arc<RwLock<HashMap<String, Shared<Module>>>>);

impl Modules {
    pub(crate) fn insert(&self, name: &str, module: Module) {
        if let Ok(mut modules) = self.0.write() {
            modules.insert(name.to_owned(), module.into());
        }
    }

    pub(crate) fn contains(&self, name: &str) -> bool {
        self.0.read().is_ok_and(|modules| modules.contains_key(name))
    }
}

impl ModuleResolver for Modules {
    fn resolve(
        &self,
        _: &Engine,
        _: Option<&str>,
        path: &str,
        position: Position,
    ) -> Result<Shared<Module>, Box<EvalAltResult>> {
        let found = self.0.read().ok().and_then(|modules| modules.get(path).cloned());
        found.ok_or_else(|| Box::new(EvalAltResult::ErrorModuleNotFound(path.to_owned(), position)))
    }
}

/// Whether a name can be that of a rule in `rules/`: no folders, no way out.
pub(crate) fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with('.')
        && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ' '))
}
