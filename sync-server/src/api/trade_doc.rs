//! How the trade's own types look in the document. `shared` knows nothing of documents; a test holds these against what
//! the server sends.
#![expect(dead_code, reason = "only described, never made")]

/// ISO 4217.
#[derive(utoipa::ToSchema)]
#[schema(as = Currency, rename_all = "UPPERCASE")]
pub(crate) enum CurrencyDoc {
    Clp,
    Cop,
    Czk,
    Eur,
    Ils,
}

/// A line as it was sold.
#[derive(utoipa::ToSchema)]
#[schema(as = SaleLine)]
pub(crate) struct SaleLineDoc {
    /// Place on the receipt, from 1.
    line_no: u16,
    product_id: String,
    product_number: u16,
    sku: String,
    name: String,
    quantity_milli: i64,
    unit_price_minor: i64,
    tax_rate_bp: u32,
    total_minor: i64,
    is_ticketed: bool,
}

/// What a sale came to.
#[derive(utoipa::ToSchema)]
#[schema(as = SaleTotals)]
pub(crate) struct TotalsDoc {
    total_minor: i64,
    tax_minor: i64,
    net_minor: i64,
    taxes: Vec<TaxLineDoc>,
}

/// The tax inside, of one rate.
#[derive(utoipa::ToSchema)]
#[schema(as = TaxLine)]
pub(crate) struct TaxLineDoc {
    rate_bp: u32,
    gross_minor: i64,
    net_minor: i64,
    tax_minor: i64,
}

/// The terminal's word for a payment.
#[derive(utoipa::ToSchema)]
#[schema(as = CardApproval)]
pub(crate) struct CardApprovalDoc {
    authorisation_code: String,
    operation_no: String,
    last4: String,
    brand: String,
    card_type: String,
}
