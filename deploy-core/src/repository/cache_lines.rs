//! Cache files of lines. Each line begins with its checksum, so that one that
//! was cut off or damaged is as if it were not there.

/// A line as it stands in the file.
pub(super) fn line(text: &str) -> String {
    format!("{:08x} {text}\n", crc32fast::hash(text.as_bytes()))
}

/// The lines that are as they were written.
pub(super) fn read(bytes: &[u8]) -> impl Iterator<Item = &str> {
    bytes.split(|&byte| byte == b'\n').filter_map(|line| {
        let (checksum, text) = std::str::from_utf8(line).ok()?.split_once(' ')?;
        let checksum = u32::from_str_radix(checksum, 16).ok()?;
        (checksum == crc32fast::hash(text.as_bytes())).then_some(text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sound_lines_are_read() {
        let file = [line("one"), line("two words"), line("three")].concat();
        assert_eq!(read(file.as_bytes()).collect::<Vec<_>>(), ["one", "two words", "three"]);
        let cut = &file.as_bytes()[..file.len() - 2];
        assert_eq!(read(cut).collect::<Vec<_>>(), ["one", "two words"]);
        let damaged = file.replace("two", "ten");
        assert_eq!(read(damaged.as_bytes()).collect::<Vec<_>>(), ["one", "three"]);
        assert_eq!(read(b"\xFF\n\0garbage").count(), 0);
    }
}
