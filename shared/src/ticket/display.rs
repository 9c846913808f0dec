//! The code a person can read out or type: `BMB 11725-K`.

use super::TicketId;

/// Letters that are not taken for digits; 23 of them, a prime, so that swapped or wrong signs show.
const CHECK_LETTERS: &[u8; 23] = b"ABCDEFGHJKLMNPQRSTUVWXY";

/// Register code, five digits of the serial, check letter.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DisplayCode {
    /// The register's three letters.
    pub register_code: String,
    /// The last five digits of the ticket's serial.
    pub number: u32,
}

/// Why typed text is no display code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DisplayCodeError {
    /// Not three letters, five digits and a letter.
    #[error("a ticket code reads like BMB 11725-K")]
    Shape,
    /// A sign was mistyped.
    #[error("the last letter does not match: one of the signs is wrong")]
    CheckLetter,
}

impl DisplayCode {
    /// The code of a ticket sold at a register.
    pub fn new(register_code: &str, ticket_id: TicketId) -> Self {
        Self { register_code: register_code.to_owned(), number: ticket_id.serial % 100_000 }
    }

    fn check_letter(&self) -> char {
        let digits = format!("{:05}", self.number);
        let sum: u32 =
            self.register_code.bytes().chain(digits.bytes()).zip(2_u32..).map(|(b, w)| u32::from(b) * w).sum();
        char::from(CHECK_LETTERS[(sum % 23) as usize])
    }
}

impl std::fmt::Display for DisplayCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {:05}-{}", self.register_code, self.number, self.check_letter())
    }
}

impl std::str::FromStr for DisplayCode {
    type Err = DisplayCodeError;

    /// Spaces, hyphens and case do not matter.
    fn from_str(text: &str) -> Result<Self, DisplayCodeError> {
        let signs: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).map(|c| c.to_ascii_uppercase()).collect();
        if signs.len() != 9 || !signs.is_ascii() {
            return Err(DisplayCodeError::Shape);
        }
        let (register_code, number, check) = (&signs[..3], &signs[3..8], &signs[8..]);
        let is_code =
            register_code.bytes().all(|b| b.is_ascii_uppercase()) && number.bytes().all(|b| b.is_ascii_digit());
        if !is_code {
            return Err(DisplayCodeError::Shape);
        }
        let number = number.parse().map_err(|_| DisplayCodeError::Shape)?;
        let code = Self { register_code: register_code.to_owned(), number };
        if check.starts_with(code.check_letter()) { Ok(code) } else { Err(DisplayCodeError::CheckLetter) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typed_code_forgives_spacing_and_case_but_not_signs() {
        let code = DisplayCode { register_code: "BMB".into(), number: 11_725 };
        let text = code.to_string();
        assert_eq!(text.to_lowercase().replace([' ', '-'], "").parse(), Ok(code));
        assert_eq!(text.replacen("117", "171", 1).parse::<DisplayCode>(), Err(DisplayCodeError::CheckLetter));
        assert_eq!("BMB".parse::<DisplayCode>(), Err(DisplayCodeError::Shape));
    }
}
