//! Amounts as paper shows them. Integers only; nothing here adds or rounds.

use shared::money::Currency;
use shared::sale::Quantity;
use shared::tax::RateBp;

use super::words::Language;

/// `12.990`, `-449`, `12.990,50`: for columns under one heading, without the currency.
pub fn amount(minor: i64, currency: Currency, language: Language) -> String {
    let (thousands, point) = separators(language);
    let unit = 10_u64.pow(u32::from(currency.exponent()));
    let (whole, cents) = (minor.unsigned_abs() / unit, minor.unsigned_abs() % unit);
    let sign = if minor < 0 { "-" } else { "" };
    let whole = grouped(whole, thousands);
    // Colombia counts in cents on paper laws only: nobody pays or prints them.
    let hides_cents = unit == 1 || (currency == Currency::Cop && cents == 0);
    if hides_cents { format!("{sign}{whole}") } else { format!("{sign}{whole}{point}{cents:02}") }
}

/// `$ 12.990`, `-$ 449`: where an amount stands alone.
pub fn amount_with_sign(minor: i64, currency: Currency, language: Language) -> String {
    let number = amount(minor, currency, language);
    let (minus, number) = number.strip_prefix('-').map_or(("", number.as_str()), |rest| ("-", rest));
    let gap = if language == Language::En && sign(currency) == "$" { "" } else { " " };
    format!("{minus}{}{gap}{number}", sign(currency))
}

/// `88.214`: a long number in groups people can read out.
pub fn count(number: u64, language: Language) -> String {
    grouped(number, separators(language).0)
}

/// `2`, `0,75`: no trailing zeros.
pub fn quantity(quantity: Quantity, language: Language) -> String {
    let milli = quantity.milli();
    let sign = if milli < 0 { "-" } else { "" };
    let (whole, rest) = (milli.unsigned_abs() / 1000, milli.unsigned_abs() % 1000);
    let whole = grouped(whole, separators(language).0);
    if rest == 0 {
        return format!("{sign}{whole}");
    }
    let rest = format!("{rest:03}");
    format!("{sign}{whole}{}{}", separators(language).1, rest.trim_end_matches('0'))
}

/// `19`, `10,5`: a rate in per cent, without the sign.
pub fn percent(rate: RateBp, language: Language) -> String {
    let (whole, rest) = (rate.0 / 100, rate.0 % 100);
    if rest == 0 {
        return whole.to_string();
    }
    let rest = format!("{rest:02}");
    format!("{whole}{}{}", separators(language).1, rest.trim_end_matches('0'))
}

/// Between thousands, and before the cents.
const fn separators(language: Language) -> (char, char) {
    match language {
        Language::EsCl => ('.', ','),
        Language::En => (',', '.'),
    }
}

fn grouped(number: u64, separator: char) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(separator);
        }
        text.push(digit);
    }
    text
}

/// How paper names a currency: printers have no sign for some.
const fn sign(currency: Currency) -> &'static str {
    match currency {
        Currency::Clp | Currency::Cop => "$",
        Currency::Czk => "CZK",
        Currency::Eur => "€",
        Currency::Ils => "ILS",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_read_as_they_are_said() {
        use Currency::{Clp, Cop, Eur, Ils};
        use Language::{En, EsCl};
        for (minor, currency, language, bare, signed) in [
            (24_501, Clp, EsCl, "24.501", "$ 24.501"),
            (-449, Clp, EsCl, "-449", "-$ 449"),
            (0, Clp, EsCl, "0", "$ 0"),
            (999, Clp, EsCl, "999", "$ 999"),
            (1_000_000, Clp, EsCl, "1.000.000", "$ 1.000.000"),
            (12_990, Clp, En, "12,990", "$12,990"),
            (1_250_000, Cop, EsCl, "12.500", "$ 12.500"),
            (1_250_050, Cop, EsCl, "12.500,50", "$ 12.500,50"),
            (1_990, Eur, En, "19.90", "€ 19.90"),
            (5, Ils, En, "0.05", "ILS 0.05"),
            (i64::MIN, Clp, EsCl, "-9.223.372.036.854.775.808", "-$ 9.223.372.036.854.775.808"),
        ] {
            assert_eq!(amount(minor, currency, language), bare);
            assert_eq!(amount_with_sign(minor, currency, language), signed);
        }
    }

    #[test]
    fn quantities_and_rates_have_no_trailing_zeros() {
        assert_eq!(quantity(Quantity::from_milli(2_000), Language::EsCl), "2");
        assert_eq!(quantity(Quantity::from_milli(750), Language::EsCl), "0,75");
        assert_eq!(percent(RateBp(1900), Language::EsCl), "19");
        assert_eq!(percent(RateBp(1050), Language::En), "10.5");
    }
}
