//! Values of encrypted properties: closed, so that a secret never leaves the
//! system as it is. It keeps honest people from reading it, no more: a sandbox
//! has no secrets worth more.

const MARK: &str = "sealed:";
const KEY: &[u8] = b"a sandbox has no secrets";

/// The closed form of a value. What is closed already stays.
pub(crate) fn close(value: &str) -> String {
    if value.starts_with(MARK) {
        return value.to_owned();
    }
    let closed = mixed(value.bytes()).map(|byte| format!("{byte:02x}"));
    format!("{MARK}{}", closed.collect::<String>())
}

/// The value in a closed form; anything else as it is.
pub(crate) fn open(closed: &str) -> String {
    let Some(digits) = closed.strip_prefix(MARK) else { return closed.to_owned() };
    let pairs =
        (0..digits.len() / 2).filter_map(|at| u8::from_str_radix(digits.get(2 * at..2 * at + 2)?, 16).ok());
    String::from_utf8_lossy(&mixed(pairs).collect::<Vec<u8>>()).into_owned()
}

fn mixed(bytes: impl Iterator<Item = u8>) -> impl Iterator<Item = u8> {
    bytes.zip(KEY.iter().cycle()).map(|(byte, key)| byte ^ key)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_closed_does_not_show_and_opens_again() {
        let closed = close("Grüße");
        assert!(!closed.contains("Gr"));
        assert_eq!(close(&closed), closed);
        assert_eq!(open(&closed), "Grüße");
        assert_eq!(open("plain"), "plain");
    }
}
