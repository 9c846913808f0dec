//! Text for a printer: only characters its code page has, one byte each, and nothing that could be a command.

use unicode_normalization::UnicodeNormalization as _;

/// A printer's upper half, 80 to FF.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodePage {
    /// PC858: Western Europe with €, page 19 on Epson and most clones.
    Pc858,
    /// Windows-1252, page 16 on Epson.
    Wpc1252,
}

/// Source: the printer's code page table, 80 to FF in order; `\u{0}` where it has nothing to print.
const PC858: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐└┴┬├─┼ãÃ╚╔╩╦╠═╬¤\
    ðÐÊËÈ€ÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\0±‗¾¶§÷¸°¨·¹³²■\0";
const WPC1252: &str = "€\0‚ƒ„…†‡ˆ‰Š‹Œ\0Ž\0\0‘’“”•–—˜™š›œ\0žŸ\0¡¢£¤¥¦§¨©ª«¬\0®¯°±²³´µ¶·¸¹º»¼½¾¿\
    ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖ×ØÙÚÛÜÝÞßàáâãäåæçèéêëìíîïðñòóôõö÷øùúûüýþÿ";

impl CodePage {
    /// As `till.toml` names it.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "pc858" => Some(Self::Pc858),
            "wpc1252" => Some(Self::Wpc1252),
            _ => None,
        }
    }

    /// The number `ESC t` takes.
    pub const fn number(self) -> u8 {
        match self {
            Self::Pc858 => 19,
            Self::Wpc1252 => 16,
        }
    }

    /// The page of a number, for reading a printer's bytes.
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            19 => Some(Self::Pc858),
            16 => Some(Self::Wpc1252),
            _ => None,
        }
    }

    /// The byte of a character; `None` when the page lacks it.
    pub fn byte(self, sign: char) -> Option<u8> {
        match sign {
            ' '..='~' => u8::try_from(sign).ok(),
            '\0' => None,
            _ => {
                let place = self.upper_half().chars().position(|held| held == sign)?;
                u8::try_from(place + 0x80).ok()
            }
        }
    }

    /// The character of a byte; `None` for controls and holes.
    pub fn sign(self, byte: u8) -> Option<char> {
        match byte {
            0x20..=0x7E => Some(char::from(byte)),
            0x80.. => self.upper_half().chars().nth(usize::from(byte - 0x80)).filter(|sign| *sign != '\0'),
            _ => None,
        }
    }

    const fn upper_half(self) -> &'static str {
        match self {
            Self::Pc858 => PC858,
            Self::Wpc1252 => WPC1252,
        }
    }

    /// Any text, made printable: composed, rid of controls and invisible signs, and written with what the page has.
    /// Every character of the answer is one byte on paper, so its count is its width.
    pub fn clean(self, text: &str) -> String {
        let mut clean = String::with_capacity(text.len());
        for sign in text.nfc().filter(|sign| !is_invisible(*sign)) {
            let sign = if sign.is_whitespace() { ' ' } else { sign };
            if self.byte(sign).is_some() {
                clean.push(sign);
            } else {
                self.transliterate(sign, &mut clean);
            }
        }
        clean
    }

    /// Cleaned text as bytes. A sign that cannot be printed becomes `?`, so no byte is ever a command.
    pub fn bytes(self, text: &str) -> Vec<u8> {
        text.chars().map(|sign| self.byte(sign).unwrap_or(b'?')).collect()
    }

    fn transliterate(self, sign: char, clean: &mut String) {
        let plain = match sign {
            '‘' | '’' | '‚' | '′' => "'",
            '“' | '”' | '„' | '″' => "\"",
            '‐'..='―' | '−' => "-",
            '…' => "...",
            '•' | '‣' | '●' => "*",
            '™' => "TM",
            '₪' => "ILS",
            'Œ' => "OE",
            'œ' => "oe",
            'ł' => "l",
            'Ł' => "L",
            'đ' => "d",
            'Đ' => "D",
            'ı' => "i",
            _ => "",
        };
        if !plain.is_empty() {
            clean.push_str(plain);
            return;
        }
        // A letter with a mark the page lacks keeps its letter: Dvořák reads Dvorák.
        let mut letters = std::iter::once(sign).nfkd().filter(|part| self.byte(*part).is_some()).peekable();
        if letters.peek().is_some() {
            clean.extend(letters);
        } else if !unicode_normalization::char::is_combining_mark(sign) {
            clean.push('?');
        }
    }
}

/// Leaves no trace on paper, or would leave a trace of its own: controls, text direction, zero width, variation.
fn is_invisible(sign: char) -> bool {
    // White space keeps words apart, whatever it was.
    (sign.is_control() && !sign.is_whitespace())
        || matches!(sign,
            '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}'
            | '\u{E0000}'..='\u{E01EF}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spanish_has_the_bytes_of_the_table() {
        let signs = "áéíóúüñÁÉÍÓÚÜÑ¿¡€ªº";
        assert_eq!(
            CodePage::Pc858.bytes(signs),
            [
                0xA0, 0x82, 0xA1, 0xA2, 0xA3, 0x81, 0xA4, 0xB5, 0x90, 0xD6, 0xE0, 0xE9, 0x9A, 0xA5, 0xA8, 0xAD, 0xD5,
                0xA6, 0xA7
            ]
        );
        assert_eq!(
            CodePage::Wpc1252.bytes(signs),
            [
                0xE1, 0xE9, 0xED, 0xF3, 0xFA, 0xFC, 0xF1, 0xC1, 0xC9, 0xCD, 0xD3, 0xDA, 0xDC, 0xD1, 0xBF, 0xA1, 0x80,
                0xAA, 0xBA
            ]
        );
    }

    #[test]
    fn every_page_fills_its_upper_half() {
        for page in [CodePage::Pc858, CodePage::Wpc1252] {
            assert_eq!(page.upper_half().chars().count(), 128);
            for byte in 0x20..=0xFF_u8 {
                assert!(page.sign(byte).is_none_or(|sign| page.byte(sign) == Some(byte)), "{page:?} {byte:02x}");
            }
        }
    }

    #[test]
    fn what_the_page_lacks_is_written_plainly() {
        let clean = |text| CodePage::Pc858.clean(text);
        assert_eq!(clean("n\u{303}an\u{303}a"), "ñaña", "composed first");
        assert_eq!(clean("“Dvořák” – 10…"), "\"Dvorák\" - 10...");
        assert_eq!(clean("$\u{202F}12.990"), "$ 12.990", "narrow spaces are spaces");
        assert_eq!(clean("\u{202E}drawkcab\u{2066}\u{200B}"), "drawkcab");
        assert_eq!(clean("\u{1B}p\u{0}\u{19}A\u{7F}\u{9B}B"), "pAB", "no command survives");
        assert_eq!(clean("Piscola\n\tAlto"), "Piscola  Alto");
        assert_eq!(clean("🍹 שלום"), "? ????");
    }

    proptest! {
        /// Whatever a product is called, no byte of it is a command, and its width is its count.
        #[test]
        fn text_is_never_a_command(text in "\\PC*|.*|[\\x00-\\x9F]*") {
            for page in [CodePage::Pc858, CodePage::Wpc1252] {
                let clean = page.clean(&text);
                let bytes = page.bytes(&clean);
                prop_assert!(bytes.iter().all(|byte| matches!(byte, 0x20..=0x7E | 0x80..)));
                prop_assert_eq!(bytes.len(), clean.chars().count());
                prop_assert_eq!(page.clean(&clean), clean, "cleaning twice changes nothing");
            }
        }
    }
}
