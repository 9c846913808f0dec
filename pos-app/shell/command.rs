//! The one thing the screens can ask for.

use pos_app::commands::{CommandError, ErrorCode};
use serde_json::Value;
use tauri::State;

use crate::opening::Opening;

/// Carries out a till command by its name.
///
/// It runs on a thread of its own kind: a command may wait for the disk or the card terminal, and the window must not.
/// Errors: whatever the till refused; a till that could not be opened refuses everything with the reason.
#[tauri::command]
pub(crate) async fn command(opening: State<'_, Opening>, name: String, args: Value) -> Result<Value, CommandError> {
    let opening = opening.inner().clone();
    tauri::async_runtime::spawn_blocking(move || opening.till()?.execute(&name, args))
        .await
        .unwrap_or_else(|panic| Err(CommandError::new(ErrorCode::Internal, format!("the command broke off: {panic}"))))
}
