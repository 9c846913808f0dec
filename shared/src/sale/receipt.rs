//! A receipt's number as its bars say it: letters and digits only, which every scanner types right on every keyboard.

/// Names one receipt of the tenant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ReceiptCode {
    /// The register's three letters.
    pub register_code: String,
    /// Consecutive there.
    pub receipt_no: u64,
}

/// Text that is no receipt's code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a receipt's code reads like RBMB88214")]
pub struct NoReceiptCode;

/// Before the register's letters, so that nothing else of ours looks like it.
const PREFIX: char = 'R';
/// So that short numbers make bars no scanner takes for noise.
const DIGITS: usize = 6;

impl std::fmt::Display for ReceiptCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{PREFIX}{}{:0DIGITS$}", self.register_code, self.receipt_no)
    }
}

impl std::str::FromStr for ReceiptCode {
    type Err = NoReceiptCode;

    /// Case does not matter.
    fn from_str(text: &str) -> Result<Self, NoReceiptCode> {
        let text = text.to_ascii_uppercase();
        let rest = text.strip_prefix(PREFIX).filter(|rest| rest.is_ascii()).ok_or(NoReceiptCode)?;
        let (register_code, number) = rest.split_at_checked(3).ok_or(NoReceiptCode)?;
        let is_code = register_code.bytes().all(|byte| byte.is_ascii_uppercase())
            && number.len() >= DIGITS
            && number.bytes().all(|byte| byte.is_ascii_digit());
        if !is_code {
            return Err(NoReceiptCode);
        }
        let receipt_no = number.parse().map_err(|_| NoReceiptCode)?;
        Ok(Self { register_code: register_code.to_owned(), receipt_no })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ticket::DisplayCode;

    #[test]
    fn a_receipts_code_comes_back_and_is_no_tickets() {
        for receipt_no in [1, 88_214, 12_345_678] {
            let code = ReceiptCode { register_code: "BMB".into(), receipt_no };
            assert_eq!(code.to_string().to_lowercase().parse(), Ok(code.clone()));
            assert!(code.to_string().parse::<DisplayCode>().is_err());
        }
        for text in ["", "R", "RBMB", "RBMB12", "RBM1000001", "XBMB000001", "RBMB00000x", "RÑMB000001"] {
            assert_eq!(text.parse::<ReceiptCode>(), Err(NoReceiptCode), "{text}");
        }
    }
}
