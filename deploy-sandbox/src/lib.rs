//! An OpCon system in one process: for rehearsals, for tests, for the demo.
//!
//! ```
//! use deploy_sandbox::{Config, Sandbox, SystemConfig, SystemType};
//!
//! # tokio::runtime::Runtime::new()?.block_on(async {
//! let dev = SystemConfig::new("DEV", SystemType::Development);
//! let running = Sandbox::start(Config { systems: vec![dev], ..Config::default() }).await?;
//! let dev = &running.systems()[0];
//! println!("{} as {} with {}", dev.rest_url(), dev.user, dev.password);
//! running.set_fault("reset@GET /api/machines#1".parse()?);
//! running.shutdown().await;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).map_err(|error| error.to_string()).map_err(std::io::Error::other)?;
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! A system has two services, each on a port of its own: the OpCon REST API
//! under `/api`, with the vendor's paths, parameters and field names, and
//! ImpEx under `/impex2`. It keeps OpCon's rules: tokens expire, inserts are
//! transactions, ids differ between systems, the daily follows the clock.
//! What it does not do: events of jobs and schedules are carried, not acted
//! upon, and a job on a machine that is not the sandbox's own agent only takes
//! its estimated run time and finishes OK.
//!
//! # ImpEx
//!
//! The vendor does not publish the routes; these are the ones of the default
//! connector profile. All but the version need `Authorization: Token <id>`,
//! with a token of the same system's REST API.
//!
//! | request | answer |
//! |---|---|
//! | `GET /impex2/version` | `{"version"}` |
//! | `GET /impex2/schedules/NAME` | the definition |
//! | `POST /impex2/schedules` with `{"opConExtract", "importRules"}` | `{"result", "schedules"}` |
//! | `DELETE /impex2/schedules/NAME` | `{"result"}` |
//!
//! A refusal is the vendor's array of errors, one entry per thing that is
//! missing or wrong, and nothing has changed. `importRules` may hold
//! `updateProperties`, `updateVariables`, `updateScheduleInstanceProperties`
//! (all true unless given), `mergeScheduleInstanceProperties`,
//! `excludeScripts`, `excludeCalendars`, `doNotOverwrite`, `rebuildDaily`,
//! `resetScripts` (all false), `autoBuild` with `days` and `advance`,
//! `autoDeleteDays`, and `insertSapJobs`, which a sandbox has no SAP system for.
//!
//! An `opConExtract` with a `scriptList` and no schedule (nor anything else)
//! writes those scripts alone: a number that is there with another content is
//! refused, `resetScripts` replaces all versions there by those that come.
//!
//! # Faults
//!
//! See [`FaultSpec`]; written `[SYSTEM:]NAME[=VALUE][@[METHOD ]PATH][#CALLS]`.
//!
//! | name | does | value |
//! |---|---|---|
//! | `latency` | answers later | milliseconds (1000) |
//! | `reset` | resets the connection instead of answering | |
//! | `slow-body` | takes its time over the body | milliseconds (1000) |
//! | `truncate` | breaks off the body | bytes that are sent (100) |
//! | `error` | answers with an error | status (500) |
//! | `expired-token` | ends the caller's token first | |
//! | `refuse-insert` | refuses an insert, nothing changed | the message |
//! | `alter-insert` | takes an insert, and lets the schedules start at another time than was sent | the time (03:33) |
//! | `lost-answer` | does all that was asked, then resets the connection | |
//!
//! PATH takes `*` and `?` and ignores case; without one every request is
//! meant. CALLS counts the requests that match: `3` is the third only, `2-4`
//! the second to the fourth, `2+` all from the second on.
//!
//! # What it was asked
//!
//! [`Running::requests`], or from another process `GET /sandbox/requests?from=N` on the port
//! of the REST API, without a token: `{"requests": [{"system", "service", "method", "path",
//! "query", "status"}], "next"}`. All systems of a sandbox are in it; the question itself is not.
//!
//! # Its clock
//!
//! [`Running::clock`], or from another process `GET /sandbox/clock` and
//! `PUT /sandbox/clock?now=2026-12-01T18:30:00Z` on the port of the REST API, without a
//! token. The daily follows it; times of day are those of UTC.
//!
//! # Agents of its own
//!
//! Every system has the machines `SANDBOX` (Windows jobs) and `SANDBOX_UNIX`.
//! With [`Config::run_jobs`] their jobs really run: tokens `[[…]]` are
//! resolved, the command line is split as the platform splits it, the program
//! is started without a shell in the environment of the sandbox, and its exit
//! code is the job's.
#![warn(missing_docs)]

mod answer;
mod asked;
mod clock;
mod config;
mod daily;
mod fault;
mod hand;
mod impex;
mod listen;
mod power;
mod request;
mod rest;
mod sandbox;
mod seal;
mod seed;
mod serve;
mod state;
mod store;
mod system;
mod text;
mod tls;

pub use clock::Clock;
pub use config::{Certificate, Config, ConfigError, PASSWORD, Seed, SystemConfig, SystemType, USER};
pub use daily::{UNIX_AGENT, WINDOWS_AGENT};
pub use fault::{FaultError, FaultKind, FaultSpec};
pub use rest::DEPLOY_FEATURE;
pub use sandbox::{Running, RunningSystem, Sandbox, StartError};
pub use seed::SeedError;
pub use serve::{RequestRecord, Service};
pub use tls::TlsError;
