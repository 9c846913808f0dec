//! What is for sale.

use shared::catalog::Product;

use super::{Caller, Till};
use crate::commands::CommandError;
use crate::commands::types::{CatalogView, CategoryView, Nothing, SearchCatalog};
use crate::ledger::catalog;

/// `catalog.list`
pub(crate) fn list_catalog(till: &Till, _: &Caller, _: &Nothing) -> Result<CatalogView, CommandError> {
    let currency = till.venue()?.currency;
    let (version, listed) = till.ledger().read(|connection| {
        Ok::<_, CommandError>((catalog::version(connection)?, catalog::list_for_sale(connection)?))
    })?;
    let categories = listed.into_iter().map(|(category, products)| CategoryView { category, products }).collect();
    Ok(CatalogView { version, currency: Some(currency), categories })
}

/// `catalog.search`
pub(crate) fn search_catalog(till: &Till, _: &Caller, args: &SearchCatalog) -> Result<Vec<Product>, CommandError> {
    let limit = usize::try_from(args.limit).unwrap_or(usize::MAX);
    Ok(till.ledger().read(|connection| catalog::search(connection, &args.text, limit))?)
}
