//! The words that scripts are given: `target`, `package`, `deployment`.

use rhai::{Dynamic, Engine, ImmutableString, Module, NativeCallContext};
use serde_json::Value;

use super::register::{Answer, session};
use crate::rules::diagnostic::nearest;
use crate::rules::session::Session;

#[derive(Clone)]
struct TargetRef;
#[derive(Clone)]
struct VarsRef;
#[derive(Clone)]
struct PackageRef;
#[derive(Clone)]
struct DeploymentRef;

pub(super) fn register(engine: &mut Engine) {
    let mut module = Module::new();
    module.set_var("target", TargetRef).set_var("package", PackageRef).set_var("deployment", DeploymentRef);
    engine.register_global_module(module.into());
    engine.register_type_with_name::<TargetRef>("Target");
    engine.register_type_with_name::<VarsRef>("Vars");
    engine.register_type_with_name::<PackageRef>("Package");
    engine.register_type_with_name::<DeploymentRef>("Deployment");
    fn get<T: rhai::Variant + Clone>(
        engine: &mut Engine,
        name: &str,
        read: impl Fn(&Session) -> String + Send + Sync + 'static,
    ) {
        engine.register_get(name, move |ctx: NativeCallContext<'_>, _: &mut T| -> Answer<ImmutableString> {
            session(&ctx, |session| Ok(read(session).into()))
        });
    }
    get::<TargetRef>(engine, "name", |session| session.context.target.name.clone());
    get::<TargetRef>(engine, "type", |session| session.context.target.kind.clone());
    get::<TargetRef>(engine, "class", |session| session.context.target.class.clone());
    get::<DeploymentRef>(engine, "user", |session| session.context.deployment.user.clone());
    get::<DeploymentRef>(engine, "description", |session| session.context.deployment.description.clone());
    let package = |session: &Session| session.context.package.clone().unwrap_or_default();
    get::<PackageRef>(engine, "name", move |session| package(session).name);
    get::<PackageRef>(engine, "version", move |session| package(session).version);
    engine.register_get("vars", |_: &mut TargetRef| VarsRef);
    engine.register_indexer_get(
        |ctx: NativeCallContext<'_>, _: &mut VarsRef, name: ImmutableString| -> Answer<Dynamic> {
            session(&ctx, |session| {
                let vars = &session.context.target.vars;
                let Some(value) = vars.get(name.as_str()) else {
                    let near = nearest(&name, vars.keys().map(String::as_str));
                    let hint =
                        near.first().map_or(String::new(), |near| format!(" (did you mean `{near}`?)"));
                    let server = &session.context.target.name;
                    return Err(format!("the server `{server}` has no variable `{name}`{hint}"));
                };
                Ok(match value {
                    Value::Bool(flag) => (*flag).into(),
                    Value::Number(number) => {
                        number.as_i64().map_or_else(|| number.to_string().into(), Dynamic::from_int)
                    }
                    Value::String(text) => text.as_str().into(),
                    other => other.to_string().into(),
                })
            })
        },
    );
    engine.register_fn("has", |ctx: NativeCallContext<'_>, _: &mut VarsRef, name: &str| -> Answer<bool> {
        session(&ctx, |session| Ok(session.context.target.vars.contains_key(name)))
    });
}
