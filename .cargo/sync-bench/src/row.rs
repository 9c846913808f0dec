//! A figure, its bar, and whether it holds.

use std::time::Duration;

use serde_json::{Value, json};

/// Not more than the bar.
pub(crate) fn at_most(name: &str, value: f64, unit: &str, bar: f64) -> Value {
    json!({ "name": name, "value": round(value), "unit": unit, "bar": bar, "ok": value <= bar })
}

/// Not less than the bar.
pub(crate) fn at_least(name: &str, value: f64, unit: &str, bar: f64) -> Value {
    json!({ "name": name, "value": round(value), "unit": unit, "bar": bar, "ok": value >= bar })
}

/// Neither more nor less.
pub(crate) fn exactly(name: &str, value: f64, unit: &str, bar: f64) -> Value {
    json!({ "name": name, "value": round(value), "unit": unit, "bar": bar, "ok": (value - bar).abs() < f64::EPSILON })
}

/// A figure to read the others by: nothing is asked of it.
pub(crate) fn known(name: &str, value: f64, unit: &str) -> Value {
    json!({ "name": name, "value": round(value), "unit": unit })
}

/// Not less than this share of the baseline.
pub(crate) fn share_at_least(name: &str, value: f64, unit: &str, baseline: f64, bar: f64) -> Value {
    beside(at_least(name, value / baseline, unit, bar), value, baseline)
}

/// Not more than so many times the baseline.
pub(crate) fn times_at_most(name: &str, value: f64, unit: &str, baseline: f64, bar: f64) -> Value {
    beside(at_most(name, value / baseline, unit, bar), value, baseline)
}

/// What is judged is the ratio.
fn beside(mut row: Value, value: f64, baseline: f64) -> Value {
    row["ratio"] = row["value"].take();
    row["value"] = round(value).into();
    row["baseline"] = round(baseline).into();
    row
}

fn round(value: f64) -> f64 {
    if value >= 1_000.0 { value.round() } else { (value * 100.0).round() / 100.0 }
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
pub(crate) fn float(count: usize) -> f64 {
    count as f64
}

/// Milliseconds.
pub(crate) fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

/// The value below which so many of a hundred lie, milliseconds. Sorts them.
pub(crate) fn percentile(times: &mut [Duration], hundredths: usize) -> f64 {
    times.sort_unstable();
    let place = (times.len().saturating_sub(1) * hundredths).div_ceil(100);
    times.get(place).copied().map_or(f64::NAN, millis)
}
