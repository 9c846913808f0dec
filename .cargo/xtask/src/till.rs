//! A till without a window, asked through `till run`: one line of JSON per question, one per answer.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::process::Running;

/// Longer than any command may take, the slow card dialog included.
const ANSWER_LIMIT: Duration = Duration::from_mins(2);

/// A refusal, with its code for the caller that expects one.
#[derive(Debug)]
pub struct Refusal {
    /// Of the closed set.
    pub code: String,
    /// Everything the till said.
    pub error: Value,
}

/// A `till run` beside us.
pub struct Till {
    running: Running,
    asked: u64,
    dir: PathBuf,
    program: PathBuf,
}

impl Till {
    /// Starts the till of a data directory.
    pub fn start(program: &Path, name: &str, dir: &Path, logs: &Path) -> Result<Self> {
        let mut command = Command::new(program);
        command.arg("--data").arg(dir).arg("run");
        let running = Running::start(name, &mut command, &logs.join(format!("{name}.log")))?;
        Ok(Self { running, asked: 0, dir: dir.to_owned(), program: program.to_owned() })
    }

    /// Asks, and says apart what the till refused.
    pub fn try_ask(&mut self, command: &str, args: &Value) -> Result<Result<Value, Refusal>> {
        self.asked += 1;
        let id = self.asked;
        self.running.say(&json!({ "id": id, "command": command, "args": args }).to_string())?;
        let mut answer = self.running.hear_for(ANSWER_LIMIT, |line| {
            serde_json::from_str::<Value>(line).ok().filter(|answer| answer["id"] == json!(id))
        })?;
        if answer["error"].is_null() {
            return Ok(Ok(answer["ok"].take()));
        }
        let code = answer["error"]["code"].as_str().unwrap_or_default().to_owned();
        Ok(Err(Refusal { code, error: answer["error"].take() }))
    }

    /// Asks for something that has to work.
    pub fn ask(&mut self, command: &str, args: &Value) -> Result<Value> {
        match self.try_ask(command, args)? {
            Ok(answer) => Ok(answer),
            Err(refusal) => bail!("{} refused {command} {args}: {}", self.dir.display(), refusal.error),
        }
    }

    /// Ends it as a power cut would, and gives back where it lived.
    pub fn kill(self) -> PathBuf {
        self.running.kill();
        self.dir
    }

    /// Closes it in peace.
    pub fn finish(self) -> Result<()> {
        self.running.finish()
    }

    /// Closes it in peace, then recomputes every hash and projection of what it left behind.
    pub fn finish_and_verify(self) -> Result<()> {
        self.running.finish()?;
        let mut verify = Command::new(&self.program);
        verify.arg("--data").arg(&self.dir).arg("verify");
        crate::process::output(&mut verify).with_context(|| format!("{} does not verify", self.dir.display()))?;
        Ok(())
    }
}

/// An integer of an answer.
pub fn int(value: &Value, path: &str) -> Result<i64> {
    value.pointer(path).and_then(Value::as_i64).with_context(|| format!("no number at {path} in {value}"))
}

/// A text of an answer.
pub fn text<'a>(value: &'a Value, path: &str) -> Result<&'a str> {
    value.pointer(path).and_then(Value::as_str).with_context(|| format!("no text at {path} in {value}"))
}
