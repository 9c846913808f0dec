//! What was done and how long it took.

use std::time::Duration;

use anyhow::{Context, Result};

use crate::stopwatch::Stopwatch;

/// Steps done so far.
#[derive(Default)]
pub struct Steps(Vec<(String, Duration)>);

impl Steps {
    /// Does one more, says so first, and notes its time.
    pub fn take<T>(&mut self, name: &str, step: impl FnOnce() -> Result<T>) -> Result<T> {
        println!("── {name}");
        let watch = Stopwatch::start();
        let done = step().with_context(|| name.to_owned())?;
        self.0.push((name.to_owned(), watch.elapsed()));
        Ok(done)
    }

    /// Prints the table of times.
    pub fn print(&self) {
        println!();
        for (name, took) in &self.0 {
            println!("{:>8.1} s  {name}", took.as_secs_f64());
        }
        let all: Duration = self.0.iter().map(|(_, took)| *took).sum();
        println!("{:>8.1} s  all", all.as_secs_f64());
    }
}
