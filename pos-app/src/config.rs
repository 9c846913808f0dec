//! `till.toml`: what stands beside the till. All of it is optional; what is not named is not there, and selling goes on.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use shared::tender::port_in_words;

use crate::scanner::measured::Pattern;

/// The whole file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The receipt printer.
    pub printer: Option<PrinterConfig>,
    /// The card terminal.
    pub terminal: Option<TerminalConfig>,
    /// A serial scanner. One that types like a keyboard needs no mention.
    pub scanner: Option<ScannerConfig>,
    /// Codes made inside the shop.
    pub codes: CodesConfig,
    /// When to talk to the server.
    pub sync: SyncConfig,
    /// What watches over the ledger.
    pub ledger: LedgerConfig,
}

/// `[printer]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrinterConfig {
    /// `tcp://host:9100`, `serial:///dev/ttyUSB0?baud=19200`, `usb:///dev/usb/lp0`, `file:///dev/usb/lp0` for one that
    /// answers nothing, or `cups://queue`.
    pub address: String,
    /// Characters on a line: 32, 42 or 48.
    #[serde(default = "columns")]
    pub columns: u8,
    /// `pc858` or `wpc1252`.
    #[serde(default = "code_page")]
    pub code_page: String,
    /// A simulator; said so on screen.
    #[serde(default)]
    pub simulated: bool,
    /// A drawer hangs on it. When absent one does, except on a spare: that may be another till's, whose drawer must not
    /// spring open.
    #[serde(default)]
    pub drawer: Option<bool>,
    /// What the drawer's sensor says while it is open, `high` or `low`; drawers differ. Absent, nothing is said of it.
    #[serde(default)]
    pub sensor_open_level: Option<SensorLevel>,
    /// A PNG for the head of receipts, beside `till.toml`. A spare has its own, or the printer's.
    #[serde(default)]
    pub logo: Option<PathBuf>,
    /// `[printer.spare]`: takes the queue when a person says so.
    #[serde(default)]
    pub spare: Option<Box<PrinterConfig>>,
}

/// What a line carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SensorLevel {
    /// Some volts.
    High,
    /// None.
    Low,
}

impl PrinterConfig {
    /// A printer as `till.toml` has it when nothing but its place is said.
    pub fn at(address: impl Into<String>) -> Self {
        Self {
            address: address.into(),
            columns: columns(),
            code_page: code_page(),
            simulated: false,
            drawer: None,
            sensor_open_level: None,
            logo: None,
            spare: None,
        }
    }

    /// Names its picture in full.
    fn place_logo(&mut self, dir: &Path) {
        self.logo = self.logo.take().map(|logo| dir.join(logo));
        if let Some(spare) = &mut self.spare {
            spare.logo = spare.logo.take().map(|logo| dir.join(logo)).or_else(|| self.logo.clone());
        }
    }

    fn check(&self) -> Result<(), (&'static str, &'static str)> {
        let schemes = ["tcp://", "serial://", "usb://", "file://", "cups://"];
        if !schemes.iter().any(|scheme| self.address.starts_with(scheme)) {
            return Err(("address", "begins with tcp://, serial://, usb://, file:// or cups://"));
        }
        if !matches!(self.columns, 32 | 42 | 48) {
            return Err(("columns", "is 32, 42 or 48"));
        }
        if !matches!(self.code_page.as_str(), "pc858" | "wpc1252") {
            return Err(("code_page", "is pc858 or wpc1252"));
        }
        match &self.spare {
            Some(spare) if spare.spare.is_some() => Err(("[printer.spare", "has no spare of its own")),
            Some(spare) => spare.check(),
            None => Ok(()),
        }
    }
}

/// `[terminal]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TerminalConfig {
    /// `transbank`, `zvt`, `getnet`, or `manual`: a terminal without a cable.
    pub protocol: String,
    /// `/dev/ttyUSB1`, `usb:2FB8:225E` or `usb:2FB8:225E:SERIAL`, for ZVT also `tcp://192.168.1.20:20007`; none for
    /// `manual`.
    #[serde(default)]
    pub port: String,
    /// What people call it; by its protocol and its port when absent.
    #[serde(default)]
    pub name: Option<String>,
    /// Bits per second; what terminals of the protocol come with when absent.
    pub baud: Option<u32>,
    /// ZVT: the till's password at the terminal, six digits.
    #[serde(default)]
    pub password: u32,
    /// ZVT: the currency's number in ISO 4217, `978` for the euro.
    #[serde(default = "euro")]
    pub currency: u16,
    /// Transbank: whose money it is, on a terminal of several merchants.
    pub commerce: Option<String>,
    /// A simulator; said so on screen.
    #[serde(default)]
    pub simulated: bool,
}

impl TerminalConfig {
    /// Nothing to talk to: a person types what its paper says.
    pub fn is_manual(&self) -> bool {
        self.protocol == "manual"
    }

    /// What people call it: `Transbank · ttyACM0`.
    pub fn in_words(&self) -> String {
        if let Some(name) = &self.name {
            return name.clone();
        }
        let protocol = match self.protocol.as_str() {
            "transbank" => "Transbank",
            "getnet" => "Getnet",
            "zvt" => "ZVT",
            other => return other.to_owned(),
        };
        format!("{protocol} · {}", port_in_words(&self.port))
    }

    /// Bits per second.
    pub fn baud(&self) -> u32 {
        self.baud.unwrap_or(if self.protocol == "zvt" { 9_600 } else { 115_200 })
    }

    fn check(&self) -> Result<(), (&'static str, &'static str)> {
        if !matches!(self.protocol.as_str(), "transbank" | "zvt" | "getnet" | "manual") {
            return Err(("protocol", "is transbank, zvt, getnet or manual"));
        }
        if self.port.is_empty() != self.is_manual() {
            return Err(("port", "is needed, and only a manual terminal has none"));
        }
        if self.port.starts_with("tcp://") && self.protocol != "zvt" {
            return Err(("port", "is a serial port: only zvt knows tcp://"));
        }
        let is_name = |name: &String| (1..=40).contains(&name.chars().count()) && !name.chars().any(char::is_control);
        if !self.name.as_ref().is_none_or(is_name) {
            return Err(("name", "has 1 to 40 characters on one line"));
        }
        if self.password > 999_999 {
            return Err(("password", "has at most six digits"));
        }
        if !(1..=999).contains(&self.currency) {
            return Err(("currency", "is a number of ISO 4217, such as 978"));
        }
        let is_commerce = |code: &String| code.len() == 12 && code.bytes().all(|byte| byte.is_ascii_digit());
        if !self.commerce.as_ref().is_none_or(is_commerce) {
            return Err(("commerce", "has twelve digits"));
        }
        Ok(())
    }
}

/// `[scanner]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScannerConfig {
    /// `/dev/ttyACM0`.
    pub port: String,
    /// Bits per second.
    #[serde(default = "scanner_baud")]
    pub baud: u32,
}

/// `[codes]`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodesConfig {
    /// How labels of the shop's scales are laid out: `["21IIIIIWWWWWC", "23IIIIIPPPPPC"]`. None when absent: then such a
    /// code is a product's or nobody's.
    #[serde(default)]
    pub measured: Vec<String>,
}

impl CodesConfig {
    /// The layouts; checked when the file was read.
    pub fn patterns(&self) -> Vec<Pattern> {
        self.measured.iter().filter_map(|text| text.parse().ok()).collect()
    }
}

/// `[sync]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SyncConfig {
    /// How often to look for news when nothing happens, milliseconds.
    #[serde(default = "interval_ms")]
    pub interval_ms: u64,
}

/// `[ledger]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerConfig {
    /// A directory outside the till's data for its witness, a small file that tells a restored database from a new one.
    /// Where the platform keeps such things when absent.
    #[serde(default)]
    pub witness: Option<PathBuf>,
    /// Room kept free for the open sale when the disk is full, megabytes; 0 for none.
    #[serde(default = "ballast_mb")]
    pub ballast_mb: u32,
}

impl Default for LedgerConfig {
    fn default() -> Self {
        Self { witness: None, ballast_mb: ballast_mb() }
    }
}

fn ballast_mb() -> u32 {
    64
}

impl Default for SyncConfig {
    fn default() -> Self {
        Self { interval_ms: interval_ms() }
    }
}

const fn columns() -> u8 {
    48
}

fn code_page() -> String {
    "pc858".to_owned()
}

const fn euro() -> u16 {
    978
}

const fn scanner_baud() -> u32 {
    9_600
}

const fn interval_ms() -> u64 {
    15_000
}

/// A `till.toml` that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("till.toml, line {line}: {reason}")]
pub struct ConfigError {
    /// Where, from 1; 0 when the file itself could not be read.
    pub line: usize,
    /// Why.
    pub reason: String,
}

impl Config {
    /// Reads `till.toml` in a data directory; a missing file is an empty one.
    pub fn load(dir: &Path) -> Result<Self, ConfigError> {
        match std::fs::read_to_string(dir.join("till.toml")) {
            Ok(text) => {
                let mut config = Self::parse(&text)?;
                if let Some(printer) = &mut config.printer {
                    printer.place_logo(dir);
                }
                Ok(config)
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(ConfigError { line: 0, reason: error.to_string() }),
        }
    }

    /// Reads and checks the text.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let config: Self = toml::from_str(text).map_err(|error| {
            let before = error.span().map_or(0, |span| span.start.min(text.len()));
            let line = text.get(..before).map_or(0, |before| before.matches('\n').count()) + 1;
            ConfigError { line, reason: error.message().to_owned() }
        })?;
        config.check().map_err(|(key, reason)| {
            let line = text.lines().position(|line| line.trim_start().starts_with(key)).map_or(0, |line| line + 1);
            ConfigError { line, reason: format!("{key}: {reason}") }
        })?;
        Ok(config)
    }

    fn check(&self) -> Result<(), (&'static str, &'static str)> {
        if let Some(printer) = &self.printer {
            printer.check()?;
        }
        if let Some(terminal) = &self.terminal {
            terminal.check()?;
        }
        if self.codes.measured.iter().any(|text| text.parse::<Pattern>().is_err()) {
            return Err(("measured", "has patterns such as 21IIIIIWWWWWC or 23IIIIIPPPPPC"));
        }
        if self.ledger.ballast_mb > 4_096 {
            return Err(("ballast_mb", "is at most 4096"));
        }
        if !(200..=3_600_000).contains(&self.sync.interval_ms) {
            return Err(("interval_ms", "is between 200 and 3600000"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_at_all_is_a_till_without_devices() {
        assert_eq!(Config::parse(""), Ok(Config::default()));
    }

    #[test]
    fn a_terminal_is_called_by_its_name_or_by_what_it_is() {
        let called = |more: &str| {
            let text = format!("[terminal]\nport = \"/dev/ttyACM0\"\n{more}");
            let config = Config::parse(&text).expect("it reads").terminal.expect("a terminal");
            config.in_words()
        };
        assert_eq!(called("protocol = \"getnet\""), "Getnet · ttyACM0");
        assert_eq!(called("protocol = \"zvt\"\nname = \"Barra chica\""), "Barra chica");
        let unnamed = Config::parse("[terminal]\nprotocol = \"getnet\"\nport = \"/dev/ttyACM0\"\nname = \"\"");
        assert!(unnamed.is_err(), "no name is no name");
    }

    #[test]
    fn a_terminal_speaks_what_we_speak() {
        let parse = |text: &str| Config::parse(&format!("[terminal]\n{text}")).map(|config| config.terminal);
        let zvt = parse("protocol = \"zvt\"\nport = \"tcp://192.168.1.20:20007\"\npassword = 123456");
        let zvt = zvt.ok().flatten().expect("a terminal");
        assert_eq!((zvt.baud(), zvt.currency, zvt.password), (9_600, 978, 123_456));
        assert!(parse("protocol = \"manual\"").is_ok_and(|terminal| terminal.is_some_and(|t| t.is_manual())));
        let commerce = "protocol = \"transbank\"\nport = \"usb:11CA:0301\"\ncommerce = \"597029414301\"";
        assert!(parse(commerce).is_ok());
        for (wrong, line) in [
            ("protocol = \"concert\"\nport = \"/dev/ttyS0\"", 2),
            ("protocol = \"getnet\"\nport = \"tcp://10.0.0.2:1\"", 3),
            ("protocol = \"zvt\"\nport = \"/dev/ttyS0\"\npassword = 1234567", 4),
            ("protocol = \"transbank\"", 0),
            ("protocol = \"manual\"\nport = \"/dev/ttyS0\"", 3),
        ] {
            assert_eq!(parse(wrong).map_err(|error| error.line), Err(line), "{wrong}");
        }
    }

    #[test]
    fn a_label_is_laid_out_as_the_shop_says_or_not_at_all() {
        let codes =
            Config::parse("[codes]\nmeasured = [\"21IIIIIWWWWWC\", \"23IIIIIPPPPPC\"]\n").map(|config| config.codes);
        assert_eq!(codes.map(|codes| codes.patterns().len()), Ok(2));
        let wrong = Config::parse("[codes]\nmeasured = [\"99IIIIIWWWWWC\"]\n");
        assert_eq!(wrong.map_err(|error| error.line), Err(2));
    }

    #[test]
    fn a_typo_is_named_with_its_line() {
        let typo = Config::parse("[printer]\naddress = \"tcp://127.0.0.1:9100\"\ncolums = 48\n");
        assert_eq!(typo.map_err(|error| error.line), Err(3));
        let wrong = Config::parse("[printer]\naddress = \"tcp://127.0.0.1:9100\"\ncolumns = 40\n");
        assert_eq!(wrong.map_err(|error| error.line), Err(3));
    }

    #[test]
    fn a_printer_may_have_a_spare_and_the_spare_none() {
        let spare = "[printer.spare]\naddress = \"cups://cocina\"\ncolumns = 32\n";
        let both = Config::parse(&format!("[printer]\naddress = \"usb:///dev/usb/lp0\"\n{spare}"));
        let spare_columns =
            both.map(|config| config.printer.and_then(|printer| printer.spare).map(|spare| spare.columns));
        assert_eq!(spare_columns, Ok(Some(32)));
        let third =
            format!("[printer]\naddress = \"tcp://h:1\"\n{spare}[printer.spare.spare]\naddress = \"tcp://h:2\"\n");
        assert_eq!(Config::parse(&third).map_err(|error| error.line), Err(3));
    }
}
