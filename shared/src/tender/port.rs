//! The port of a card terminal, as a person knows it. What a ledger holds is the whole of it, because it tells terminals apart.

/// The last part of a path, the number of a USB device, the name of a host.
pub fn port_in_words(port: &str) -> String {
    if let Some(usb) = port.strip_prefix("usb:") {
        return format!("USB {usb}");
    }
    if let Some(host) = port.strip_prefix("tcp://") {
        // Without its number, which is the protocol's; a host of numbers and colons keeps its brackets.
        let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
        return host.to_owned();
    }
    port.rsplit(['/', '\\']).next().unwrap_or(port).to_owned()
}

#[cfg(test)]
mod tests {
    use super::port_in_words;

    #[test]
    fn nobody_reads_a_whole_path() {
        for (port, words) in [
            ("/dev/ttyACM0", "ttyACM0"),
            ("/dev/serial/by-id/usb-PAX_IM30-if00", "usb-PAX_IM30-if00"),
            ("usb:2FB8:225E", "USB 2FB8:225E"),
            ("tcp://192.168.1.20:20007", "192.168.1.20"),
            ("tcp://[::1]:20007", "[::1]"),
            ("COM3", "COM3"),
            ("\\\\.\\COM12", "COM12"),
            ("manual", "manual"),
            ("", ""),
        ] {
            assert_eq!(port_in_words(port), words, "{port}");
        }
    }
}
