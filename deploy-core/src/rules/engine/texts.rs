//! Functions about texts: events, tokens, names.

use rhai::{Array, Dynamic, Engine, ImmutableString, NativeCallContext};

use super::TEXT_REPLACE;
use super::handle::Handle;
use super::register::{Answer, at, error, named, session};
use crate::rules::replace::{Wildcard, replace_all};
use crate::rules::{events, tokens};

fn event_text(ctx: &NativeCallContext<'_>, item: Handle) -> Answer<String> {
    session(ctx, |session| item.read(session, &named("text")).map(|text| text.to_string()))
}

fn index(ctx: &NativeCallContext<'_>, number: i64) -> Answer<usize> {
    match usize::try_from(number) {
        Ok(index) if index < 100 => Ok(index),
        _ => Err(error(ctx, format!("an event has no argument number {number}"))),
    }
}

pub(super) fn register(engine: &mut Engine) {
    engine.register_get(
        "command",
        |ctx: NativeCallContext<'_>, item: &mut Handle| -> Answer<ImmutableString> {
            let text = event_text(&ctx, *item)?;
            Ok(events::parse(&text).0.into())
        },
    );
    engine.register_fn(
        "arg",
        |ctx: NativeCallContext<'_>, item: &mut Handle, number: i64| -> Answer<ImmutableString> {
            let (text, number) = (event_text(&ctx, *item)?, index(&ctx, number)?);
            Ok(events::parse(&text).1.get(number).copied().unwrap_or_default().into())
        },
    );
    engine.register_fn("args", |ctx: NativeCallContext<'_>, item: &mut Handle| -> Answer<Array> {
        let text = event_text(&ctx, *item)?;
        Ok(events::parse(&text).1.into_iter().map(|argument| argument.to_owned().into()).collect())
    });
    engine.register_fn(
        "set_arg",
        |ctx: NativeCallContext<'_>, item: &mut Handle, number: i64, new: &str| -> Answer<()> {
            let (text, number, at) = (event_text(&ctx, *item)?, index(&ctx, number)?, at(&ctx));
            let (command, mut arguments) = events::parse(&text);
            if arguments.len() <= number {
                arguments.resize(number + 1, "");
            }
            arguments[number] = new;
            let text = events::write(command, &arguments);
            session(&ctx, |session| item.write(session, &named("text"), text.into(), at))
        },
    );
    engine.register_fn("event_command", |text: &str| ImmutableString::from(events::parse(text).0));
    engine.register_fn("event_args", |text: &str| -> Array {
        events::parse(text).1.into_iter().map(|argument| argument.to_owned().into()).collect()
    });
    engine.register_fn("event_text", |command: &str, arguments: Array| -> String {
        let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        events::write(command, &arguments)
    });
    engine.register_fn("tokens", |text: &str| -> Array {
        let parts = tokens::parts(text).into_iter().filter(|(_, index, _)| *index == 0);
        parts
            .map(|(scope, _, name)| if scope.is_empty() { name } else { format!("{scope}.{name}") })
            .map(Dynamic::from)
            .collect()
    });
    engine.register_fn("rename_token", |text: &str, old: &str, new: &str| -> String {
        let renamed = tokens::rewrite(text, &mut |part| {
            let name = match part.scope {
                "" => part.name.to_owned(),
                scope => format!("{scope}.{}", part.name),
            };
            let new = new.strip_prefix(&format!("{}.", part.scope)).unwrap_or(new);
            (part.index == 0 && name == old).then(|| new.to_owned())
        });
        renamed.unwrap_or_else(|| text.to_owned())
    });
    engine.register_fn("like", |text: &str, pattern: &str| {
        Wildcard::new(pattern).is_none_or(|pattern| pattern.matches(text))
    });
    // `text.replace(a, b)` is mapped here: `replace(tag, a, b)` is the function for tags.
    engine.register_fn(
        TEXT_REPLACE,
        |ctx: NativeCallContext<'_>, text: &mut ImmutableString, old: &str, new: &str| -> Answer<()> {
            let replaced = replace_all(text, old, new);
            *text = replaced.ok_or_else(|| error(&ctx, "the text would be too long"))?.into();
            Ok(())
        },
    );
}
