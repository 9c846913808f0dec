//! From a name and JSON to a deed and back.

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use ts_rs::Config;

use super::limits::Limits;
use super::registry::COMMANDS;
use super::types::Approval;
use super::{CommandError, ErrorCode};
use crate::app::{Need, Till};

/// Lists the commands; asked for like one of them.
const HELP: &str = "help";
/// Beside the arguments: `{ staff_id, pin }` of whoever allows this one command.
const APPROVAL: &str = "approval";

/// Does a command for whoever is signed in.
pub(crate) fn execute(till: &Till, name: &str, mut args: Value) -> Result<Value, CommandError> {
    if name == HELP {
        return Ok(help());
    }
    let spec = COMMANDS.iter().find(|spec| spec.name == name).ok_or_else(|| unknown(name))?;
    // A panic is a bug of ours; the next command must work all the same, and the ledger lost nothing half done.
    let answer = catch_unwind(AssertUnwindSafe(|| {
        let approval = take_approval(spec.need, &mut args)?;
        let who = till.authorise(spec.need, approval.as_ref())?;
        (spec.run)(till, &who, args)
    }))
    .unwrap_or_else(|_| Err(CommandError::new(ErrorCode::Internal, "Something went wrong in the till.")))?;
    if spec.changes {
        till.notify_status();
    }
    Ok(answer)
}

/// What stands beside the arguments of any command that somebody may have to allow.
fn take_approval(need: Need, args: &mut Value) -> Result<Option<Approval>, CommandError> {
    let approval = match (need, args) {
        (Need::May(_), Value::Object(args)) => args.remove(APPROVAL),
        _ => None,
    };
    approval.map(decode).transpose()
}

/// Every command with the shapes of its arguments and its answer, as TypeScript types.
pub fn help() -> Value {
    let config = Config::new().with_large_int("number");
    let entry = |spec: &super::registry::CommandSpec| {
        json!({
            "name": spec.name,
            "about": spec.about,
            "args": (spec.args)(&config),
            "answer": (spec.answer)(&config),
        })
    };
    COMMANDS.iter().map(entry).collect()
}

fn unknown(name: &str) -> CommandError {
    let shown: String = name.chars().take(60).collect();
    CommandError::new(ErrorCode::CommandUnknown, format!("There is no command {shown:?}; help lists all."))
}

/// Reads arguments; none at all is an empty object.
pub(crate) fn decode<T: DeserializeOwned + Limits>(args: Value) -> Result<T, CommandError> {
    let args = if args.is_null() { Value::Object(Map::new()) } else { args };
    let args: T = serde_json::from_value(args).map_err(|error| invalid(&error.to_string()))?;
    args.check().map_err(invalid)?;
    Ok(args)
}

fn invalid(why: &str) -> CommandError {
    CommandError::new(ErrorCode::ArgumentsInvalid, format!("These are not the command's arguments: {why}."))
}

pub(crate) fn encode<T: Serialize>(answer: &T) -> Result<Value, CommandError> {
    serde_json::to_value(answer).map_err(|error| crate::app::internal(&error.to_string()))
}
