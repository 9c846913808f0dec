//! Every word the paper says, Spanish of Chile with English beside it.

use serde::{Deserialize, Serialize};
use shared::money::Currency;

/// What language a paper speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Language {
    /// Spanish of Chile.
    #[default]
    EsCl,
    /// English.
    En,
}

impl Language {
    /// What customers read where this money is spent.
    pub const fn of(currency: Currency) -> Self {
        match currency {
            Currency::Clp | Currency::Cop => Self::EsCl,
            Currency::Czk | Currency::Eur | Currency::Ils => Self::En,
        }
    }

    /// Its words.
    pub const fn words(self) -> &'static Words {
        match self {
            Self::EsCl => &Words::ES_CL,
            Self::En => &Words::EN,
        }
    }
}

macro_rules! words {
    ($($name:ident: $es:literal | $en:literal;)+) => {
        /// The words of one language. `{}` stands for what is filled in.
        #[derive(Debug)]
        pub struct Words { $(#[doc = $en] pub $name: &'static str,)+ }

        impl Words {
            const ES_CL: Self = Self { $($name: $es,)+ };
            const EN: Self = Self { $($name: $en,)+ };
        }
    };
}

words! {
    // every paper
    tax_id: "RUT {}" | "Tax ID {}";
    business_day: "Jornada {}" | "Night of {}";
    copy: "COPIA {}" | "COPY {}";
    // receipt
    sale: "VENTA {}" | "SALE {}";
    total: "TOTAL" | "TOTAL";
    net: "Neto" | "Net";
    tax: "IVA {} %" | "VAT {} %";
    rounding: "Ajuste legal" | "Legal rounding";
    cash: "Efectivo" | "Cash";
    change: "Vuelto" | "Change";
    card: "Tarjeta" | "Card";
    debit_card: "Tarjeta débito" | "Debit card";
    credit_card: "Tarjeta crédito" | "Credit card";
    authorisation: "Aut. {}" | "Auth. {}";
    operation: "Op. {}" | "Op. {}";
    not_fiscal: "Comprobante, no es boleta" | "Not a fiscal document";
    // ticket
    deliver: "RETIRO EN BARRA" | "COLLECT AT THE BAR";
    entry: "ENTRADA" | "ENTRY";
    wardrobe: "GUARDARROPÍA" | "CLOAKROOM";
    voucher: "VALE" | "VOUCHER";
    valid_until: "Vale hasta el {}" | "Valid until {}";
    one_product: "1 producto. Entregue el papel al retirar." | "1 item. Hand over this paper when collecting.";
    products: "{} productos. Entregue el papel al retirar." | "{} items. Hand over this paper when collecting.";
    no_qr_on_copy: "El QR va solo en el original. Dicte el código." | "The QR is on the original only. Read out the code.";
    // badge
    badge: "CREDENCIAL" | "STAFF BADGE";
    badge_until: "Vale hasta la jornada {}" | "Valid until the night of {}";
    badge_with_pin: "Sirve con su PIN. No se presta." | "Works with its PIN. Do not lend it.";
    badge_printed: "La imprime {}" | "Printed by {}";
    role_cashier: "Caja" | "Register";
    role_bartender: "Barra" | "Bar";
    role_supervisor: "Supervisión" | "Supervisor";
    role_manager: "A cargo" | "Manager";
    role_admin: "Administración" | "Administration";
    role_auditor: "Auditoría" | "Auditor";
    // drawer
    opening: "APERTURA DE CAJA" | "REGISTER OPENED";
    float: "Fondo de caja" | "Float";
    reading: "LECTURA X" | "X REPORT";
    reading_only: "No cierra la caja." | "Does not close the register.";
    manual_cards: "De ellas a mano" | "Of them by hand";
    closing: "CIERRE Z {}" | "Z REPORT {}";
    opened_at: "Apertura" | "Opened";
    closed_at: "Cierre" | "Closed";
    sales: "Ventas" | "Sales";
    sold: "Vendido" | "Sold";
    tax_inside: "IVA incluido" | "VAT included";
    cash_kept: "Efectivo" | "Cash";
    by_card: "Tarjetas" | "Cards";
    by_hand: "De ellas a mano ({})" | "Of them by hand ({})";
    returned: "Devuelto en efectivo" | "Given back in cash";
    paid_in: "Ingresos de efectivo" | "Cash put in";
    paid_out: "Retiros de efectivo" | "Cash paid out";
    dropped: "A la caja fuerte" | "Taken to the safe";
    cash_in: "INGRESO" | "CASH IN";
    cash_out: "RETIRO" | "CASH OUT";
    cash_drop: "A CAJA FUERTE" | "TO THE SAFE";
    amount: "Monto" | "Amount";
    gives: "Entrega" | "Hands over";
    takes: "Recibe" | "Receives";
    allowed_by: "Autoriza {}" | "Allowed by {}";
    cash_in_drawer: "EFECTIVO EN CAJA" | "CASH IN THE DRAWER";
    expected: "Esperado" | "Expected";
    counted: "Contado" | "Counted";
    exact: "CUADRA" | "EXACT";
    over: "SOBRA" | "OVER";
    short: "FALTA" | "SHORT";
    signature: "Firma" | "Signature";
    // test page
    test_page: "PRUEBA" | "TEST PAGE";
    test_done: "Si esto y los códigos se leen, está lista." | "If this and the codes can be read, it is ready.";
    no_logo: "Sin logo: {}" | "No logo: {}";
    // the printer itself, for the status bar
    paper_out: "Falta papel" | "Out of paper";
    paper_low: "Queda poco papel" | "Paper is low";
    cover_open: "La tapa está abierta" | "The cover is open";
    cutter_jammed: "La cuchilla está trabada" | "The cutter is jammed";
    printer_fault: "La impresora pide revisión" | "The printer needs a look";
    printer_offline: "La impresora está en pausa" | "The printer is paused";
    no_answer: "La impresora no contesta" | "The printer does not answer";
    unconfirmed: "No se sabe si el papel salió; mírelo" | "It is not known whether the paper came out; have a look";
}

/// A word with its gap filled in.
pub fn fill(word: &str, value: impl std::fmt::Display) -> String {
    word.replacen("{}", &value.to_string(), 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_takes_one_value() {
        assert_eq!(fill(Language::EsCl.words().copy, 2), "COPIA 2");
        assert_eq!(fill(Language::of(Currency::Eur).words().tax, 24), "VAT 24 %");
    }
}
