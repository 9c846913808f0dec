//! What head office looks at and decides.

mod board;
mod card;
mod catalog;
mod extract;
mod flag;
mod incident;
mod place;
mod sales;
mod session;
mod staff;
mod stock;
mod till;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Inner;

pub(super) fn routes() -> OpenApiRouter<Arc<Inner>> {
    OpenApiRouter::new()
        .routes(routes!(session::sign_in, session::who_am_i, session::sign_out))
        .routes(routes!(catalog::list_products, catalog::add_product))
        .routes(routes!(catalog::change_product))
        .routes(routes!(catalog::list_categories, catalog::add_category))
        .routes(routes!(catalog::change_category))
        .routes(routes!(staff::list_staff, staff::add_staff))
        .routes(routes!(staff::change_staff))
        .routes(routes!(place::list_venues, place::add_venue))
        .routes(routes!(place::change_venue))
        .routes(routes!(place::list_registers, place::add_register))
        .routes(routes!(place::change_register))
        .routes(routes!(till::list_tills, till::add_till))
        .routes(routes!(till::change_till, till::revoke_till))
        .routes(routes!(till::mint_code))
        .routes(routes!(till::renew_certificate))
        .routes(routes!(sales::list_sales))
        .routes(routes!(sales::find_sale))
        .routes(routes!(sales::day_totals))
        .routes(routes!(board::board))
        .routes(routes!(card::list_open_cards))
        .routes(routes!(flag::list_flags))
        .routes(routes!(flag::settle_flag))
        .routes(routes!(incident::list_incidents))
        .routes(routes!(incident::find_incident))
        .routes(routes!(stock::list_stock))
        .routes(routes!(stock::list_superseded_edits))
}
