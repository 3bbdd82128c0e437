//! The rhai engine: bounded, pure, and with OpCon's words.
//!
//! Built from nothing with chosen packages: no files, no clock, no randomness, no
//! `eval`, no `try` (an error stops the deploy, always).

pub(crate) mod check;
mod errors;
pub(crate) mod fields;
pub(crate) mod functions;
mod given;
mod handle;
mod modules;
mod options;
mod register;
mod texts;
mod values;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

use rhai::packages::{
    ArithmeticPackage, BasicArrayPackage, BasicIteratorPackage, BasicMapPackage, BasicMathPackage,
    BasicStringPackage, LanguageCorePackage, LogicPackage, MoreStringPackage, Package,
};
use rhai::{Dynamic, Engine, OptimizationLevel, Token};

pub(crate) use errors::{of_parse, of_run};
pub(crate) use modules::Modules;

use super::session::Session;
use super::settings::Settings;

/// What `text.replace(…)` is called inside: `replace(…)` is the function for tags.
pub(crate) const TEXT_REPLACE: &str = "replace_in_text";

/// Words of the language that scripts go without.
const DISABLED: &[&str] = &["eval", "try", "catch"];

/// Functions of the packages that scripts go without.
pub(crate) const REFUSED: &[&str] = &["sleep", "exit"];

/// How often the clock is looked at, in operations.
const CLOCK_EVERY: u64 = 4096;

thread_local! {
    /// Whether the last token was a dot, while a script is parsed on this thread.
    static AFTER_DOT: Cell<bool> = const { Cell::new(false) };
}

/// Builds the engine for one set of rules.
pub(crate) fn build(settings: &Arc<Settings>, modules: Modules) -> Engine {
    let mut engine = Engine::new_raw();
    LanguageCorePackage::new().register_into_engine(&mut engine);
    ArithmeticPackage::new().register_into_engine(&mut engine);
    LogicPackage::new().register_into_engine(&mut engine);
    BasicStringPackage::new().register_into_engine(&mut engine);
    MoreStringPackage::new().register_into_engine(&mut engine);
    BasicIteratorPackage::new().register_into_engine(&mut engine);
    BasicMathPackage::new().register_into_engine(&mut engine);
    BasicArrayPackage::new().register_into_engine(&mut engine);
    BasicMapPackage::new().register_into_engine(&mut engine);
    for word in DISABLED {
        engine.disable_symbol(*word);
    }
    let limits = &settings.limits;
    engine
        .set_optimization_level(OptimizationLevel::None)
        .set_max_operations(limits.operations)
        .set_max_call_levels(limits.call_levels)
        .set_max_expr_depths(limits.expression_depth, limits.expression_depth)
        .set_max_string_size(limits.text)
        .set_max_array_size(limits.array)
        .set_max_map_size(limits.map)
        .set_max_variables(1_000)
        .set_max_functions(1_000)
        .set_max_modules(100)
        .set_fail_on_invalid_map_property(true)
        .set_module_resolver(modules);
    map_tokens(&mut engine);
    engine.on_print(|text| {
        Session::with(|session| session.recorder.note(0, text));
    });
    engine.on_debug(|text, _, position| {
        Session::with(|session| session.recorder.note(position.line().unwrap_or(0), text));
    });
    if let Some(clock) = settings.clock.clone() {
        let allowed = limits.time;
        engine.on_progress(move |operations| {
            if operations % CLOCK_EVERY != 0 {
                return None;
            }
            let begun = Session::with(|session| session.begun)?;
            let took = clock().saturating_sub(begun);
            (took > allowed)
                .then(|| Dynamic::from(format!("the rule runs for more than {} s", allowed.as_secs())))
        });
    }
    register::register(&mut engine);
    engine
}

/// `package` is a name here, and `text.replace` is not `replace`.
#[allow(deprecated)] // How rhai marks what may change between its releases.
fn map_tokens(engine: &mut Engine) {
    engine.on_parse_token(|token, _, _| {
        let after_dot = AFTER_DOT.replace(matches!(token, Token::Period | Token::Elvis));
        match &token {
            Token::Reserved(word) if word.as_str() == "package" => Token::Identifier(word.clone()),
            Token::Identifier(word) if after_dot && word.as_str() == "replace" => {
                Token::Identifier(Box::new(TEXT_REPLACE.into()))
            }
            _ => token,
        }
    });
}

/// What scripts may call and read, as it is registered.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// Functions and methods, with the numbers of arguments they take.
    pub(crate) functions: BTreeMap<String, Vec<usize>>,
    /// Properties.
    pub(crate) properties: Vec<String>,
}

impl Known {
    pub(crate) fn of(engine: &Engine) -> Self {
        let mut known = Self::default();
        let all = engine.collect_fn_metadata(
            None,
            |info| Some((info.metadata.name.to_string(), info.metadata.num_params)),
            true,
        );
        for (name, parameters) in all {
            match name.strip_prefix("get$").or_else(|| name.strip_prefix("set$")) {
                Some(property) => known.properties.push(property.to_owned()),
                None => known.functions.entry(name).or_default().push(parameters),
            }
        }
        known.properties.sort();
        known.properties.dedup();
        for name in REFUSED {
            known.functions.remove(*name);
        }
        known
    }
}
