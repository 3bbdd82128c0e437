//! Wake-on-LAN: magic packets, sent by UDP to the broadcast address of a server's network.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The port that magic packets are usually sent to.
const PORT: u16 = 9;
/// UDP promises nothing: each packet is sent so many times.
const TIMES: usize = 3;

/// The hardware address of a network card, such as `00:1a:2b:3c:4d:5e`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Mac([u8; 6]);

/// Where magic packets go: an address, with a port if it is not 9.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Broadcast(SocketAddr);

/// Text that is no address of its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Not a hardware address.
    #[error("`{}` is not the address of a network card; one is written `00:1a:2b:3c:4d:5e`", .0.escape_debug())]
    Mac(String),
    /// Not an address of a network.
    #[error("`{}` is not an IP address; one is written `192.168.7.255`, or `192.168.7.255:9` with a port", .0.escape_debug())]
    Broadcast(String),
}

impl Mac {
    /// What a card that sleeps waits for: six times 255, then sixteen times its address.
    fn packet(self) -> [u8; 102] {
        let mut packet = [0xFF; 102];
        for place in packet[6..].chunks_exact_mut(6) {
            place.copy_from_slice(&self.0);
        }
        packet
    }

    /// Sends the packet. Whether somebody wakes up nobody says.
    pub fn wake(self, broadcast: Broadcast) -> io::Result<()> {
        let any: IpAddr = match broadcast.0 {
            SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::UNSPECIFIED.into(),
        };
        let socket = UdpSocket::bind((any, 0))?;
        if broadcast.0.is_ipv4() {
            socket.set_broadcast(true)?;
        }
        for _ in 0..TIMES {
            socket.send_to(&self.packet(), broadcast.0)?;
        }
        Ok(())
    }
}

impl Default for Broadcast {
    /// The network that this machine is in.
    fn default() -> Self {
        Self((Ipv4Addr::BROADCAST, PORT).into())
    }
}

impl FromStr for Mac {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let wrong = || AddressError::Mac(text.to_owned());
        let separator = if text.contains('-') { '-' } else { ':' };
        let mut bytes = [0; 6];
        let mut parts = text.trim().split(separator);
        for byte in &mut bytes {
            let part =
                parts.next().filter(|part| part.len() == 2 && part.bytes().all(|b| b.is_ascii_hexdigit()));
            *byte = u8::from_str_radix(part.ok_or_else(wrong)?, 16).map_err(|_| wrong())?;
        }
        if parts.next().is_some() { Err(wrong()) } else { Ok(Self(bytes)) }
    }
}

impl FromStr for Broadcast {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let trimmed = text.trim();
        let with_port = trimmed.parse::<SocketAddr>().ok();
        let address =
            with_port.or_else(|| trimmed.parse::<IpAddr>().ok().map(|address| (address, PORT).into()));
        let usable = address.filter(|address| address.port() != 0);
        usable.map(Self).ok_or_else(|| AddressError::Broadcast(text.to_owned()))
    }
}

impl TryFrom<String> for Mac {
    type Error = AddressError;

    fn try_from(text: String) -> Result<Self, AddressError> {
        text.parse()
    }
}

impl TryFrom<String> for Broadcast {
    type Error = AddressError;

    fn try_from(text: String) -> Result<Self, AddressError> {
        text.parse()
    }
}

impl From<Mac> for String {
    fn from(mac: Mac) -> Self {
        mac.to_string()
    }
}

impl From<Broadcast> for String {
    fn from(broadcast: Broadcast) -> Self {
        broadcast.to_string()
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = self.0.map(|byte| format!("{byte:02x}"));
        f.write_str(&parts.join(":"))
    }
}

impl fmt::Display for Broadcast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.port() {
            PORT => self.0.ip().fmt(f),
            _ => self.0.fmt(f),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        for text in ["00:1a:2b:3c:4d:5e", "00-1A-2B-3C-4D-5E"] {
            assert_eq!(text.parse::<Mac>().unwrap().to_string(), "00:1a:2b:3c:4d:5e");
        }
        for text in
            ["", "00:1a:2b:3c:4d", "00:1a:2b:3c:4d:5e:6f", "00:1a:2b:3c:4d:5g", "001a2b3c4d5e", "0:1:2:3:4:5"]
        {
            assert_eq!(text.parse::<Mac>(), Err(AddressError::Mac(text.to_owned())));
        }
        for (text, shown) in [
            ("192.168.7.255", "192.168.7.255"),
            ("192.168.7.255:9", "192.168.7.255"),
            ("10.0.0.255:7", "10.0.0.255:7"),
            ("[ff02::1]:9", "ff02::1"),
        ] {
            assert_eq!(text.parse::<Broadcast>().unwrap().to_string(), shown);
        }
        for text in ["", "lan", "192.168.7", "192.168.7.255:0", "192.168.7.255:70000"] {
            assert_eq!(text.parse::<Broadcast>(), Err(AddressError::Broadcast(text.to_owned())));
        }
        assert_eq!(Broadcast::default().to_string(), "255.255.255.255");
    }

    #[test]
    fn a_real_packet_arrives() {
        let listener = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let to: Broadcast = listener.local_addr().unwrap().to_string().parse().unwrap();
        "00:1a:2b:3c:4d:5e".parse::<Mac>().unwrap().wake(to).unwrap();
        let mut packet = [0; 200];
        let (length, _) = listener.recv_from(&mut packet).unwrap();
        assert_eq!(packet[..6], [0xFF; 6]);
        assert_eq!(packet[6..length], [0x00, 0x1A, 0x2B, 0x3C, 0x4D, 0x5E].repeat(16));
    }
}
