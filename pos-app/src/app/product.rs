//! Products changed at the till: at once here, and everywhere once head office has heard of it.

use shared::catalog::Product;
use shared::event::{Edited, Fact, ProductEdited};

use super::{Caller, Till};
use crate::commands::types::{EditProduct, Notice};
use crate::commands::{CommandError, ErrorCode};
use crate::ledger::{catalog, product_edit};

/// `product.edit`
pub(crate) fn edit_product(till: &Till, who: &Caller, args: &EditProduct) -> Result<Product, CommandError> {
    let actor = who.by()?;
    let session = till.find_session()?.map(|stored| stored.session.session_id);
    let args = args.clone();
    let product = till.ledger().transact(move |tx| {
        let ledger = tx.connection();
        let unknown = || CommandError::new(ErrorCode::ProductUnknown, "This till knows no such product.");
        let shown = catalog::find_product(ledger, args.product_id)?.ok_or_else(unknown)?;
        let base = product_edit::find_base(ledger, args.product_id)?;
        let edit = changes(&args, &shown, base.as_ref().unwrap_or(&shown));
        if let Some(edit) = edit {
            tx.append(&Fact::ProductEdited(edit), actor, session)?;
        }
        catalog::find_product(ledger, args.product_id)?.ok_or_else(unknown)
    })?;
    till.notices.send(&Notice::Catalog);
    Ok(product)
}

/// What differs from what shows. How late it is counts from what head office said, so that a till that edits twice
/// alone does not overtake head office.
fn changes(args: &EditProduct, shown: &Product, base: &Product) -> Option<ProductEdited> {
    let name = args.name.as_ref().map(|name| name.trim().to_owned()).filter(|name| *name != shown.name);
    let price_minor = args.price_minor.filter(|price| *price != shown.price_minor);
    let is_active = args.is_active.filter(|is_active| *is_active != shown.is_active);
    let mut add_tags: Vec<String> = args.add_tags.iter().flatten().map(|tag| tag.trim().to_owned()).collect();
    add_tags.retain(|tag| !shown.tags.contains(tag));
    add_tags.sort_unstable();
    add_tags.dedup();
    let removed = args.remove_tags.iter().flatten().map(|tag| tag.trim());
    let mut removed: Vec<&str> = removed.filter(|tag| shown.tags.iter().any(|known| known == tag)).collect();
    removed.sort_unstable();
    removed.dedup();
    let remove_tags: Vec<_> = removed.into_iter().map(|tag| shown.marks.tags.removal(tag)).collect();
    let edit = ProductEdited {
        product_id: shown.product_id,
        name: name.map(|to| Edited { to, seen: base.marks.name.round }),
        price_minor: price_minor.map(|to| Edited { to, seen: base.marks.price_minor.round }),
        is_active: is_active.map(|to| Edited { to, seen: base.marks.is_active.round }),
        add_tags,
        remove_tags,
    };
    let is_empty = edit.name.is_none()
        && edit.price_minor.is_none()
        && edit.is_active.is_none()
        && edit.add_tags.is_empty()
        && edit.remove_tags.is_empty();
    (!is_empty).then_some(edit)
}
