//! What two may decide about a product at once, field by field.

use serde::{Deserialize, Serialize};

use super::{Actor, Author, Contradiction, Field, Marker, Outcome, Tags, Version};
use crate::catalog::Product;
use crate::event::{Edited, ProductEdited};

/// How late each field of a product is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Marks {
    /// Of its name.
    pub name: Version,
    /// Of its price.
    pub price_minor: Version,
    /// Of whether it is for sale.
    pub is_active: Version,
    /// Its tags, and who put them there.
    #[serde(skip_serializing_if = "Tags::is_fresh")]
    pub tags: Tags,
}

/// A field that can be edited at a till.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EditedField {
    /// Its name.
    Name,
    /// Its price.
    PriceMinor,
    /// Whether it is for sale.
    IsActive,
}

/// A value that did not stand: who wrote it did not know the other, which does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Superseded {
    /// Of which field.
    pub field: EditedField,
    /// As it was written, as JSON.
    pub lost: serde_json::Value,
    /// Where.
    pub lost_version: Version,
    /// What stands instead.
    pub kept: serde_json::Value,
    /// Where that was written.
    pub kept_version: Version,
}

/// What an edit came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EditOutcome {
    /// Something about the product is another now.
    pub is_changed: bool,
    /// Values that lost, this edit's or those it replaced.
    pub superseded: Vec<Superseded>,
    /// Fields where the same event said something else before.
    pub contradicted: Vec<EditedField>,
}

impl Marks {
    /// Whether nobody edited anything since head office first wrote it.
    pub fn is_fresh(&self) -> bool {
        *self == Self::default()
    }
}

impl Product {
    /// Takes in an edit made at a till. In whatever order edits come, and however often, the same product comes out.
    pub fn edit(&mut self, edit: &ProductEdited, by: Actor, at: &Marker) -> EditOutcome {
        let mut outcome = EditOutcome::default();
        let marks = &mut self.marks;
        settle(EditedField::Name, (&mut self.name, &mut marks.name), edit.name.as_ref(), at, &mut outcome);
        let price = (&mut self.price_minor, &mut marks.price_minor);
        settle(EditedField::PriceMinor, price, edit.price_minor.as_ref(), at, &mut outcome);
        let active = (&mut self.is_active, &mut marks.is_active);
        settle(EditedField::IsActive, active, edit.is_active.as_ref(), at, &mut outcome);
        let before = marks.tags.clone();
        for removal in &edit.remove_tags {
            marks.tags.remove(removal);
        }
        marks.tags.add(by, at, &edit.add_tags);
        outcome.is_changed |= marks.tags != before;
        self.tags = marks.tags.list();
        outcome
    }

    /// Marks what head office changed since `before`. It knows every round there was, so what it says stands.
    pub fn mark_changes(&mut self, before: &Self) {
        self.marks = before.marks.clone();
        self.tags = self.marks.tags.list();
        let marks = &mut self.marks;
        for (is_changed, version) in [
            (self.name != before.name, &mut marks.name),
            (self.price_minor != before.price_minor, &mut marks.price_minor),
            (self.is_active != before.is_active, &mut marks.is_active),
        ] {
            if is_changed {
                *version = version.at_office();
            }
        }
    }
}

fn settle<V: Clone + PartialEq + Serialize>(
    field: EditedField,
    (value, version): (&mut V, &mut Version),
    edited: Option<&Edited<V>>,
    at: &Marker,
    outcome: &mut EditOutcome,
) {
    let Some(edited) = edited else { return };
    let mut ours = Field::new(value.clone(), *version);
    let theirs = Field::new(edited.to.clone(), Version::at_till(edited.seen, *at));
    let (lost, kept, is_unknown) = match ours.merge(&theirs) {
        Ok(Outcome::Same) => return,
        Ok(Outcome::Taken) => {
            let lost = Field::new(value.clone(), *version);
            (*value, *version) = (ours.value().clone(), *ours.version());
            outcome.is_changed = true;
            let is_unknown = lost.version().is_beside(theirs.version());
            (lost, theirs, is_unknown)
        }
        Ok(Outcome::Older) => {
            let is_unknown =
                theirs.version().round < ours.version().round || theirs.version().is_beside(ours.version());
            (theirs, ours, is_unknown)
        }
        Err(Contradiction { .. }) => {
            outcome.contradicted.push(field);
            return;
        }
    };
    // Two who said the same agree, and head office's own words are only ever replaced by who knew them.
    let is_edit = matches!(lost.version().by, Author::Till(_));
    if is_edit && is_unknown && lost.value() != kept.value() {
        let json = |field: &Field<V>| serde_json::to_value(field.value()).unwrap_or_default();
        outcome.superseded.push(Superseded {
            field,
            lost: json(&lost),
            lost_version: *lost.version(),
            kept: json(&kept),
            kept_version: *kept.version(),
        });
    }
}
