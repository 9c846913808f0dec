//! One value that several may set: the latest version stands.

use crdts::{CvRDT, LWWReg};

use super::Version;

/// A value and its version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field<V>(LWWReg<V, Version>);

/// What telling a field another value came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was known.
    Same,
    /// It is the value now.
    Taken,
    /// A later one stands.
    Older,
}

/// Two values under one version: a copied disk or a bug. Neither is taken over the other in silence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("two values have the same version {version:?}")]
pub struct Contradiction {
    /// Of both.
    pub version: Version,
}

impl<V: Clone + PartialEq> Field<V> {
    /// A value as it was set.
    pub const fn new(value: V, version: Version) -> Self {
        Self(LWWReg { val: value, marker: version })
    }

    /// The value that stands.
    pub const fn value(&self) -> &V {
        &self.0.val
    }

    /// Its version.
    pub const fn version(&self) -> &Version {
        &self.0.marker
    }

    /// Takes in another value, if it is later.
    ///
    /// Errors: [`Contradiction`]; the field is as it was.
    pub fn merge(&mut self, other: &Self) -> Result<Outcome, Contradiction> {
        self.0.validate_merge(&other.0).map_err(|_| Contradiction { version: self.0.marker })?;
        let outcome = match other.0.marker.cmp(&self.0.marker) {
            std::cmp::Ordering::Less => Outcome::Older,
            std::cmp::Ordering::Equal => Outcome::Same,
            std::cmp::Ordering::Greater => Outcome::Taken,
        };
        self.0.merge(other.0.clone());
        Ok(outcome)
    }
}
